import type { Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { lacksOvs, nameTaken, notWorking, takenElsewhere } from "./ovs-bridge-findings.ts";
import type { ovsPortFields } from "./ovs-port-fields.ts";

type Port = Values<typeof ovsPortFields>;

/** What on a host, or in the program, stands in the way of a port of Open vSwitch, or makes it useless. */
export function portFindings(
  want: Port,
  have: (Port & { readonly error?: string | undefined }) | undefined,
  facts: Pick<Facts, "links" | "ovs">,
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
    type === "internal" && !have && holder && !around.changes(link(name))
      ? [refusal("name", `${name} is taken by a link of kind ${holder.kind ?? "NIC"}`)]
      : [];
  return [
    ...(have ? notWorking(have) : nameTaken(name, "port", facts, around)),
    ...taken,
    ...down,
    ...rival,
    ...(type === "patch" ? peerFindings(name, peer ?? "", facts, around) : []),
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
