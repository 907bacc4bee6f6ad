import type { Command } from "../command.ts";

/** The way of SSH through a host, as the host itself sees it. */
export interface SshWay {
  /** The address that our connection comes from; empty when it does not come over SSH. */
  readonly client: string;
  /** The link that answers to it leave by; undefined when the host has no route to it. */
  readonly device?: string;
  /** The ports of the bridge of Open vSwitch that this link is in, or stands on. */
  readonly ovsPorts?: readonly string[];
  /** How the host reaches the client, its firewall, its bridges' VLANs, its Open vSwitch if it comes that way, and the sysctls on it: what none of the other tables tell. */
  readonly state: string;
}

/** Prints where answers to us go, and a checksum of everything that could hold them up. */
export const sshWayCommand: Command = {
  argv: [
    "sh",
    "-c",
    `set -- $SSH_CONNECTION
echo "\${1%%%*}"
{ ip -o route get "\${1%%%*}" from "\${3%%%*}" || ip -o route get "\${1%%%*}"; } 2>/dev/null | sed 's/ cache.*//; s/ expires [0-9]*sec//'
echo
device=$(ip -o route get "\${1%%%*}" 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
ovs=
if command -v ovs-vsctl >/dev/null; then
  for link in "$device" $(cd "/sys/class/net/$device" 2>/dev/null && ls -d lower_* 2>/dev/null | sed 's/^lower_//'); do
    if ovs-vsctl --timeout=5 br-exists "$link" 2>/dev/null; then ovs=$link && break; fi
    ovs=$(ovs-vsctl --timeout=5 iface-to-br "$link" 2>/dev/null) && break
  done
  [ -z "$ovs" ] || echo ovs $(ovs-vsctl --timeout=5 list-ifaces "$ovs" 2>/dev/null)
fi
{
  if [ -n "$ovs" ]; then
    for table in Bridge:name,ports,controller,fail_mode,protocols,stp_enable,rstp_enable,other_config \\
      Port:name,interfaces,tag,trunks,vlan_mode,cvlans,protected,lacp,bond_mode Interface:name,type,options,error Controller:target; do
      ovs-vsctl --timeout=5 --format=csv --columns="\${table#*:}" list "\${table%%:*}"
    done
    # By itself it speaks OpenFlow 1.0, which a bridge need not.
    all=OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15
    for bridge in $(ovs-vsctl --timeout=5 list-br); do ovs-ofctl --timeout=5 -O $all --no-stats dump-flows "$bridge"; done
  fi
  for table in all "$device"; do
    for family in 4 6; do
      cd "/proc/sys/net/ipv$family/conf/$table" 2>/dev/null && grep . *filter forwarding arp_* accept_* disable_ipv6 2>/dev/null
    done
  done
  ! command -v bridge >/dev/null || bridge vlan show
  # Counters change by themselves.
  if command -v nft >/dev/null; then nft --stateless list ruleset; fi
  # Asked about tables that are not there, it makes them.
  for family in ip ip6; do
    save=\${family}tables-legacy-save
    command -v $save >/dev/null || save=\${family}tables-save
    if grep -q . /proc/net/\${family}_tables_names; then $save | sed '/^#/d; s/\\[[0-9]*:[0-9]*\\]//'; fi
  done
} 2>/dev/null | cksum`,
  ],
};

/** Reads what `sshWayCommand` printed. */
export function parseSshWay(stdout: string): SshWay {
  const [client = "", ...rest] = stdout.split("\n");
  const ports = rest
    .find((line) => line.startsWith("ovs "))
    ?.split(" ")
    .slice(1);
  const device = / dev (\S+)/.exec(rest[0] ?? "")?.[1];
  return { client, ...(device && { device }), ...(ports && { ovsPorts: ports }), state: rest.join("\n").trim() };
}
