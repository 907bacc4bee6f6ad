import type { Facts } from "../host/facts.ts";
import { type Declared, type Finding, refusal } from "../kind.ts";
import { contains, network } from "../schema/net.ts";
import { bridgeOf, closesLoop, type Joint, jointsOf, type Program } from "./loop-graph.ts";
import { endsOf, underlay } from "./tunnel-mtu.ts";

type Host = Pick<Facts, "links" | "routes"> & Partial<Pick<Facts, "ovs">>;

/** Whether frames could go round for ever through the ports of a bridge of the program. */
export function loopsThrough(its: Omit<Declared, "host">, facts: Host, around: Program): Finding[] {
  const { host } = around;
  const program = [...around.program, { host, ...its }];
  const inside = { ...around, program };
  const own = jointsOf(facts, inside).filter((one) => one.host === host && one.bridge.name === its.want.name);
  const found = own.flatMap(({ name }) => {
    const port = program.find((one) => one.host === host && one.want.name === name && one.type !== "OvsPort");
    const property = its.type === "Bridge" ? `ports.${name}` : "";
    return port ? loopFindings(port, property, facts, inside) : [];
  });
  // Each tunnel of a loop closes it.
  return found.slice(0, 1);
}

/** Whether frames could go round for ever through a tunnel or an end of a patch, which `property` is about. */
export function loopFindings(its: Omit<Declared, "host">, property: string, facts: Host, around: Program): Finding[] {
  const { host } = around;
  const others = around.program.filter(
    (one) => one.host !== host || one.want.name !== its.want.name || one.type !== its.type,
  );
  const inside = { ...around, program: [...others, { ...its, host }] };
  const near = throughItsBridge(its, property, facts, inside);
  if (near.length > 0) return near;
  const joints = jointsOf(facts, inside);
  const joint = joints.find((one) => one.host === host && one.name === its.want.name);
  if (!joint || !closesLoop(joint, joints)) return [];
  return [
    refusal(
      property,
      `closes a loop: ${joint.bridge.name} reaches the same bridges through other ${its.type === "OvsPort" ? "patches or tunnels" : "tunnels"} of the program already, and frames would go round for ever; ${remedies(its, joint)}`,
    ),
  ];
}

function remedies({ type }: Omit<Declared, "host">, { bridge }: Joint): string {
  if (type === "OvsPort")
    return "leave one patch out; rstp helps nobody here: on both ends of a patch it ends ovs-vswitchd";
  if (bridge.sort === "ovs")
    return "leave one tunnel out (a star), turn on rstp in all of these bridges, or make the tunnels of a mesh protected, so that none passes on what comes by another";
  return "leave one tunnel out (a star), turn on stp in one of the bridges, or use one VxlanTunnel with all others as peers, which passes nothing on from one to another";
}

/** A tunnel of the kernel whose own packets leave by the bridge that it is a port of, to a host that hears them there. */
function throughItsBridge(its: Omit<Declared, "host">, property: string, facts: Host, around: Program): Finding[] {
  const ends = endsOf(its.want as unknown as Parameters<typeof endsOf>[0]);
  const bridge = bridgeOf(ends.name, around.host, facts, around);
  if (!bridge || bridge.stp) return [];
  const carrier = underlay(ends, facts, around)?.name;
  const own = [bridge.name, ...bridge.ports].filter((name) => name !== ends.name);
  if (!carrier || !own.includes(carrier) || !ends.remotes.some((remote) => isNear(remote, own, facts, around)))
    return [];
  return [
    refusal(
      property,
      `must not be a port of ${bridge.name}, by which its own packets leave to hosts of the same network: frames would go round for ever; give it another bridge, or turn on stp in this one`,
    ),
  ];
}

/** Whether an address is in a network that one of these links has, or gets. */
function isNear(
  address: string,
  names: readonly string[],
  { links }: Pick<Facts, "links">,
  { host, program }: Program,
): boolean {
  const said = program.filter((one) => one.host === host && names.includes(String(one.want.name)));
  const cidrs = [
    ...links.filter(({ name }) => names.includes(name)).flatMap((l) => l.addresses),
    ...said.flatMap(({ want }) => (want.addresses ?? []) as readonly string[]),
  ];
  return cidrs.some((cidr) => contains(network(cidr), address));
}
