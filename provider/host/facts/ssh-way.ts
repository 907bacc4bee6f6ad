import type { Command } from "../command.ts";

/** The way of SSH through a host, as the host itself sees it. */
export interface SshWay {
  /** The address that our connection comes from; empty when it does not come over SSH. */
  readonly client: string;
  /** The link that answers to it leave by; undefined when the host has no route to it. */
  readonly device?: string;
  /** How the host reaches the client, its firewall, its bridges' VLANs, and the sysctls on the way: what none of the other tables tell. */
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
{
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
  const device = / dev (\S+)/.exec(rest[0] ?? "")?.[1];
  return { client, ...(device && { device }), state: rest.join("\n").trim() };
}
