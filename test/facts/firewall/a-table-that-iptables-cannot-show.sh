nft -f - <<'X'
table ip filter {
  set friends { type ipv4_addr; elements = { 10.0.0.1 } }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ip saddr @friends accept
    ct mark set 5
  }
}
X
