cp -a /etc/alternatives /run/alternatives && mount --bind /run/alternatives /etc/alternatives
rm /etc/alternatives/ip*tables*
nft -f - <<'X'
table inet filter {
  chain input { type filter hook input priority filter; policy drop; }
  chain forward { type filter hook forward priority filter; policy drop; ct state established accept; }
}
table ip HOSTNET-M-out {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat - 1; policy accept;
    jump HOSTNET-M-out comment "hostnet:lab/dev/out"
  }
  chain HOSTNET-M-out {
    ip saddr 10.0.0.0/8 oifname "ens*" snat to ip saddr comment "stays"
    ip saddr 10.0.0.5 ip daddr 10.0.0.0/8 masquerade
    ip saddr { 10.0.0.5, 10.0.0.6 } counter masquerade
    snat to 10.0.0.9
  }
}
table ip6 HOSTNET-F-lan {
  chain FORWARD { type filter hook forward priority filter - 1; policy accept; jump HOSTNET-F-lan; }
  chain HOSTNET-F-lan {
    tcp sport 53 tcp dport { 80, 443, 8000-8010 } ct state { established, related } counter accept
    meta l4proto ipv6-icmp ct state new drop
    ip6 saddr fd00::/64 reject
    reject with tcp reset
    meta mark 5 accept
    iifname != "ens33" accept
  }
}
table ip6 HOSTNET-D-web {
  chain PREROUTING { type nat hook prerouting priority dstnat - 1; policy accept; jump HOSTNET-D-web; }
  chain HOSTNET-D-web {
    iifname "ens33" udp dport 1000-2000 dnat to [fd00::5]:53
    ip6 daddr fd00::1 dnat to fd00::6
  }
}
X
