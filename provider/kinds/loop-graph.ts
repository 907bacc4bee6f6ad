import type { Facts } from "../host/facts.ts";
import type { Around, Declared } from "../kind.ts";
import { addressesIn } from "./routed-hosts.ts";

export type Program = Pick<Around, "host" | "program" | "addresses">;
type Links = Pick<Facts, "links">;

/** A bridge of the kernel or of Open vSwitch. */
export interface BridgeSaid {
  readonly name: string;
  readonly sort: "kernel" | "ovs";
  /** Of one of the kernel. */
  readonly ports: readonly string[];
  /** Whether it speaks STP or RSTP. */
  readonly stp: boolean;
}

/** A port by which frames leave a bridge for other bridges. */
export interface Joint {
  readonly host: string;
  readonly name: string;
  readonly bridge: BridgeSaid;
  /** What it leads to: ports with the same segment hear each other. */
  readonly segment: string;
  /** The VLANs that it takes, as they are in the bridge and on the segment; 0: without a tag. */
  readonly lanes: readonly (readonly [inside: number, outside: number])[];
  /** Whether it passes nothing to other such ports of its bridge. */
  readonly isolated: boolean;
}

/** The bridge of the kernel that a link is a port of, as the program says it, or else as it is. */
export function bridgeOf(
  name: string,
  host: string,
  { links }: Links,
  { program }: Pick<Around, "program">,
): BridgeSaid | undefined {
  const said = program.find(
    ({ host: on, type, want }) => on === host && type === "Bridge" && Object.keys(want.ports ?? {}).includes(name),
  )?.want;
  if (said)
    return { name: String(said.name), sort: "kernel", ports: Object.keys(said.ports ?? {}), stp: said.stp === true };
  const master = links.find((l) => l.name === name)?.master;
  const bridge = links.find((l) => l.name === master)?.bridge;
  if (!master || !bridge) return undefined;
  const ports = links.filter((l) => l.master === master).map((l) => l.name);
  return { name: master, sort: "kernel", ports, stp: bridge.stp };
}

