import { type Facts, othersIds, ovsMark } from "../host/facts.ts";
import { link, ovsPort } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { listed } from "../schema/words.ts";
import { cannotInherit } from "./inherit.ts";
import { linkTaken } from "./link.ts";
import type { ovsBridgeFields } from "./ovs-bridge-row.ts";
import { loopsThrough } from "./tunnel-loops.ts";

type Bridge = Values<typeof ovsBridgeFields>;
type Host = Pick<Facts, "links" | "ovs">;
type Surroundings = Pick<Facts, "links" | "routes" | "ovs">;

/** That a host has no Open vSwitch, for whatever needs it. One that does not run is told where it is read. */
export const lacksOvs = ({ ovs }: Pick<Facts, "ovs">): Finding[] =>
  ovs.state === "absent"
    ? [refusal("", "needs Open vSwitch, which the host does not have: install openvswitch-switch (Debian's name)")]
    : [];

interface Faulty {
  readonly error?: string | undefined;
}

/** That a thing which is there does not work. */
export const notWorking = ({ error }: Faulty): Finding[] => (error ? [warning("", `does not work: ${error}`)] : []);

/** That a name belongs to a port of another sort than the one that is to be made. */
export function nameTaken(
  name: string,
  sort: string,
  { ovs }: Pick<Facts, "ovs">,
  { changes }: Pick<Around, "changes">,
): Finding[] {
  const bridge = ovs.bridges.find(({ ports }) => ports.some((port) => port.name === name));
  return bridge && !changes(ovsPort(name))
    ? [refusal("name", `${name} is a port of ${bridge.name} already, and no ${sort} that this kind can say`)]
    : [];
}

/** Why a link cannot be a port of this bridge: it is one of another bridge, of Open vSwitch or of the kernel. */
export function takenElsewhere(
  property: string,
  port: string,
  bridge: string,
  { links, ovs }: Host,
  { changes }: Pick<Around, "changes">,
): Finding[] {
  const there = links.find((l) => l.name === port);
  const other = ovs.bridges.find((one) => one.name !== bridge && one.ports.some(({ name }) => name === port));
  const master = there?.portOf === "openvswitch" ? other?.name : (there?.master ?? other?.name);
  if (there?.kind === "bridge") return [refusal(property, `must be no bridge itself, got ${port}`)];
  if (port === "lo") return [refusal(property, "must not be the loopback link")];
  if (master === undefined || changes(link(master))) return [];
  return [refusal(property, `must be a link of its own, and ${port} is a port of ${master} already`)];
}

/** What on a host stands in the way of a bridge of Open vSwitch, or makes it useless. */
export function bridgeFindings(
  want: Bridge | undefined,
  have: (Bridge & Faulty) | undefined,
  facts: Surroundings,
  around: Around<Bridge>,
): Finding[] {
  if (!want) return have ? leftPorts(have, facts) : [];
  const { name, inheritFrom, failMode, controllers = have?.controllers ?? [], stp } = want;
  const lacking = lacksOvs(facts);
  if (lacking.length > 0) return lacking;
  const silent =
    failMode === "secure" && controllers.length === 0
      ? [warning("failMode", "secure without a controller forwards nothing but what its flows say")]
      : [];
  const loops = loopsThrough({ type: "OvsBridge", want }, facts, around);
  if (have) return [...silent, ...loops, ...notWorking(have)];
  const holder = facts.links.find((l) => l.name === name);
  const taken = holder && !around.changes(link(name)) ? [linkTaken("name", name, holder)] : [];
  if (!inheritFrom) return [...silent, ...loops, ...taken];
  const leased = cannotInherit(inheritFrom, facts);
  return [
    ...[...silent, ...loops, ...taken, ...takenElsewhere("inheritFrom", inheritFrom, name, facts, around)],
    ...(leased ? [refusal("inheritFrom", leased)] : []),
    ...(stp
      ? [warning("stp", `keeps ${inheritFrom} silent for 30 s: guard.seconds must be more, or rstp in its place`)]
      : []),
  ];
}

/** With a bridge go its ports and mirrors: those of others are not ours to remove. */
function leftPorts({ name, inheritFrom }: Bridge, { ovs }: Host): Finding[] {
  const { ports = [], mirrors = [] } = ovs.bridges.find((one) => one.name === name) ?? {};
  const isOthers = ({ settings }: (typeof ports | typeof mirrors)[number]) => !(ovsMark in settings.external_ids);
  const mirror = mirrors.find(isOthers)?.others.name;
  if (mirror !== undefined) {
    const way = `remove it first, \`ovs-vsctl -- --id=@m get Mirror ${mirror} -- remove Bridge ${name} mirrors @m\``;
    return [refusal("", `has the mirror ${mirror} of somebody else, which would go with it: ${way}`)];
  }
  const others = ports.filter((port) => port.name !== name && port.name !== inheritFrom && isOthers(port));
  if (others.length === 0) return [];
  const known = others.map((one) => {
    const ids = Object.entries(othersIds(one.settings)).map(([key, value]) => `${key}=${value}`);
    return [one.name, ...(ids.length > 0 ? [`(${ids.join(" ")})`] : [])].join(" ");
  });
  return [
    refusal(
      "",
      `has ports of others, which would go with it: ${listed(known, "and")}; remove them first, \`ovs-vsctl del-port ${name} ${others[0]?.name}\``,
    ),
  ];
}
