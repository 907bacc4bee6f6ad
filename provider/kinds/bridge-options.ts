import { type Command, ip } from "../host/command.ts";
import type { Facts } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { localMac } from "../schema/net.ts";
import { type Joined, portLinks } from "./bridge-ports.ts";
import { linkInputs } from "./link.ts";
import { checkPort, portFields } from "./port-vlans.ts";

const port = s.object("BridgePort", "Which VLANs pass a port; what is left out is left alone.", portFields);

/** The inputs of a bridge. */
export const bridgeFields = {
  name: s.ifname("The name of the bridge.").replaces(),
  ports: s.map(port, "The links that it joins, by name; all others leave it.").optional(),
  inheritFrom: s
    .ifname("A port whose hardware address, addresses and routes the bridge takes over, and gives back on delete.")
    .optional()
    .replaces(),
  mac: s.mac("Its hardware address: that of `inheritFrom`, or of its first port, when left out at create.").optional(),
  mtu: linkInputs.mtu,
  up: linkInputs.up.default(true),
  addresses: linkInputs.addresses.optional(),
  stp: s.bool("Whether it speaks the spanning tree protocol: its ports then wait twice `forwardDelay`.").default(false),
  forwardDelay: s
    .int("How long a port listens, and how long it learns, with STP; in seconds.", { min: 2, max: 30 })
    .optional(),
  ageing: s
    .int("How long it remembers where a hardware address is, in seconds.", { min: 0, max: 1_000_000 })
    .optional(),
  vlanFiltering: s.bool("Whether each port takes part in certain VLANs only.").default(false),
  vlans: port.optional(),
};

type Options = Pick<Values<typeof bridgeFields>, "name" | "mac" | "stp" | "forwardDelay" | "ageing" | "vlanFiltering">;

/** The words after `type bridge` for what differs; the kernel counts hundredths of a second. */
function optionWords(want: Options, have: Partial<Options>): string[] {
  const word = (name: string, key: keyof Options, factor = 1) =>
    want[key] === undefined || want[key] === have[key] ? [] : [name, `${Number(want[key]) * factor}`];
  return [
    ...word("stp_state", "stp"),
    ...word("forward_delay", "forwardDelay", 100),
    ...word("ageing_time", "ageing", 100),
    ...word("vlan_filtering", "vlanFiltering"),
  ];
}

/** What a bridge is when it is made. */
const fresh = { stp: false, vlanFiltering: false };

/** The command that makes a bridge. Its hardware address is always set: that of a bridge that has none of its own changes as ports come and go. */
export function create(want: Options & Joined, owner: string, facts: Pick<Facts, "links">): Command {
  const mac = want.mac ?? portLinks(want, facts)[0]?.mac ?? localMac(owner);
  return ip`link add name ${want.name} address ${mac} type bridge ${optionWords(want, fresh)}`;
}

/** The commands for what differs of a bridge itself. */
export function planOptions(want: Options, have: Options): Command[] {
  const { name, mac } = want;
  const words = optionWords(want, have);
  return [
    ...(mac === undefined || mac === have.mac ? [] : [ip`link set dev ${name} address ${mac}`]),
    ...(words.length > 0 ? [ip`link set dev ${name} type bridge ${words}`] : []),
  ];
}

/** What is wrong with the VLANs of its ports: reasons by path. */
export function vlanProblems({
  name,
  ports = {},
  vlans,
  vlanFiltering,
}: Values<typeof bridgeFields>): Record<string, string> {
  const all = [
    ...Object.entries(ports).map(([port, of]) => [`ports.${port}`, of] as const),
    ["vlans", vlans ?? {}] as const,
  ];
  const idle = all.find(([, of]) => Object.keys(of).length > 0);
  if (idle && !vlanFiltering)
    return { vlanFiltering: `must be true for the VLANs of ${idle[0]} to count, got false for ${name}` };
  return Object.assign({}, ...all.map(([path, of]) => checkPort(path, of)));
}
