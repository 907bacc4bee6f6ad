import { ovsMark } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { checkLink, linkInputs } from "./link.ts";

const vlan = (doc: string) => s.int(doc, { min: 1, max: 4094 });

/** The inputs of a port of Open vSwitch. */
export const ovsPortFields = {
  bridge: s.ifname("The bridge of Open vSwitch that it is a port of.").replaces(),
  name: s.ifname("The name of the port, and of its link where it has one.").replaces(),
  type: s
    .oneOf(
      "What the port is: a link of the host; a link that it makes for the host; an end of a cable to another bridge; several links of the host as one.",
      ["system", "internal", "patch", "bond"],
    )
    .default("system")
    .replaces(),
  peer: s.ifname("The port at the other end of a patch, which names this one.").optional(),
  members: s.set(s.ifname("A link."), "The links of a bond.").optional(),
  lacp: s.oneOf("Whether a bond speaks LACP, and begins to.", ["active", "passive", "off"]).optional(),
  bondMode: s.oneOf("Which of its links a bond uses.", ["active-backup", "balance-slb", "balance-tcp"]).optional(),
  vlanMode: s
    .oneOf("How frames with and without a tag pass: access with `tag` alone, trunk without, when left out.", [
      ...(["access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel"] as const),
    ])
    .derived(),
  tag: vlan("The VLAN of frames without a tag; of a dot1q-tunnel that of the service.").optional(),
  trunks: s.set(vlan("A VLAN."), "The VLANs whose frames pass with their tag; none stands for all.").optional(),
  customerVlans: s
    .set(vlan("A VLAN."), "The customers' VLANs that a dot1q-tunnel takes; none stands for all.")
    .optional(),
  protected: s.bool("Whether it passes nothing to and from other protected ports.").optional(),
  ingressPolicing: s
    .object("OvsIngressPolicing", "How much a port takes from its link; the rest is dropped.", {
      rate: s.int("In kilobits per second; 0: all.", { min: 0, max: 2 ** 32 - 1 }),
      burst: s.int("In kilobits; 0: as Open vSwitch chooses.", { min: 0, max: 2 ** 32 - 1 }).default(0),
    })
    .optional(),
  mtu: s
    .int("Largest frame of an internal port, in bytes; other links have theirs by who makes them.", {
      min: 68,
      max: 65535,
    })
    .optional(),
  transient: s.bool("Whether Open vSwitch forgets it when it starts; it is made again at boot.").optional(),
  externalIds: s.map(s.string("A value."), "Its external IDs, besides those of hostnet.").optional(),
  mac: s.mac("The hardware address of an internal port; one of its own when left out.").optional(),
  up: s.bool("Whether an internal port is administratively up; it is when left out.").optional(),
  addresses: linkInputs.addresses.optional(),
};

type Port = Values<typeof ovsPortFields>;

/** What belongs to ports of some types only. */
const only: Partial<Record<keyof Port, readonly Port["type"][]>> = {
  ...{ peer: ["patch"], members: ["bond"], lacp: ["bond"], bondMode: ["bond"] },
  ...{ mac: ["internal"], up: ["internal"], addresses: ["internal"], mtu: ["internal"] },
  ingressPolicing: ["system", "internal", "bond"],
};

/** What is wrong with a port: reasons by path. */
export function checkPort(port: Port): Record<string, string> {
  const { type, name, bridge, peer, members = [], bondMode, lacp, externalIds = {} } = port;
  const strays = Object.entries(only).filter(
    ([key, types]) => port[key as keyof Port] !== undefined && !types.includes(type),
  );
  const wrong = Object.fromEntries(
    strays.map(([key, types]) => [
      key,
      `must be left out for a port of type ${type}: it is for ${types.join(" and ")}`,
    ]),
  );
  return {
    ...wrong,
    ...(name === bridge && {
      name: `must be another than the bridge's, whose own port is set on the OvsBridge, got ${name}`,
    }),
    ...(type === "patch" && !peer && { peer: "is required for a port of type patch" }),
    ...(peer === name && { peer: `must be another port, got ${peer}` }),
    ...(type === "bond" && members.length < 2 && { members: `must be two links or more, got ${members.length}` }),
    ...(type === "bond" &&
      bondMode === "balance-tcp" &&
      (lacp ?? "off") === "off" && {
        bondMode: "balance-tcp passes nothing without LACP: set lacp to active, or take balance-slb",
      }),
    ...(Object.keys(externalIds).some((key) => key.startsWith(ovsMark)) && {
      externalIds: `must have no names that begin with ${ovsMark}`,
    }),
    ...checkVlans(port),
    ...checkLink(port),
  };
}

/** What Open vSwitch takes and then ignores, with what was probably meant. */
export function checkVlans({
  vlanMode,
  tag,
  trunks = [],
  customerVlans,
}: Pick<Port, "vlanMode" | "tag" | "trunks" | "customerVlans">): Record<string, string> {
  const native = "native-untagged (frames of the tag's VLAN without it) or native-tagged";
  if (vlanMode === "access" && trunks.length > 0)
    return { trunks: `would be ignored on an access port; for both set vlanMode to ${native}` };
  if (vlanMode === "access" && tag === undefined) return { tag: "is required for an access port" };
  if (vlanMode === "trunk" && tag !== undefined)
    return { tag: `would be ignored on a trunk, got ${tag}; set vlanMode to ${native}` };
  if (vlanMode.startsWith("native-") && tag === undefined) return { tag: `is required for vlanMode ${vlanMode}` };
  if (vlanMode === "dot1q-tunnel" && tag === undefined)
    return { tag: "is required for a dot1q-tunnel: the VLAN of the service" };
  if (vlanMode === "dot1q-tunnel" && trunks.length > 0)
    return { trunks: "would be ignored on a dot1q-tunnel; the customers' VLANs are customerVlans" };
  if (vlanMode !== "dot1q-tunnel" && customerVlans)
    return { customerVlans: `would be ignored with vlanMode ${vlanMode}: set it to dot1q-tunnel` };
  return {};
}

/** The mode of a port of which nobody says one. */
export const vlanModeOf = <M extends Port["vlanMode"]>({
  tag,
  vlanMode,
}: {
  readonly tag?: number | undefined;
  readonly vlanMode?: M | undefined;
}): M | "access" | "trunk" => vlanMode ?? (tag === undefined ? "trunk" : "access");
