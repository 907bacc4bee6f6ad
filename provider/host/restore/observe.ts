/**
 * Functions of `sh` that print what is set on the links of `$links`, as lines that make it again, and compare such lines.
 * One process of each tool for all links, not one for each: there may be a thousand.
 */
export const observe = `# What is there, as lines for \`ip -batch\` that make it again. $links are the links that this is about.
set -f
newline='
'

is_ours() { case " $links " in *" $1 "*) ;; *) return 1 ;; esac; }

reversed() { sed -n '1!G;h;$p'; }

seconds() {
  read -r uptime _ </proc/uptime
  echo "\${uptime%.*}"
}

attributes() {
  ip -o link show | while read -r _ name flags words; do
    name=\${name%:}
    is_ours "$name" || name=\${name%@*}
    is_ours "$name" || continue
    mtu='' master=nomaster address='' promisc=off state=down
    set -- $words
    while [ $# -gt 1 ]; do
      case $1 in
      mtu) mtu="mtu $2" ;;
      master) master="master $2" ;;
      link/ether) address="address $2" ;;
      esac
      # Behind it is the alias, in which anything may stand.
      case $1 in link/*) break ;; esac
      shift
    done
    case $flags in *[\\<,]PROMISC[,\\>]*) promisc=on ;; esac
    case $flags in *[\\<,]UP[,\\>]*) state=up ;; esac
    for attribute in "$master" "$address" "$mtu" "promisc $promisc" "$state"; do
      [ -z "$attribute" ] || echo "link set dev $name $attribute"
    done
  done
}

# The beginning of the lines for the link-local addresses that the kernel gives links by itself, in its own time, from
# lines of attributes (RFC 4291, appendix A).
own() {
  while read -r _ _ _ name what mac; do
    [ "$what" = address ] || continue
    set -- $(IFS=: && echo $mac)
    first=$(((0x$1 ^ 2) << 8 | 0x$2))
    [ $first = 0 ] && first='' || first=$(printf %x: $first)
    last=$(printf %x:%x:%x $((0x$3 << 8 | 0xff)) $((0xfe00 | 0x$4)) $((0x$5 << 8 | 0x$6)))
    echo "address replace fe80::$first$last/64 dev $name "
  done
}

# In the order in which they have to be added: a new IPv6 address comes before the others.
addresses() {
  ip "-$1" -o addr show | while read -r _ name _ address words; do
    is_ours "$name" || continue
    line="address replace $address"
    more=''
    set -- $words
    while [ $# -gt 0 ]; do
      word=\${1%\\\\}
      shift
      case $word in
      temporary) continue 2 ;;
      '' | secondary | tentative | deprecated | dadfailed | dynamic | stable-privacy) ;;
      flags) shift ;;
      peer) line="$line peer $1" && shift ;;
      metric | brd | any | scope | proto) more="$more $word \${1%\\\\}" && shift ;;
      valid_lft | preferred_lft) more="$more $word \${1%sec}" && shift ;;
      noprefixroute | nodad | home | mngtmpaddr | autojoin | optimistic) more="$more $word" ;;
      *) more="$more label $word" ;;
      esac
    done
    echo "$line dev $name$more"
  done | if [ "$1" = 6 ]; then reversed; else cat; fi
}

# The addresses in lines of addresses.
sources() {
  while read -r _ _ address _; do echo "\${address%/*}"; done
}

# Those of the links, and those that speak from an address of theirs.
routes() {
  ip "-$1" -d -o route show table all | while read -r type destination words; do
    line="route append $type $destination" end='' ours=''
    set -- $words
    while [ $# -gt 0 ]; do
      word=\${1%\\\\}
      shift
      case $word in
      '' | linkdown | dead | pervasive | offload | offload_failed | trap | unresolved | rt_*) ;;
      error) shift ;;
      expires) end=" expires \${1%sec}" && shift ;;
      dev)
        is_ours "$1" && ours=yes
        line="$line dev $1" && shift
        ;;
      src)
        case "$newline$sources$newline" in *"$newline$1$newline"*) ours=yes ;; esac
        line="$line src $1" && shift
        ;;
      *) line="$line $word" ;;
      esac
    done
    case $line in *' table local proto kernel '*) continue ;; esac
    [ -z "$ours" ] || echo "$line$end"
  done
}

rules() {
  ip "-$1" -d rule show | sed -e 's/lookup \\[l3mdev-table\\]/l3mdev/' -e 's/ \\[[a-z]*\\]//g' \\
    -e 's/ ipproto ipproto-/ ipproto /' \\
    -e 's/[[:space:]]*$//' -e 's/^\\([0-9]*\\):[[:space:]]*/rule add priority \\1 /'
}

# What goes with a link and is no word of \`ip\` here: sysctls and options of $anew, and of $ports what they are in bridges.
settings() {
  set -- $(
    for name in $anew; do
      for folder in ipv4/conf ipv4/neigh ipv6/conf ipv6/neigh; do echo "/proc/sys/net/$folder/$name"; done
      echo "/sys/class/net/$name/tx_queue_len"
      echo "/sys/class/net/$name/bridge"
    done
    for name in $anew $ports; do echo "/sys/class/net/$name/brport"; done
  )
  # Some are not there, and some cannot be read. Some tell what goes on; in a change of topology ageing_time does too.
  [ $# = 0 ] || grep -rs '' "$@" /dev/null | grep -vE -e '_timer:|/(state|change_ack|config_pending|ageing_time):' \\
    -e '/(bridge_id|root_id|root_port|root_path_cost|topology_change|topology_change_detected):' \\
    -e '/(port_id|port_no|designated_[a-z]*):' || :
}

# The lines of one file that another lacks. How long something still lasts does not count.
missing() {
  sed -e 's/ valid_lft [0-9].*//' -e 's/ expires .*//' "$2" >keys
  grep -vxF -f keys "$1" | while read -r line; do
    key=\${line%% valid_lft [0-9]*}
    key=\${key%% expires *}
    [ "$key" != "$line" ] && grep -qxF -e "$key" keys || echo "$line"
  done
}
`;
