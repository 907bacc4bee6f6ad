import { quote } from "../command.ts";

/**
 * What others undo when they start is put back after them: after Docker, which puts its own rules before everybody's, and
 * after what loads the rules of a firewall and clears away all that were there. No host has all of these.
 */
const docker = "docker.service";
const firewalls = "firewalld.service nftables.service netfilter-persistent.service";

const unit = `# Written by hostnet, for as long as a file in /etc/hostnet/boot.d asks for it.
[Unit]
Description=What hostnet puts back after others have set theirs
After=hostnet.service ${docker} ${firewalls}
PartOf=${docker} ${firewalls}
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
WantedBy=${docker} ${firewalls}
`;

/**
 * Shell functions for the files of boot.d that ask to be run again (`"again":true` in their first line).
 *
 * - `asks_again FILE…`: whether one of them does; all that do are in `$asking` then.
 * - `follow`: the unit that runs them is there as long as one asks for it.
 */
export const again = `asks_again() {
  asking=
  for file; do
    { read -r header <"$file"; } 2>/dev/null || continue
    case $header in *'"again":true'*) asking="$asking $file" ;; esac
  done
  [ -n "$asking" ]
}

follow() {
  booted || return 0
  unit=/etc/systemd/system/hostnet-again.service
  text=${quote(unit.replaceAll("\n", "\\n"))}
  if asks_again boot.d/*.sh; then
    [ "$(cat $unit 2>/dev/null)" != "$(printf '%b' "$text")" ] || return 0
    put $unit "$text" && systemctl --quiet enable hostnet-again.service
  elif [ -e $unit ]; then
    systemctl --quiet stop hostnet-again.service
    systemctl --quiet --no-reload disable hostnet-again.service
    rm -f $unit
    systemctl daemon-reload
  fi
}
`;