/** All joints of a program. Of other hosts than the one that judges only the program tells. */
export function jointsOf(facts: Links & Partial<Pick<Facts, "ovs">>, { host, program, addresses }: Program): Joint[] {
  const named = new Map(Object.entries(addresses).map(([name, address]) => [address, name]));
  for (const one of program)
    for (const address of [...addressesIn(one), ...(typeof one.want.local === "string" ? [one.want.local] : [])])
      if (!named.has(address)) named.set(address, one.host);
  const vxlans = new Set(program.flatMap((one) => (one.type === "VxlanTunnel" ? [`${one.host} ${vxlan(one)}`] : [])));
  const all = [0, ...new Set(program.flatMap(({ want }) => [want.tag, want.trunks].flat().filter(isNumber)))];
  const bridges = new Map(program.flatMap((one) => (one.type === "OvsBridge" ? [[placeOf(one), one.want]] : [])));
  const ports = new Map(program.flatMap((one) => (one.type === "OvsPort" ? [[placeOf(one), one]] : [])));

  const ovs = (on: string, name: string): BridgeSaid => {
    const said = bridges.get(`${on} ${name}`);
    const there = on === host ? facts.ovs?.bridges.find((one) => one.name === name)?.settings : undefined;
    const stp = (said?.stp ?? there?.stp_enable) === true || (said?.rstp ?? there?.rstp_enable) === true;
    return { name, sort: "ovs", ports: [], stp };
  };
  return program.flatMap((one): Joint[] => {
    const segment = segmentOf(one, named, vxlans);
    if (!segment) return [];
    const name = String(one.want.name);
    // A tunnel of the kernel can be a port of Open vSwitch too.
    const port = isKernels(one.type) ? ports.get(placeOf(one)) : one;
    const bridge = port
      ? ovs(one.host, String(port.want.bridge))
      : bridgeOf(name, one.host, one.host === host ? facts : { links: [] }, { program });
    if (!bridge) return [];
    const lanes = port ? lanesOf(port.want, all) : lanesOf({}, all);
    return [{ host: one.host, name, bridge, segment, lanes, isolated: port?.want.protected === true }];
  });
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const placeOf = ({ host, want }: Declared) => `${host} ${want.name}`;
const vxlan = ({ want }: Declared, port = want.port ?? 4789) => `vxlan ${want.vni ?? want.key} ${port}`;
const isKernels = (type: string) => ["VxlanTunnel", "GreTunnel", "GeneveTunnel"].includes(type);

/** What a port joins its bridge to: a VXLAN network of the kernel is one for all its hosts, others are for two ends. */
function segmentOf(one: Declared, named: ReadonlyMap<string, string>, vxlans: ReadonlySet<string>): string | undefined {
  const { host, type, want } = one;
  if (type === "VxlanTunnel") return vxlan(one);
  if (type === "OvsPort") return want.type === "patch" ? `patch ${host} ${pair(want.name, want.peer)}` : undefined;
  const sort = { GeneveTunnel: "geneve", GreTunnel: want.mode === "gretap" ? "gre" : undefined, OvsTunnel: want.type };
  const carried = sort[type as keyof typeof sort];
  if (carried === undefined) return undefined;
  const other = named.get(String(want.remote)) ?? String(want.remote);
  if (carried === "vxlan" && vxlans.has(`${other} ${vxlan(one)}`)) return vxlan(one);
  const port = carried === "geneve" ? (want.port ?? 6081) : want.port;
  return `${carried} ${want.vni ?? want.key ?? 0} ${port} ${pair(host, other)}`;
}

const pair = (...ends: unknown[]) => ends.map(String).sort().join(" ");

/** The lanes of a port with these VLANs, where `all` are those that anybody names. */
function lanesOf({ vlanMode, tag, trunks }: Declared["want"], all: readonly number[]): Joint["lanes"] {
  const native = isNumber(tag) && vlanMode !== "trunk" ? [[tag, 0] as const] : [];
  if (vlanMode === "access" || vlanMode === "dot1q-tunnel") return native;
  const named = ((trunks ?? []) as readonly number[]).filter((vlan) => vlan !== tag);
  const carried = named.length > 0 ? named : all.filter((vlan) => native.length === 0 || vlan !== 0);
  return [...native, ...carried.map((vlan) => [vlan, vlan] as const)];
}

/**
 * Whether frames that leave by a joint can come back to its bridge by others, round and round. STP ends that, but for BPDUs
 * that do not come through: bridges of Open vSwitch that speak none drop them, those of the kernel pass them on.
 */
export function closesLoop(joint: Joint, all: readonly Joint[]): boolean {
  const others = all.filter((one) => one.host !== joint.host || one.name !== joint.name);
  const bySegment = grouped(
    others.flatMap((one) => one.lanes.map(([inside, out]) => [on(one.segment, out), { one, vlan: inside }])),
  );
  const byBridge = grouped(
    others.flatMap((one) => one.lanes.map(([inside, out]) => [inBridge(one, inside), { one, vlan: out }])),
  );
  return joint.lanes.some(([inside, outside]) => {
    const home = inBridge(joint, inside);
    const waiting = [{ segment: on(joint.segment, outside), ...passing(nothing, joint) }];
    const seen = new Set<string>();
    const isNew = (...key: unknown[]) => !seen.has(key.join()) && seen.add(key.join());
    for (let at = waiting.pop(); at; at = waiting.pop())
      for (const { one, vlan } of bySegment.get(at.segment) ?? []) {
        const here = inBridge(one, vlan);
        const way = passing(at, one);
        if (here === home && !(one.isolated && joint.isolated) && (!way.stp || way.deaf)) return true;
        if (here === home || !isNew(here, one.isolated, way.stp, way.deaf)) continue;
        for (const { one: exit, vlan: out } of byBridge.get(here) ?? []) {
          const segment = on(exit.segment, out);
          if (!(one.isolated && exit.isolated) && isNew(segment, way.stp, way.deaf)) waiting.push({ segment, ...way });
        }
      }
    return false;
  });
}

const nothing = { stp: false, deaf: false };
const on = (segment: string, vlan: number) => `${segment} vlan ${vlan}`;
const inBridge = ({ host, bridge: { name } }: Joint, vlan: number) => `${host} ${name} vlan ${vlan}`;

/** What the bridges of a way are, with one more. */
const passing = ({ stp, deaf }: typeof nothing, { bridge }: Joint) => ({
  stp: stp || bridge.stp,
  deaf: deaf || (bridge.sort === "ovs" && !bridge.stp),
});

function grouped<T>(entries: readonly (readonly [string, T])[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of entries) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
