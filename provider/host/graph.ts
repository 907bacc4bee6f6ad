import { contains, isLinkLocal, network } from "../schema/net.ts";
import { listed, nearest } from "../schema/words.ts";
import { containerCalled, type Facts, prefixOf } from "./facts.ts";

/**
 * A thing that others stand on: `link ens33`, `docker-network mac_net11`, `route 10.0.0.0/8`. An `address` is made with its
 * prefix length and needed without; a `gateway` is reached by an address, or by a `network` that a route makes on-link.
 */
export type Node = `${Sort} ${string}`;
type Sort =
  | "link"
  | "ovs-bridge"
  | "ovs-port"
  | "ovs-mirror"
  | "ovs-monitoring"
  | "ovs-flows"
  | "docker-network"
  | "docker-container"
  | "docker-connection"
  | "container"
  | "attachment"
  | "docker-daemon"
  | "swarm"
  | "swarm-node"
  | "address"
  | "network"
  | "gateway"
  | "route"
  | "table"
  | "rule"
  | "sysctl"
  | "firewall-chain";

export const link = (name: string): Node => `link ${name}`;
/** An address of the host. */
export const hostAddress = (address: string): Node => `address ${address}`;
/** The names of the links among nodes. */
export const linksIn = (nodes: readonly Node[]): string[] => namesIn("link", nodes);
export const ovsBridge = (name: string): Node => `ovs-bridge ${name}`;
/** A port of a bridge of Open vSwitch: no two bridges of a host have ports of one name. */
export const ovsPort = (name: string): Node => `ovs-port ${name}`;
export const firewallChain = (name: string): Node => `firewall-chain ${name}`;
export const dockerNetwork = (name: string): Node => `docker-network ${name}`;
/** A container, by name or ID; none is made by a resource. */
export const dockerContainer = (name: string): Node => `docker-container ${name}`;
/** What an attachment is in: a container by name or ID, or a network namespace by its path. */
export const container = (name: string): Node => `container ${name}`;
export const attachment = (name: string): Node => `attachment ${name}`;
export const dockerConnection = (container: string, network: string): Node =>
  `docker-connection ${container}/${network}`;
/** The Docker daemon, of which a host has one; what stands on it needs no resource for it. */
export const dockerDaemon: Node = "docker-daemon daemon";

/** A host's place in a swarm, of which it has one at most. */
export const swarmMembership: Node = "swarm membership";
/** A node of a swarm, as its managers see it. */
export const swarmNode = (node: string): Node => `swarm-node ${node}`;

/** The names of a sort of nodes. */
export const namesIn = (sort: Sort, nodes: readonly Node[]): string[] =>
  nodes.flatMap((node) => (node.startsWith(`${sort} `) ? [node.slice(sort.length + 1)] : []));

/** What a node is called, without its sort. */
export const nameOf = (node: Node): string => split(node)[1];

/** A link, and the addresses that it gets. */
export const linkWith = (name: string, addresses: readonly string[] = []): Node[] => [
  link(name),
  ...addresses.map(hostAddress),
];

/** Whether who makes the one node has what needs the other. */
export function gives(made: Node, needed: Node): boolean {
  if (made === needed) return true;
  const [[sort, range], [need, address]] = [split(made), split(needed)];
  if (need === "address") return sort === "address" && range.startsWith(`${address}/`);
  return need === "gateway" && (sort === "address" || sort === "network") && contains(network(range), address);
}

/** The node among these that is the same thing as one of those; an address may be on two links, routes in one table. */
export const shared = (these: readonly Node[], those: readonly Node[]): Node | undefined =>
  these.find((node) => !/^(address|network|table) /.test(node) && those.includes(node));

/** Says which needed node a host lacks and what it has instead, or undefined when it is there. */
export function missing(node: Node, host: string, facts: Facts): string | undefined {
  const [sort, name] = split(node);
  const there = present(sort, facts);
  if (isThere(node, facts)) return undefined;
  if (sort === "swarm") return `${host} is in no swarm, and its Docker has no key-value store`;
  const near = sort === "gateway" ? undefined : nearest(name, there);
  const has = there.length ? `it has ${listed(there.toSorted(), "and")}` : "it has none";
  const what = sort === "gateway" ? `network that ${name} is in` : `${sort.replace("-", " ")} ${name}`;
  return `${host} has no ${what}: ${has}${near ? `; did you mean ${near}?` : ""}`;
}

/** The networks that are on a link of the host, whose addresses can be gateways. */
export const networksOf = ({ links, routes }: Pick<Facts, "links" | "routes">): string[] => {
  const addresses = links.filter(({ name, up }) => up && name !== "lo").flatMap(({ ips }) => ips);
  const direct = routes.filter(
    ({ type, dev, gateway, tableNumber }) => type === "unicast" && dev && !gateway && tableNumber !== 255,
  );
  return [
    ...new Set([
      ...addresses.map(({ peer, address, prefix }) => network(`${peer ?? address}/${prefix}`)),
      ...direct.map(prefixOf),
    ]),
  ].filter((range) => !isLinkLocal(range) && !contains("ff00::/8", range));
};

