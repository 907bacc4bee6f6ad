import type { Facts } from "../host/facts.ts";
import { link, ovsPort } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { linkTaken } from "./link.ts";
import { lacksOvs, nameTaken, notWorking, takenElsewhere } from "./ovs-bridge-findings.ts";
import type { ovsPortFields } from "./ovs-port-fields.ts";
import { propertiesOf } from "./ovs-port-state.ts";
import { loopFindings } from "./tunnel-loops.ts";

type Port = Values<typeof ovsPortFields>;

/** What on a host, or in the program, stands in the way of a port of Open vSwitch, or makes it useless. */
export function portFindings(
  want: Port,
  have: (Port & { readonly error?: string | undefined }) | undefined,
  facts: Pick<Facts, "links" | "routes" | "ovs">,
  around: Around<Port>,
): Finding[] {
  const { name, type, bridge, peer, members = [] } = want;
  const lacking = lacksOvs(facts);
  if (lacking.length > 0) return lacking;
  const held = type === "system" ? [["name", name] as const] : members.map((one, i) => [`members[${i}]`, one] as const);
  const taken = held.flatMap(([property, port]) => takenElsewhere(property, port, bridge, facts, around));
  const down = held.flatMap(([property, port]) => {
    const there = facts.links.find((l) => l.name === port);
    if (!there || around.changes(link(port))) return [];
    const lost = there.addresses.join(", ");
    return [
      ...(there.up ? [] : [warning(property, `${port} is down: nothing will pass it until it is up`)]),
      ...(lost && !have
        ? [warning(property, `${port} has ${lost}, which will not answer any more: see OvsBridge.inheritFrom`)]
        : []),
    ];
  });
  const holder = facts.links.find((l) => l.name === name);
  const rival =
    type === "internal" && !have && holder && !around.changes(link(name)) ? [linkTaken("name", name, holder)] : [];
  return [
    ...(have ? notWorking(have) : nameTaken(name, "port", facts, around)),
    ...taken,
    ...down,
    ...rival,
    ...(type === "patch" ? peerFindings(name, peer ?? "", facts, around) : []),
    ...(type === "patch" ? loopFindings({ type: "OvsPort", want }, "", facts, around) : []),
    ...(type === "system" ? secondUplink(want, facts, around) : []),
  ];
}

/** Both ends of a patch name each other, or nothing passes. */
function peerFindings(name: string, peer: string, { ovs }: Pick<Facts, "ovs">, { siblings }: Around<Port>): Finding[] {
  const asked = siblings.find((other) => other.name === peer);
  const there = ovs.bridges.flatMap(({ ports }) => ports).find((port) => port.name === peer);
  const back = asked ? asked.peer : there?.interfaces[0]?.settings.options.peer;
  if (back === name) return [];
  if (!asked && !there)
    return [warning("peer", `${peer} is no port yet: nothing passes until it is a patch with peer ${name}`)];
  return [refusal("peer", `must be a patch whose peer is ${name}, and that of ${peer} is ${back ?? "none"}`)];
}

/** A NIC beside another one in a bridge: both may come to one LAN. */
function secondUplink(want: Port, { links, ovs }: Pick<Facts, "links" | "ovs">, around: Around<Port>): Finding[] {
  const { name, bridge } = want;
  const isNic = (port: string) => links.some((l) => l.name === port && l.kind === undefined);
  const said = around.program.find(
    (one) => one.host === around.host && one.type === "OvsBridge" && one.want.name === bridge,
  );
  const there = ovs.bridges.find((one) => one.name === bridge);
  const { stp_enable: stp, rstp_enable: rstp } = there?.settings ?? {};
  if (!isNic(name) || (said?.want.stp ?? stp) || (said?.want.rstp ?? rstp)) return [];
  const found =
    there?.ports.filter((port) => !around.changes(ovsPort(port.name)) && port.interfaces.length === 1) ?? [];
  const taken = said?.want.inheritFrom;
  const others: readonly Uplink[] = [
    ...found.map((port) => ({ name: port.name, ...propertiesOf(port) })),
    ...around.siblings.filter((one) => one.bridge === bridge && one.type === "system"),
    ...(typeof taken === "string" ? [{ name: taken, vlanMode: "trunk" as const }] : []),
  ];
  const meets = (other: Uplink) =>
    other.name !== name && isNic(other.name) && !(want.protected && other.protected) && haveCommon(want, other);
  const other = others.find(meets)?.name;
  if (!other) return [];
  return [
    warning(
      "name",
      `${name} leads out of ${bridge} as ${other} does: if both come to one LAN, frames go round for ever; make them one port of type bond, turn on rstp in ${bridge}, make both protected, or give them different VLANs`,
    ),
  ];
}

type Uplink = Pick<Port, "name" | "vlanMode" | "tag" | "trunks" | "protected">;

/** Whether two ports take a VLAN that is the same inside the bridge. */
function haveCommon(one: Uplink, other: Uplink): boolean {
  const vlansOf = ({ vlanMode, tag = 0, trunks = [] }: Uplink) =>
    vlanMode === "access" || vlanMode === "dot1q-tunnel"
      ? [tag]
      : trunks.length === 0
        ? undefined
        : [...trunks, ...(vlanMode === "trunk" ? [] : [tag])];
  const [these, those] = [vlansOf(one), vlansOf(other)];
  return !these || !those || these.some((vlan) => those.includes(vlan));
}
