import type { Values } from "../provider/schema/field.ts";
import { contains, family, network, nth, prefixLength } from "../provider/schema/net.ts";
import { overlapProblem } from "../provider/schema/routing.ts";
import { ends } from "./address-plan.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { routedBridges } from "./routed-bridges-schema.ts";

/** What is made on one host. */
export interface BridgePlan {
  /** Of docker0, with its prefix. */
  readonly bip: string;
  /** The range of its containers. */
  readonly subnet: string;
  readonly peers: readonly Peer[];
}

/** Another host, as one host sends to its containers. */
export interface Peer {
  readonly name: string;
  readonly subnet: string;
  readonly via: string;
}

/** A rule of a set, in the words of its kind. */
export interface PairRule {
  readonly action: string;
  readonly source: string;
  readonly destination: string;
}

type Bridges = Sound<Values<typeof routedBridges.inputs>>;
type Host = ReturnType<typeof hostsOf>[number];

const hostsOf = ({ hosts }: Bridges) => named(hosts, "hosts");

/** Computes the bridges from the arguments, host by host; throws one RunError that names every mistake in them. */
export const planBridges = (name: string, args: unknown): Map<string, BridgePlan> =>
  planned(routedBridges, name, args, planHosts);

/** One rule for each direction between a host's own range and that of each other. */
export const pairRules = (action: string, { subnet, peers }: BridgePlan): PairRule[] =>
  peers.flatMap((peer) => [
    { action, source: subnet, destination: peer.subnet },
    { action, source: peer.subnet, destination: subnet },
  ]);

function planHosts(right: Bridges, report: Report): Map<string, BridgePlan> {
  const hosts = hostsOf(right);
  if (right.hosts && hosts.length < 2) report("hosts", `must name at least two hosts, got ${hosts.length}`);
  for (const host of hosts) {
    if (host.address !== undefined && family(host.address) === 6)
      report(`${host.path}.address`, `must be an IPv4 address, got ${host.address}`);
    const problem = host.range && bridgeProblem(host.range);
    if (problem) report(`${host.path}.range`, problem);
  }
  checkAmong(hosts, report);
  const whole = hosts.flatMap(({ name, address, range }) =>
    address && range ? [{ name, via: address, bip: range, subnet: network(range) }] : [],
  );
  return new Map(
    whole.map(({ name, bip, subnet }) => {
      const others = whole.filter((other) => other.name !== name);
      return [name, { bip, subnet, peers: others.map(({ bip: _, ...peer }) => peer) }];
    }),
  );
}

/** What no bridge of Docker can have as its address. */
function bridgeProblem(range: string): string | undefined {
  if (family(range) === 6) return `must be an IPv4 address with its prefix length, got ${range}`;
  const [net, length] = [network(range), prefixLength(range)];
  if (length > 30) return `must leave room for containers, a prefix length of at most 30, got ${range}`;
  const i = ends(net).indexOf(addressIn(range));
  if (i < 0) return undefined;
  const what = i === 0 ? "the address of the network itself" : "its broadcast address";
  return `must be the address of docker0 in its network, like ${nth(net, 1)}/${length}, got ${range}, ${what}`;
}

const addressIn = (cidr: string): string => cidr.slice(0, cidr.indexOf("/"));

/** Each pair is told once, at the later of the two. */
function checkAmong(hosts: readonly Host[], report: Report): void {
  for (const [i, { name, path, address, range }] of hosts.entries()) {
    const earlier = hosts.slice(0, i);
    const twin = earlier.find((other) => address !== undefined && other.address === address);
    if (twin) report(`${path}.address`, `must differ from that of ${twin.name}, got ${address}`);
    const ranges = Object.fromEntries(
      earlier.flatMap((other) => (other.range ? [[other.name, { ranges: [network(other.range)] }]] : [])),
    );
    const clash = range && overlapProblem(name, network(range), ranges);
    if (clash) report(`${path}.range`, clash);
    const holder = hosts.find((other) => address && other.range && contains(network(other.range), address));
    if (holder?.range)
      report(
        `${path}.address`,
        `must be outside of all ranges, where hosts reach each other without them, got ${address}, which is in ${network(holder.range)} of ${holder.name}`,
      );
  }
}
