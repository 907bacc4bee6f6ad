import { createHash } from "node:crypto";
import { findPlace } from "../place.ts";
import { again } from "./again.ts";
import { renderers } from "./renderers.ts";

/**
 * The unit that replays. After the distribution has set up its network, whichever way, and again whenever that is
 * restarted: renderers drop what they do not know. After Open vSwitch, which makes its bridges anew from its database.
 * Before Docker, whose networks need their parents. It waits for nothing that may never come.
 */
const unitText = `[Unit]
Description=Links, addresses and routes that hostnet keeps
After=systemd-networkd.service NetworkManager.service networking.service
After=openvswitch-switch.service openvswitch.service ovs-vswitchd.service
PartOf=systemd-networkd.service NetworkManager.service networking.service
Before=network-online.target docker.service
ConditionPathExists=/etc/hostnet/boot

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/hostnet/boot
TimeoutStartSec=120
SyslogIdentifier=hostnet

[Install]
WantedBy=multi-user.target systemd-networkd.service NetworkManager.service networking.service
`;

const body = `# Puts back what hostnet keeps on this host: runs the files in boot.d, each after what it needs.
#   sh /etc/hostnet/boot          as hostnet.service does
#   sh /etc/hostnet/boot again    as hostnet-again.service does: only what others undo when they start
#   sh /etc/hostnet/boot follow   as hostnet-follow.service does: what is in containers, whenever these start
#   sh /etc/hostnet/boot settle   after a change of boot.d; removes all of hostnet with the last file
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 077
cd /etc/hostnet || exit

${renderers}
# For the files of boot.d: what must be there before their commands.
needs() {
  # What another file makes, or sets, comes first even where it is there already; unless that would never end.
  case $coming in *"\\"$*\\""*)
    case $makes$tried$regardless in *"\\"$*\\""* | *yes) ;; *) lacks "$*, which is still to come" ;; esac ;;
  esac
  # Docker brings its networks back itself, when it starts after this.
  case $1 in
    link) ip link show dev "$2" ;;
    # A namespace with a name; a container starts after this, and its files with it.
    container) [ "\${2#/}" = "$2" ] || [ -e "$2" ] ;;
    address) ip -o address show to "$2" | grep . ;;
    # Some route to it does without a gateway.
    gateway) ip "-$(family "$2")" -o route show table all type unicast match "$2" | grep -v ' via ' ;;
  esac >/dev/null 2>&1 || lacks "$*, which is not there"
}
family() { case $1 in *:*) echo 6 ;; *) echo 4 ;; esac; }
lacks() {
  [ -z "$last" ] || echo "$about: not done, it needs $*"
  exit 75
}

# For the files of boot.d: a command. One that fails does not keep the others from running.
run() { said=$("$@" 2>&1) || tolerate "$@"; }
# The same, with a text for its standard input.
feed() {
  text=$1
  shift
  said=$(printf %s "$text" | "$@" 2>&1) || tolerate "$@"
}
tolerate() {
  case " $*: $said" in
    # There already: from an earlier run, or made by Docker or by the renderer.
    *" add "*": "*"File exists"* | *" add "*": "*"ddress already assigned"*) return 0 ;;
    # Gone already: an address, a route, a rule or a link that was to be taken away.
    *" del"*": "*"Cannot assign requested address"* | *" del"*": "*"ddress not found"*) return 0 ;;
    *" del"*": "*"No such process"* | *" rule del"*": "*"No such file or directory"*) return 0 ;;
    *" link del"*": "*"Cannot find device"*) return 0 ;;
  esac
  echo "$about: $*: $said"
  failed=1
}

# The list of that name in the first line of a file: "a","b". No file of ours has a bracket in a name.
list() {
  header=
  { read -r header <"$1"; } 2>/dev/null
  case $header in *"\\"$2\\":["*) ;; *) listed= && return ;; esac
  listed=\${header#*\\"$2\\":\\[}
  listed=\${listed%%\\]*}
}
# The words of such a list, of links without the word link.
words() { echo "$1" | sed 's/"link \\([^"]*\\)"/\\1/g; s/"[^"]* [^"]*"//g; s/[",]/ /g'; }

# Ends what a change began. Without its journal, what the change has laid ready was never meant to be.
finish() {
  [ ! -e commit ] || sh ./commit || return
  rm -rf new commit.new
}

# Renderers leave alone the links that the files name for it, and no others. \`new\`: links that do not exist yet, only.
settle() {
  all=
  for file in boot.d/*.sh; do list "$file" unmanaged && all="$all,$listed"; done
  all=" $(words "$all") " stray=
  exclude $all
  for file in /etc/systemd/network/00-hostnet-*.network /etc/NetworkManager/conf.d/zz-hostnet-*.conf; do
    [ -e "$file" ] || continue
    name=\${file##*/} name=\${name#*-hostnet-} name=\${name%.network} name=\${name%.conf}
    case $all in *" $name "*) ;; *) stray="$stray $name" ;; esac
  done
  [ -z "$stray" ] || give $stray
  fresh= known=
  for name in $all; do
    lacking=
    [ -z "$networkd" ] || [ -e "/etc/systemd/network/00-hostnet-$name.network" ] || lacking=1
    [ -z "$manager" ] || [ -e "/etc/NetworkManager/conf.d/zz-hostnet-$name.conf" ] || lacking=1
    [ -n "$lacking" ] || continue
    # While a change was made its renderers were told in /run, and need not be told again.
    if [ -e "/run/systemd/network/00-hostnet-$name.network" ] || [ -e "/run/NetworkManager/conf.d/zz-hostnet-$name.conf" ]
    then known="$known $name"
    elif [ "$1" != new ] || [ ! -e "/sys/class/net/$name" ]; then fresh="$fresh $name"
    fi
  done
  for name in $known; do mark /etc "$name"; done
  [ -z "$fresh" ] || leave /etc $fresh
  rm -f /run/systemd/network/00-hostnet-*.network /run/NetworkManager/conf.d/zz-hostnet-*.conf
  # networkd removes the routes and rules of others when it starts, and reads this before.
  foreign=/etc/systemd/networkd.conf.d/hostnet.conf
  [ -z "$networkd" ] || [ -e $foreign ] ||
    put $foreign "[Network]\\nManageForeignRoutes=no\\nManageForeignRoutingPolicyRules=no\\n"
}

${again}
# Nothing is kept any more: nothing of hostnet stays.
clear_away() {
  settle
  follow
  rm -f /etc/systemd/networkd.conf.d/hostnet.conf
  rmdir /etc/systemd/networkd.conf.d boot.d 2>/dev/null
  if [ -e /etc/systemd/system/hostnet.service ]; then
    if booted; then
      # At boot it is this very process.
      [ "$1" = boot ] || systemctl --quiet stop hostnet.service
      systemctl --quiet --no-reload disable hostnet.service
    fi
    rm -f /etc/systemd/system/hostnet.service
    ! booted || { systemctl daemon-reload; systemctl --quiet reset-failed hostnet.service 2>/dev/null; }
  fi
  rm -f boot hostnet-wait hostnet-wait.new
  cd / && rmdir /etc/hostnet 2>/dev/null
  return 0
}

# Waits, for some seconds, until the renderers are done with the links that are theirs and ours.
await() {
  [ "$networkd" = on ] || [ "$manager" = on ] || return
  both=
  for file in boot.d/*.sh; do
    list "$file" makes && both="$both,$listed"
    list "$file" needs && both="$both,$listed"
  done
  shared=
  for name in $(words "$both" | tr ' ' '\\n' | sort -u); do
    case $all in *" $name "*) ;; *) [ ! -e "/sys/class/net/$name" ] || shared="$shared $name" ;; esac
  done
  [ -n "$shared" ] || return
  [ "$manager" != on ] || nm-online -q -s -t 10
  tries=0
  for name in $shared; do
    while [ $tries -lt 10 ] && under_way "$name"; do
      tries=$((tries + 1))
      sleep 0.5
    done
  done
}

# Runs one file, in a shell of its own: a mistake in it is its own affair. 75: what it needs is not there.
replay() {
  about=\${1#boot.d/} about=\${about%.sh} failed=0
  list "$1" makes && makes=$listed
  (. "./$1"; exit $failed) 9>&-
}

# In seconds, by a clock that nobody sets.
now() {
  read -r now rest </proc/uptime
  now=\${now%.*}
}

replay_all() {
  coming= pending=
  for file; do
    list "$file" makes
    coming="$coming,$listed" pending="$pending $file"
  done
  tried= regardless= last= count=0 broken= waiting=
  now
  until=$((now + 20))
  while [ -n "$pending" ]; do
    progress= waiting=
    for file in $pending; do
      replay "$file"
      case $? in
        0) progress=1 count=$((count + 1)) tried="$tried,$makes" && echo "$about: done" ;;
        75) waiting="$waiting $file" ;;
        *) broken="$broken $file" tried="$tried,$makes" ;;
      esac
    done
    if [ -n "$progress" ]; then
      # What has been made may be what the others lacked.
      pending="$waiting$broken" broken= waiting=
    elif [ -n "$waiting" ] && [ -z "$regardless" ]; then
      pending=$waiting regardless=yes
    elif [ -n "$waiting" ] && now && [ "$now" -lt $until ]; then
      sleep 1
      pending=$waiting
    else
      pending=
    fi
  done
  last=1
  for file in $waiting; do replay "$file"; done
  left="$waiting$broken"
  [ -n "$left" ] || { echo "all $count done"; return 0; }
  echo "$count done, not done:$(echo "$left" | sed 's/ boot.d\\// /g; s/\\.sh//g')"
  return 1
}

# All files of boot.d that run at boot.
at_boot() {
  files=
  for file in boot.d/*.sh; do container_of "$file" || files="$files $file"; done
}

main() {
  if [ "$1" = follow ]; then
    last=1 coming=
    follow_containers
    return
  fi
  if [ "$1" != settle ]; then
    # At boot nobody holds it. Whoever changes the host now puts right what others do to it meanwhile.
    ${findPlace}
    if command -v flock >/dev/null; then
      exec 9>>"$hostnet_run/lock"
      # A change that restarts Docker holds it while it waits for containers.
      patience=60
      [ "$1" != again ] || patience=300
      flock -w $patience 9 || { echo "somebody changes this host: nothing done"; return 1; }
    fi
  fi
  finish || return
  # For the files of boot.d: \`again\`, or empty at boot.
  export HOSTNET_REPLAY="$1"
  set -- "$1" boot.d/*.sh
  case $1 in
    settle)
      if [ -e "$2" ]; then settle && lay_wait && follow; else clear_away; fi
      return ;;
    again)
      asks_again boot.d/*.sh || return 0
      replay_all $asking
      return ;;
  esac
  [ -e "$2" ] || { clear_away boot; return; }
  settle new
  await
  at_boot
  replay_all $files
  result=$?
  settle
  lay_wait
  follow
  return $result
}

main "$1"
exit
`;

/** The second line of the runner: another one on a host is an older one, and is replaced. */
export const version = `# hostnet ${createHash("sha256").update(body).update(unitText).digest("hex").slice(0, 12)}`;

/** `/etc/hostnet/boot`, a script for any POSIX shell. */
export const runner = `#!/bin/sh\n${version}\n${body}`;

/** `/etc/systemd/system/hostnet.service`. */
export const unit = `# Written by hostnet, together with /etc/hostnet/boot.\n${unitText}`;