/** For each operation a node that it needs and neither the host has nor another operation makes; undefined: it can go on. */
export function unmet(operations: readonly Ordered[], facts: Facts): (Node | undefined)[] {
  const made = (waiting: readonly (Node | undefined)[]) => [
    ...new Set(operations.flatMap((o, i) => (o.removes || waiting[i] ? [] : o.edges.makes))),
  ];
  const lacks = (o: Ordered, making: readonly Node[]) =>
    o.edges.needs.find(
      (node) => !(making.some((m) => gives(m, node)) && !o.edges.makes.includes(node)) && !isThere(node, facts),
    );
  let waiting: (Node | undefined)[] = operations.map(() => undefined);
  // What one that waits would make is not made either, so others may have to wait for it: until nothing changes.
  for (;;) {
    const making = made(waiting);
    const next = operations.map((o, i) => waiting[i] ?? (o.removes ? undefined : lacks(o, making)));
    if (next.every((node, i) => node === waiting[i])) return waiting;
    waiting = next;
  }
}

function isThere(node: Node, facts: Facts): boolean {
  const [sort, name] = split(node);
  if (sort === "container" && containerCalled(name, facts.namespaces.containers)) return true;
  // A key-value store serves for overlay networks too.
  if (sort === "swarm") return facts.swarm.state === "active" || facts.swarm.clusterStore !== undefined;
  if (sort === "docker-container") return containerCalled(name, facts.docker.containers) !== undefined;
  const there = present(sort, facts);
  if (sort === "gateway") return there.some((range) => contains(range, name));
  // A worker lists an overlay network of its swarm only once a container is in it.
  return there.includes(name) || (sort === "docker-network" && facts.swarm.state === "active" && !facts.swarm.manager);
}

function present(sort: Sort, facts: Facts): string[] {
  switch (sort) {
    case "link":
      return facts.links.map((l) => l.name);
    case "ovs-bridge":
      return facts.ovs.bridges.map((b) => b.name);
    case "ovs-port":
      return facts.ovs.bridges.flatMap(({ ports }) => ports.map((port) => port.name));
    case "docker-network":
      return facts.docker.networks.map((n) => n.name);
    case "docker-container":
      return facts.docker.containers.map((c) => c.name);
    case "container":
      return [...facts.namespaces.containers, ...facts.namespaces.namespaces.map(({ path }) => ({ name: path }))].map(
        (c) => c.name,
      );
    case "docker-daemon":
      return ["daemon"];
    case "address":
      return facts.links.flatMap(({ ips }) => ips.map(({ address }) => address));
    case "gateway":
      return networksOf(facts);
    default:
      // Nobody needs these.
      return [];
  }
}

const split = (node: Node) => {
  const blank = node.indexOf(" ");
  return [node.slice(0, blank) as Sort, node.slice(blank + 1)] as const;
};

interface Ordered {
  readonly edges: { readonly makes: readonly Node[]; readonly needs: readonly Node[] };
  /** Whether it takes away what it names in `makes`. */
  readonly removes: boolean;
}

/**
 * The operations of a group in an order in which each finds what it needs, with the indices of those that must have
 * succeeded before it: what makes a node precedes what needs it; what removes a node follows what stood on it.
 * Operations without edges between them keep their order; a cycle is broken where it is entered.
 */
export function order<T extends Ordered>(operations: readonly T[]): { operation: T; after: number[] }[] {
  const before = operations.map((to) => operations.filter((from) => from !== to && precedes(from, to)));
  const sorted: T[] = [];
  const entered = new Set<T>();
  const visit = (operation: T) => {
    if (entered.has(operation)) return;
    entered.add(operation);
    for (const earlier of before[operations.indexOf(operation)] ?? []) visit(earlier);
    sorted.push(operation);
  };
  operations.forEach(visit);
  return sorted.map((operation, i) => ({
    operation,
    after: (before[operations.indexOf(operation)] ?? []).map((earlier) => sorted.indexOf(earlier)).filter((k) => k < i),
  }));
}

function precedes(from: Ordered, to: Ordered): boolean {
  const stands = (on: Ordered, what: Ordered) =>
    what.edges.needs.some((node) => on.edges.makes.some((made) => gives(made, node)));
  const same = from.edges.makes.some((node) => to.edges.makes.includes(node));
  if (from.removes && to.removes) return stands(to, from);
  // A thing that is removed and made again (a replacement) goes first; whoever made it anew must not precede.
  if (from.removes) return same;
  if (to.removes) return false;
  return stands(from, to);
}
