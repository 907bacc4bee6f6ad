import type { Facts } from "../host/facts.ts";
import { type Around, type Declared, type Finding, refusal } from "../kind.ts";
import { contains, network } from "../schema/net.ts";
import { addressesIn } from "./routed-hosts.ts";
import { endsOf, underlay } from "./tunnel-mtu.ts";

type Program = Pick<Around, "host" | "program" | "addresses">;

/** The bridge that a link is a port of, as the program says it, or else as it is. */
export function bridgeOf(
  name: string,
  host: string,
  { links }: Pick<Facts, "links">,
  { program }: Pick<Around, "program">,
): { readonly name: string; readonly ports: readonly string[]; readonly stp: boolean } | undefined {
  const said = program.find(
    ({ host: on, type, want }) => on === host && type === "Bridge" && Object.keys(want.ports ?? {}).includes(name),
  )?.want;
  if (said) return { name: String(said.name), ports: Object.keys(said.ports ?? {}), stp: said.stp === true };
  const master = links.find((l) => l.name === name)?.master;
  const bridge = links.find((l) => l.name === master)?.bridge;
  if (!master || !bridge) return undefined;
  return { name: master, ports: links.filter((l) => l.master === master).map((l) => l.name), stp: bridge.stp };
}

/** Whether frames could go round for ever through tunnels that are ports of a bridge of the program. */
export function loopsThrough(
  bridge: Declared["want"],
  facts: Pick<Facts, "links" | "routes">,
  around: Program,
): Finding[] {
  const program = [...around.program, { host: around.host, type: "Bridge", want: bridge }];
  const found = Object.keys(bridge.ports ?? {}).flatMap((port) => {
    const its = program.find((one) => one.host === around.host && one.want.name === port && isTunnel(one));
    return its ? loopFindings(its, `ports.${port}`, facts, { ...around, program }) : [];
  });
  // Each tunnel of a loop closes it.
  return found.slice(0, 1);
}

/** Whether frames could go round for ever through a tunnel, which `property` is about. */
export function loopFindings(
  its: Omit<Declared, "host">,
  property: string,
  facts: Pick<Facts, "links" | "routes">,
  around: Program,
): Finding[] {
  const { host, program, addresses } = around;
  const ends = endsOf(its.want as unknown as Parameters<typeof endsOf>[0]);
  const bridge = bridgeOf(ends.name, host, facts, around);
  if (!bridge || bridge.stp) return [];
  const carrier = underlay(ends, facts, around)?.name;
  const own = [bridge.name, ...bridge.ports].filter((name) => name !== ends.name);
  if (carrier && own.includes(carrier) && ends.remotes.some((remote) => isNear(remote, own, facts, around)))
    return [
      refusal(
        property,
        `must not be a port of ${bridge.name}, by which its own packets leave to hosts of the same network: frames would go round for ever; give it another bridge, or turn on stp in this one`,
      ),
    ];
  const join = ({ host, name }: { readonly host: string; readonly name: string }) => `bridge ${host}/${name}`;
  const joined = new Joined();
  for (const one of program.filter((one) => one.host !== host || one.want.name !== ends.name)) {
    const segment = segmentOf(one, program, addresses);
    // Of another host only the program tells.
    const other =
      segment && bridgeOf(String(one.want.name), one.host, one.host === host ? facts : { links: [] }, around);
    if (other && !other.stp) joined.join(join({ host: one.host, name: other.name }), segment);
  }
  const segment = segmentOf({ host, ...its }, [...program, { host, ...its }], addresses);
  if (!segment || !joined.are(join({ host, name: bridge.name }), segment)) return [];
  return [
    refusal(
      property,
      `closes a loop: ${bridge.name} reaches the same bridges through other tunnels of the program already, and frames would go round for ever; leave one tunnel out (a star), turn on stp in one of the bridges, or use one VxlanTunnel with all others as peers, which passes nothing on from one to another`,
    ),
  ];
}

/** Things that are joined, in groups. */
class Joined {
  readonly #above = new Map<string, string>();
  #top(one: string): string {
    const above = this.#above.get(one);
    return above === undefined ? one : this.#top(above);
  }
  are = (a: string, b: string): boolean => this.#top(a) === this.#top(b);
  join(a: string, b: string): void {
    if (!this.are(a, b)) this.#above.set(this.#top(a), this.#top(b));
  }
}

/** Whether it can be a port of a bridge. */
const isTunnel = ({ type, want }: Omit<Declared, "host">): boolean =>
  ["VxlanTunnel", "GeneveTunnel"].includes(type) || (type === "GreTunnel" && want.mode === "gretap");

/** What a tunnel joins bridges to: a VXLAN network is one for all its hosts, other tunnels are for two. */
function segmentOf(
  { host, type, want }: Declared,
  program: readonly Declared[],
  addresses: Readonly<Record<string, string>>,
): string | undefined {
  if (type === "VxlanTunnel") return `vxlan ${want.vni} ${want.port}`;
  if (!isTunnel({ type, want })) return undefined;
  const named = Object.entries(addresses).find(([, address]) => address === want.remote)?.[0];
  const has = (one: Declared) => one.want.local === want.remote || addressesIn(one).includes(String(want.remote));
  const other = named ?? program.find(has)?.host ?? String(want.remote);
  return `${type} ${want.vni ?? want.key} ${want.port} ${[host, other].sort().join(" ")}`;
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
