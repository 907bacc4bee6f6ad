import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { family, isMulticast } from "../schema/net.ts";
import { checkLink } from "./link.ts";
import { checkEnds, tos, tosProblem, tunnelInputs } from "./tunnel.ts";

/** The inputs of a VXLAN tunnel. */
export const vxlanFields = {
  name: s.ifname("Interface name; `vxlan<vni>` when left out.").derived().replaces(),
  vni: s.int("The number of the network.", { min: 1, max: 2 ** 24 - 1 }).replaces(),
  local: s.address("The host's own address, IPv4 or IPv6, that its packets come from."),
  peers: s
    .set(
      s.address("The address of another host."),
      "The other hosts of the network: each of them is sent what is for all, and what is for somebody whose host is not known (head-end replication).",
    )
    .optional(),
  group: s
    .address("A multicast group in the place of `peers`, where what is between the hosts carries multicast.")
    .optional()
    .replaces(),
  dev: s.ifname("The link that its packets leave by; that of the route when left out.").optional().replaces(),
  port: s
    .int("UDP port: 4789, that of the standard, when left out. The kernel by itself takes 8472.", {
      min: 1,
      max: 65535,
    })
    .default(4789)
    .replaces(),
  learning: s.bool("Whether it learns from packets on which host a hardware address is.").default(true),
  checksum: s
    .bool("Whether outer packets have a UDP checksum, over IPv4; as the kernel has it when left out at create.")
    .optional()
    .replaces(),
  tos,
  ...tunnelInputs,
};

/** What is wrong with the inputs taken together: reasons by path. */
export function vxlanProblems(want: Values<typeof vxlanFields>): Record<string, string> {
  const { name, local, peers = [], group, dev, checksum } = want;
  return {
    ...checkEnds({ local, group, ...Object.fromEntries(peers.map((peer, i) => [`peers[${i}]`, peer])) }),
    ...(name === dev && { dev: `must differ from name, got ${dev} for both` }),
    ...(group && !isMulticast(group) && { group: `must be a multicast group, like 239.1.1.1, got ${group}` }),
    ...(group && !dev && { dev: `is required with group, to tell where ${group} is joined` }),
    ...(group && want.peers && { peers: `must be left out with group, got ${group}` }),
    ...(checksum !== undefined &&
      family(local) === 6 && { checksum: `must be left out over IPv6, where there always is one, got ${checksum}` }),
    ...tosProblem(want.tos),
    ...checkLink(want),
  };
}
