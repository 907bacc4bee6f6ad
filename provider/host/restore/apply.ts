/** Functions of `sh` that save what the functions of `observe` print, and put it back from whatever is there by then. */
export const apply = `save() {
  ip link show >/dev/null || exit
  set_aside attributes
  for family in 4 6; do set_aside addresses $family; done
  sources=$(sources <addresses4; sources <addresses6)
  for family in 4 6; do set_aside routes $family; done
  for family in 4 6; do set_aside rules $family; done
  set_aside settings
  set_aside seconds
}

set_aside() { "$@" >"$1$2" || exit; }

ours_only() {
  while read -r line; do
    name=\${line#* dev }
    ! is_ours "\${name%% *}" || echo "$line"
  done
}

# As \`routes\` tells whose a route is.
routes_of_ours() {
  while read -r line; do
    ours=''
    set -- $line
    while [ $# -gt 1 ]; do
      case $1 in
      dev) is_ours "$2" && ours=yes ;;
      src) case "$newline$sources$newline" in *"$newline$2$newline"*) ours=yes ;; esac ;;
      esac
      shift
    done
    [ -z "$ours" ] || echo "$line"
  done
}

settings_of_ours() {
  while read -r line; do
    for name in $anew $ports; do case $line in */"$name"/*:*) echo "$line" ;; esac; done
  done
}

filter() { "$1" <"$2" >kept && mv kept "$2" || exit; }

narrow() {
  for file in attributes addresses4 addresses6; do filter ours_only $file; done
  sources=$(sources <addresses4; sources <addresses6)
  for family in 4 6; do filter routes_of_ours routes$family; done
  filter settings_of_ours settings
  for family in 4 6; do set_aside rules $family; done
}

# With what is left of it by now, each line of something that ends.
remaining() {
  while read -r line; do
    case $line in
    *' valid_lft '[0-9]*)
      set -- \${line##* valid_lft }
      [ "$1" -gt "$age" ] || continue
      preferred=$3
      case $preferred in [0-9]*) preferred=$((preferred > age ? preferred - age : 0)) ;; esac
      line="\${line%% valid_lft *} valid_lft $(($1 - age)) preferred_lft $preferred"
      ;;
    *' expires '*)
      left=\${line##* expires }
      [ "$left" -gt "$age" ] || continue
      line="\${line%% expires *} expires $((left - age))"
      ;;
    esac
    echo "$line"
  done
}

restore_attributes() {
  # More than once: an MTU of a parent takes down that of its VLANs, and they come up with it.
  for round in 1 2 3 4; do
    attributes >now
    missing attributes now | ours_only >lost
    [ -s lost ] || return 0
    ip -force -batch lost
  done
}

# Those of $anew and $ports: more may have been saved.
restore_settings() {
  settings >now
  sed 's/:.*/:/' now >keys
  grep -F -f keys settings >was
  missing was now | while read -r line; do
    [ ! -w "\${line%%:*}" ] || echo "\${line#*:}" >"\${line%%:*}"
  done
}

# The addresses that last, but for the kernel's own.
lasting() { grep -v ' valid_lft [0-9]' "$1" | grep -vF -f own; }

# A line for each link, with all its addresses that last, in their order.
orders() {
  lasting "$1" | {
    name='' all=''
    while read -r line; do
      rest=\${line#* dev }
      if [ "\${rest%% *}" != "$name" ]; then
        [ -z "$name" ] || echo "$name $all"
        name=\${rest%% *} all=''
      fi
      all="$all; $line"
    done
    [ -z "$name" ] || echo "$name $all"
  }
}

# Those that end by themselves stay, for whoever prolongs them would notice, unless they are there in place of another.
usurping() {
  missing now "addresses$1" | grep ' valid_lft [0-9]' | while read -r line; do
    rest=\${line#* dev }
    ! grep -qF "\${line%% dev *} dev \${rest%% *} " "addresses$1" || echo "\${rest%% *} $line"
  done
}

restore_addresses() {
  addresses "$1" >now
  orders "addresses$1" >was
  orders now >is
  usurping "$1" >usurping
  {
    grep -vxF -f is was
    grep -vxF -f was is
    cat usurping
  } | while read -r name _; do
    # The last first: a primary address takes its secondaries with it.
    { lasting now; cat usurping; } | grep -F " dev $name " | reversed |
      sed 's/^.*address replace \\(.* dev [^ ]*\\).*/address delete \\1/'
  done >lost
  ip "-$1" -force -batch lost
  addresses "$1" >now
  # Each was the host's until a moment ago, and need not wait for others to object before a route may use it.
  missing "addresses$1" now | ours_only | remaining |
    if [ "$1" = 6 ]; then sed -e '/ nodad /b' -e h -e 's/ valid_lft / nodad&/p' -e g; else cat; fi >lost
  ip "-$1" -force -batch lost
}

restore_routes() {
  (sources='' && routes "$1") >now
  missing now "routes$1" | grep -v -e ' expires ' -e ' proto ra ' -e ' proto kernel ' |
    sed 's/^route append/route delete/' >lost
  ip "-$1" -force -batch lost
  routes "$1" >now
  missing "routes$1" now | remaining >lost
  # A gateway must be reachable before; the default route comes last.
  {
    grep -v -e ' via ' -e '^route append [a-z]* default ' lost
    grep -e ' via ' lost | grep -v '^route append [a-z]* default '
    grep '^route append [a-z]* default ' lost
  } | ip "-$1" -force -batch -
}

# New ones go only when they name one of the links: others may be somebody else's.
restore_rules() {
  rules "$1" >now
  {
    missing "rules$1" now
    missing now "rules$1" | while read -r line; do
      for name in $links; do
        case "$line " in *" iif $name "* | *" oif $name "*) echo "rule delete \${line#rule add }" ;; esac
      done
    done
  } | ip "-$1" -force -batch -
}

restore() {
  # The last that is saved: without it nothing was changed.
  [ -e seconds ] || return 0
  present=''
  for name in $links; do
    [ ! -e "/proc/sys/net/ipv4/conf/$name" ] || present="$present $name"
  done
  links=$present
  own <attributes >own
  sources=$(sources <addresses4; sources <addresses6)
  age=$(($(seconds) - $(cat seconds)))
  restore_attributes
  restore_settings
  for family in 4 6; do restore_addresses $family; done
  # An IPv4 route may have an IPv6 gateway.
  for family in 6 4; do restore_routes $family; done
  for family in 4 6; do restore_rules $family; done
}
`;
