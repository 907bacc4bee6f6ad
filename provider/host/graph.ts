import { listed, nearest } from "../schema/words.ts";
import type { Facts } from "./facts.ts";

/** A thing that others stand on: `link ens33`, `docker-network mac_net11`. */
export type Node = `${"link" | "docker-network"} ${string}`;

export const link = (name: string): Node => `link ${name}`;
/** The names of the links among nodes. */
export const linksIn = (nodes: readonly Node[]): string[] =>
  nodes.flatMap((node) => (node.startsWith("link ") ? [node.slice("link ".length)] : []));
export const dockerNetwork = (name: string): Node => `docker-network ${name}`;

/** Says which needed node a host lacks and what it has instead, or undefined when it is there. */
export function missing(node: Node, host: string, facts: Facts): string | undefined {
  const [sort, name] = split(node);
  const there = present(sort, facts);
  if (there.includes(name)) return undefined;
  const near = nearest(name, there);
  const has = there.length ? `it has ${listed(there.toSorted(), "and")}` : "it has none";
  return `${host} has no ${sort.replace("-", " ")} ${name}: ${has}${near ? `; did you mean ${near}?` : ""}`;
}

/** For each operation a node that it needs and neither the host has nor another operation makes; undefined: it can go on. */
export function unmet(operations: readonly Ordered[], facts: Facts): (Node | undefined)[] {
  const made = (waiting: readonly (Node | undefined)[]) =>
    new Set(operations.flatMap((o, i) => (o.removes || waiting[i] ? [] : o.edges.makes)));
  const lacks = (o: Ordered, making: ReadonlySet<Node>) =>
    o.edges.needs.find((node) => !(making.has(node) && !o.edges.makes.includes(node)) && !isThere(node, facts));
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
  return present(sort, facts).includes(name);
}

const present = (sort: string, facts: Facts) =>
  sort === "link" ? facts.links.map((l) => l.name) : facts.docker.networks.map((n) => n.name);

const split = (node: Node) => {
  const blank = node.indexOf(" ");
  return [node.slice(0, blank), node.slice(blank + 1)] as const;
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
  const stands = (on: Ordered, what: Ordered) => what.edges.needs.some((node) => on.edges.makes.includes(node));
  const same = from.edges.makes.some((node) => to.edges.makes.includes(node));
  if (from.removes && to.removes) return stands(to, from);
  // A thing that is removed and made again (a replacement) goes first; whoever made it anew must not precede.
  if (from.removes) return same;
  if (to.removes) return false;
  return stands(from, to);
}
