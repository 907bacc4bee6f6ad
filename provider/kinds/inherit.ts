import { type Command, ip } from "../host/command.ts";
import {
  type Address,
  addressPlace,
  addressWords,
  type Facts,
  type Link,
  noteOf,
  type Route,
  routeWords,
} from "../host/facts.ts";
import { network } from "../schema/net.ts";
import { ownerOf } from "./protocol.ts";

type Network = Pick<Facts, "links" | "routes">;

/** The addresses of a link that move with it: neither those that the kernel makes by itself nor what a DHCP client holds. */
export const heldBy = (name: string, { links }: Pick<Facts, "links">): Address[] =>
  (links.find((l) => l.name === name)?.ips ?? []).filter(({ family, scope, dynamic, temporary }) =>
    family === 4 ? !dynamic : !temporary && scope !== "link",
  );

/**
 * The commands that move the addresses and routes of one link to another, without a moment at which the host has none:
 * first they are on both, then each route changes its link, then the addresses leave the first. Both links must be up.
 */
export function moveLayer3(from: string, to: string, facts: Network): Command[] {
  const held = heldBy(from, facts);
  const there = new Set(heldBy(to, facts).map(placeOf));
  const byHand = held.filter(({ flags }) => flags.includes("noprefixroute")).map((a) => network(cidrOf(a)));
  const routes = facts.routes.filter(({ dev, hops }) => [dev, ...hops.map((hop) => hop.dev)].includes(from));
  // Most routes of the kernel's own come and go with their addresses.
  const lasting = routes.filter((r) => !r.dynamic && (r.protocol !== "kernel" || byHand.includes(r.destination)));
  const ending = routes.filter((r) => r.dynamic);
  return [
    ...inOrder(held).flatMap((address) => (there.has(placeOf(address)) ? [] : add(address, from, to))),
    // What is on the link carries the others.
    ...[...lasting.filter((r) => !isIndirect(r)), ...lasting.filter(isIndirect)].map(
      ({ family, words }) => ip`-${family} route replace ${redirected(words, from, to)}`,
    ),
    // The kernel's own of these do not end with their address. With one on each link IPv6 would make one route of both.
    ...ending.flatMap((route) => [
      ip`-${route.family} route delete ${route.words}`,
      ...(route.protocol === "kernel" ? [] : [again(route, redirected(route.words, from, to))]),
    ]),
    // The last first: a primary address takes the others with it.
    ...held.toReversed().map((address) => ip`address delete ${addressPlace(address)} dev ${from}`),
  ];
}

const placeOf = (address: Address) => addressPlace(address).join();
const cidrOf = ({ address, prefix }: Address) => `${address}/${prefix}`;
const isIndirect = ({ gateway, hops }: Route) => gateway !== undefined || hops.some((hop) => hop.gateway !== undefined);
const redirected = (words: readonly string[], from: string, to: string) =>
  words.map((word, i) => (words[i - 1] === "dev" && word === from ? to : word));

/** The command that adds a route, which may be one that ends. */
const again = (route: Route, words: readonly string[]): Command =>
  ip`-${route.family} route append ${routeWords({ ...route, words })}`;

/** The kernel puts a new IPv4 address behind the others, and a new IPv6 address before them. */
const inOrder = (held: readonly Address[]) => [
  ...held.filter(({ family }) => family === 4),
  ...held.filter(({ family }) => family === 6).toReversed(),
];

function add(address: Address, from: string, to: string): Command[] {
  const { family, flags, dynamic, validLife = "forever", preferredLife = "forever" } = address;
  const life = dynamic ? ["valid_lft", `${validLife}`, "preferred_lft", `${preferredLife}`] : [];
  const words = [...addressWords(relabelled(address, from, to), to), ...life];
  if (family === 4 || flags.includes("nodad")) return [ip`address add ${words} dev ${to}`];
  // Nobody else on the wire can have an address that was here until now; that it was not asked for need not stay.
  return [ip`address add ${words} nodad dev ${to}`, ip`address replace ${words} dev ${to}`];
}

/** With the label that it has on another link: one that does not begin with the link's name, or is too long, is refused. */
function relabelled({ label, ...rest }: Address, from: string, to: string): Address {
  const suffix = label?.startsWith(`${from}:`) ? label.slice(from.length) : "";
  return suffix && to.length + suffix.length <= 15 ? { ...rest, label: to + suffix } : rest;
}

/** Why the addresses of a link cannot be moved; undefined when they can. */
export function cannotInherit(name: string, { links }: Pick<Facts, "links">): string | undefined {
  // An address that a router advertises has the prefix of its network, one of DHCPv6 has none.
  const isLeased = ({ family, dynamic, prefix }: Address) => dynamic && (family === 4 || prefix === 128);
  const leased = links.find((l) => l.name === name)?.ips.find(isLeased);
  return (
    leased &&
    `must be a link with static addresses: ${cidrOf(leased)} of ${name} is leased by ` +
      `${leased.family === 4 ? "DHCP" : "DHCPv6"}, whose client would go on there; make it static in the network ` +
      "configuration of the distribution, or let that make the bridge"
  );
}

/** What of a link a bridge that is to be made, or is there, takes over, or has. */
export interface Takeover {
  /** The commands that move it. */
  readonly moves: Command[];
  /** What the bridge has then, but for what else is asked of it. */
  readonly there: { readonly up?: boolean | undefined; readonly addresses?: readonly string[] | undefined };
}

/** Takes a link over. `taker` is the bridge that has it already, by hand or by a change that was cut short. */
export function takeOver(
  { name, inheritFrom, up }: { readonly name: string; readonly inheritFrom?: string | undefined; readonly up: boolean },
  have: Takeover["there"] | undefined,
  taker: Link | undefined,
  facts: Network,
): Takeover {
  const before = inheritFrom && !have ? returned(inheritFrom, taker, facts) : facts;
  const held = (inheritFrom ? heldBy(inheritFrom, before) : []).filter(({ dynamic }) => !dynamic);
  return {
    moves: inheritFrom ? moveLayer3(inheritFrom, name, before) : [],
    there: have ?? { up, addresses: held.map(cidrOf) },
  };
}

/** The bridge of the kernel that has taken a link over. */
export const takerOf = (heir: string, links: readonly Link[]): Link | undefined => {
  const master = links.find((l) => l.name === heir)?.master;
  return links.find((l) => l.name === master && noteOf(l, "inherits") === heir);
};

/** The host as it was before a bridge took this link over: what the bridge has now is the link's again. */
function returned<N extends Network>(heir: string, taker: Link | undefined, facts: N): N {
  if (!taker) return facts;
  const swap = (word: string | undefined) => (word === taker.name ? heir : word);
  const ips = taker.ips.map((address) => relabelled(address, taker.name, heir));
  return {
    ...facts,
    links: facts.links.map((l) => (l.name === heir ? { ...l, ips } : l === taker ? { ...l, ips: [] } : l)),
    routes: facts.routes.map((route) => ({
      ...route,
      ...(route.dev && { dev: swap(route.dev) }),
      hops: route.hops.map((hop) => ({ ...hop, ...(hop.dev && { dev: swap(hop.dev) }) })),
      words: redirected(route.words, taker.name, heir),
    })),
  };
}

/** What of the host's network does not end by itself, nor has a boot file of its own. */
export const lasting = <N extends Network>(facts: N): N => ({
  ...facts,
  links: facts.links.map((l) => ({ ...l, ips: l.ips.filter(({ dynamic }) => !dynamic) })),
  routes: facts.routes.filter(({ dynamic, protocol }) => !dynamic && ownerOf(protocol) !== undefined),
});
