/** What a link may be called for it to stand in the files of the renderers: the characters of `s.ifname`. */
const plain = /^[\w.+@-]{1,15}$/;

/** The names, as words of a shell. Throws RangeError for what no link of ours is called. */
export function linkWords(links: readonly string[]): string {
  for (const name of links)
    if (!plain.test(name)) throw new RangeError(`a link must be called by letters, digits and _ . + @ -, got ${name}`);
  return links.join(" ");
}

/**
 * Shell functions that tell systemd-networkd, NetworkManager and ifupdown, where they run, whose the links are.
 *
 * - `leave /run|/etc LINK…`: renderers keep their hands off, until the next boot or for good. A link that does not exist
 *   yet is left alone from its first moment. Before a link with addresses is left, they must have moved elsewhere:
 *   networkd takes back what it has set itself.
 * - `give LINK…`: renderers may have them again; waits, for some seconds, until they have set what they want to.
 * - `exclude LINK…`: ifupdown passes over these and no others when all of it starts or stops. It does nothing of its own
 *   accord, so that it need not know before a change is kept; but a restart of it fails over what it has set and does not
 *   find.
 */
export const renderers = `# Not for a host that is a network namespace: the renderers of its computer have no hands in it.
booted() { [ -d /run/systemd/system ] && [ /proc/1/ns/net -ef /proc/self/ns/net ]; }
# Each is empty, or "off" when it is there but does not run, or "on".
networkd= manager= ifupdown=
find_renderers() {
  booted || return 0
  wants=/etc/systemd/system/multi-user.target.wants
  if [ -e /run/systemd/netif/state ] || [ -e $wants/systemd-networkd.service ]; then networkd=off; fi
  if [ -d /run/NetworkManager ] || [ -e $wants/NetworkManager.service ]; then manager=off; fi
  [ ! -e $wants/networking.service ] || ifupdown=on
  [ -z "$networkd" ] || ! systemctl is-active --quiet systemd-networkd || networkd=on
  [ -z "$manager" ] || ! systemctl is-active --quiet NetworkManager || manager=on
}
find_renderers

# Whole or not at all: networkd takes a file without a name in it for one about every link. networkd is not root.
put() {
  (umask 022 && mkdir -p "\${1%/*}" && printf '%b' "$2" >"$1.new" && mv -f "$1.new" "$1")
}

leave() {
  root=$1
  shift
  for name; do
    # Told by its file first, NetworkManager takes the addresses off a link and the link down. 10: it does not know it.
    if [ "$manager" = on ] && [ -e "/sys/class/net/$name" ]; then
      said=$(nmcli device set "$name" managed no 2>&1) || [ $? = 10 ] || { echo "$said" >&2; return 1; }
    fi
    mark "$root" "$name" || return
  done
  reload
}
mark() {
  [ -z "$networkd" ] ||
    put "$1/systemd/network/00-hostnet-$2.network" "[Match]\\nName=$2\\n\\n[Link]\\nUnmanaged=yes\\n" || return
  # Read last: a file that says unmanaged-devices without a plus would undo it.
  [ -z "$manager" ] || put "$1/NetworkManager/conf.d/zz-hostnet-$2.conf" "[keyfile]\\nunmanaged-devices+=interface-name:=$2\\n"
}

give() {
  for name; do
    rm -f /etc/systemd/network/00-hostnet-"$name".network /run/systemd/network/00-hostnet-"$name".network \\
      /etc/NetworkManager/conf.d/zz-hostnet-"$name".conf /run/NetworkManager/conf.d/zz-hostnet-"$name".conf
  done
  reload || return
  for name; do
    [ -e "/sys/class/net/$name" ] || continue
    [ "$manager" != on ] || nmcli device set "$name" managed yes >/dev/null 2>&1
    tries=0
    until [ $tries -ge 6 ] || { [ $tries -ge 2 ] && ! under_way "$name"; }; do
      tries=$((tries + 1))
      sleep 0.5
    done
  done
}

exclude() {
  excluded=/etc/hostnet/excluded unit=/etc/systemd/system/networking.service.d/hostnet.conf
  [ -n "$ifupdown" ] || [ -e "$excluded" ] || return 0
  before=$(sed -n 's/^# //p' "$excluded" 2>/dev/null)
  [ "$before" != "$*" ] || return 0
  if [ -n "$*" ]; then
    # Its last word counts: what stands in its own list is in ours too.
    theirs=$(EXCLUDE_INTERFACES=; . /etc/default/networking 2>/dev/null; echo "$EXCLUDE_INTERFACES")
    put "$excluded" "# $*\\nEXCLUDE_INTERFACES=\\"$theirs $*\\"\\n" &&
      put "$unit" "[Service]\\nEnvironmentFile=-$excluded\\n" || return
  else
    rm -f "$excluded" "$unit"
    rmdir "\${unit%/*}" 2>/dev/null
  fi
  systemctl daemon-reload
  for name in $before; do
    case " $* " in *" $name "*) continue ;; esac
    # It was passed over when the host booted, and has nobody now.
    [ ! -e "/sys/class/net/$name" ] || [ -n "$(ip -o address show dev "$name" scope global)" ] || ifup "$name"
  done
}

reload() {
  [ "$networkd" != on ] || networkctl reload || return
  [ "$manager" != on ] || nmcli general reload conf
}

# Whether a renderer is at work on the link: until it is done, it drops what others set.
under_way() {
  read -r index 2>/dev/null <"/sys/class/net/$1/ifindex" || return
  if [ "$networkd" = on ]; then
    grep -qsE '^ADMIN_STATE=(pending|initialized|configuring)$' "/run/systemd/netif/links/$index" && return
  fi
  if [ "$manager" = on ]; then
    nmcli -t -f DEVICE,STATE device | grep -q "^$1:connecting" && return
  fi
  return 1
}
`;
