import { quote } from "../command.ts";
import { waitScript } from "./wait.ts";

/**
 * What others undo when they start is put back after them: after Docker, which puts its own rules before everybody's,
 * after what loads the rules of a firewall and clears away all that were there, and after Open vSwitch, which forgets flows.
 * No host has all of these.
 */
const docker = "docker.service";
const vswitch = "ovs-vswitchd.service";
const firewalls = "firewalld.service nftables.service netfilter-persistent.service";

const unit = `# Written by hostnet, for as long as a file in /etc/hostnet/boot.d asks for it.
[Unit]
Description=What hostnet puts back after others have set theirs
After=hostnet.service ${docker} ${vswitch} ${firewalls}
PartOf=${docker} ${vswitch} ${firewalls}
ReloadPropagatedFrom=${firewalls}
ConditionPathExists=/etc/hostnet/boot

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/hostnet/boot again
ExecReload=/bin/sh /etc/hostnet/boot again
TimeoutStartSec=400
SyslogIdentifier=hostnet

[Install]
WantedBy=${docker} ${vswitch} ${firewalls}
`;

/**
 * What hostnet attaches to containers is put back when these start: as long as a file of boot.d follows one. When Open vSwitch
 * starts, too: it may have been told to forget the ports of containers (`--delete-transient-ports`).
 */
const followUnit = `# Written by hostnet, for as long as a file in /etc/hostnet/boot.d follows a container.
[Unit]
Description=What hostnet attaches to containers when they start
After=hostnet.service ${docker} ${vswitch}
PartOf=${docker} ${vswitch}
ConditionPathExists=/etc/hostnet/boot

[Service]
ExecStart=/bin/sh /etc/hostnet/boot follow
Restart=always
RestartSec=1
SyslogIdentifier=hostnet

[Install]
WantedBy=${docker} ${vswitch}
`;

/**
 * Shell functions for the files of boot.d that run at other times than a boot.
 *
 * - `asks_again FILE…`: whether one of them asks to be run again (`"again":true` in its first line); all that do are in
 *   `$asking` then.
 * - `container_of FILE`: whether it follows a container, whose name or ID is in `$container` then.
 * - `lay_wait`: `hostnet-wait` is there, in the version of this file.
 * - `follow`: the units that run them are there as long as one asks for it.
 * - `follow_containers`: runs, for ever, the files that follow a container when that starts; first for those that run.
 */
export const again = `asks_again() {
  asking=
  for file; do
    { read -r header <"$file"; } 2>/dev/null || continue
    case $header in *'"again":true'*) asking="$asking $file" ;; esac
  done
  [ -n "$asking" ]
}

container_of() {
  { read -r header <"$1"; } 2>/dev/null || return
  case $header in *'"follows":"'*) ;; *) return 1 ;; esac
  container=\${header##*'"follows":"'}
  container=\${container%%'"'*}
}

follows_any() {
  for file; do container_of "$file" && return; done
  return 1
}

# From the first thing that is kept on: a container that waits starts before anything is attached to it.
lay_wait() {
  text=${quote(waitScript.trimEnd())}
  [ "$(cat hostnet-wait 2>/dev/null)" != "$text" ] || return 0
  # What was to be mounted and was not there, Docker has made a folder of.
  rmdir hostnet-wait 2>/dev/null
  printf '%s\\n' "$text" >hostnet-wait.new && chmod 755 hostnet-wait.new && mv -f hostnet-wait.new hostnet-wait
}

follow() {
  booted || return 0
  asks_again boot.d/*.sh
  unit_if $? hostnet-again.service ${quote(unit.replaceAll("\n", "\\n"))}
  follows_any boot.d/*.sh
  unit_if $? hostnet-follow.service ${quote(followUnit.replaceAll("\n", "\\n"))}
  [ "$fresh_unit" != hostnet-follow.service ] || ! systemctl --quiet is-active ${docker} ||
    systemctl --quiet --no-block start hostnet-follow.service
}

# A unit of this text is there if the first word is 0, and only then.
unit_if() {
  unit=/etc/systemd/system/$2 fresh_unit=
  if [ "$1" = 0 ]; then
    [ "$(cat "$unit" 2>/dev/null)" != "$(printf '%b' "$3")" ] || return 0
    put "$unit" "$3" && systemctl --quiet enable "$2" && fresh_unit=$2
  elif [ -e "$unit" ]; then
    systemctl --quiet stop "$2"
    systemctl --quiet --no-reload disable "$2"
    rm -f "$unit"
    systemctl daemon-reload
  fi
}

# One file, for a container that has started.
put_back() { replay "$1" && echo "$about: done"; }

follow_containers() {
  # Asked, an engine that is stopped would start, by its socket.
  systemctl --quiet is-active ${docker} || { sleep 1; return 1; }
  docker events --since "$(date +%s)" --filter type=container --filter event=start \\
    --format '{{.Actor.Attributes.name}} {{.Actor.ID}}' | {
    for file in boot.d/*.sh; do
      container_of "$file" || continue
      [ "$(docker inspect --format '{{.State.Running}}' "$container" 2>/dev/null)" != true ] || put_back "$file"
    done
    while read -r name id; do
      for file in boot.d/*.sh; do
        container_of "$file" || continue
        case $container in
          "$name") put_back "$file" ;;
          ????????????*) case $id in "$container"*) put_back "$file" ;; esac ;;
        esac
      done
    done
  }
}
`;
