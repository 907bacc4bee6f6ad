import { contains, network, overlap, prefixLength } from "./net.ts";
import { listed } from "./words.ts";

/** What is known of a host on which others' packets arrive. What is left out is not known, and not judged. */
export interface RoutedHost {
  /** Where other hosts reach it. */
  readonly addresses?: readonly string[] | undefined;
  /** Its default gateways, which know nothing of the ranges of hosts. */
  readonly gateways?: readonly string[] | undefined;
  /** The networks behind it, of its containers. */
  readonly ranges?: readonly string[] | undefined;
  readonly routes?: readonly StaticRoute[] | undefined;
  /** Whether what leaves its ranges gets the host's own address, as Docker does it. */
  readonly masquerades?: boolean | undefined;
  /** What keeps its address all the same; a side that is left out stands for all. */
  readonly exempt?: readonly Flow[] | undefined;
}

export interface StaticRoute {
  readonly destination: string;
  readonly via?: string | undefined;
}

/** Packets from one network to another. */
export interface Flow {
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
}

/** Hosts by name. */
export type RoutedHosts = Readonly<Record<string, RoutedHost>>;

/** A mistake in the routes among hosts: on which host, and a sentence of what is wrong there. */
export interface RoutingMistake {
  readonly host: string;
  readonly sort: "overlap" | "next hop" | "way back" | "masquerading";
  readonly text: string;
}

/** All mistakes in the routes among hosts. Pure: hosts are not asked. */
export function checkRouting(hosts: RoutedHosts): RoutingMistake[] {
  return Object.entries(hosts).flatMap(([host, { ranges = [], routes = [] }]) => {
    const named = (sort: RoutingMistake["sort"], text: string | undefined): RoutingMistake[] =>
      text === undefined ? [] : [{ host, sort, text }];
    return [
      ...ranges.flatMap((range) => named("overlap", said(`range ${range}`, overlapProblem(host, range, hosts)))),
      ...routes.flatMap((route) => {
        const about = `route to ${route.destination}`;
        return [
          ...named("next hop", said(`next hop of the ${about}`, hopProblem(host, route, hosts))),
          ...named("way back", said(about, wayBackProblem(host, route, hosts))),
          ...named("masquerading", said(about, masqueradeProblem(host, route, hosts))),
        ];
      }),
    ];
  });
}

const said = (what: string, problem: string | undefined) => problem && `${what} ${problem}`;

/** What is wrong with a range of a host beside those of the others; continues its name. */
export function overlapProblem(host: string, range: string, hosts: RoutedHosts): string | undefined {
  for (const [other, { ranges = [], addresses = [] }] of Object.entries(hosts)) {
    const theirs = other === host ? undefined : ranges.find((one) => overlap(one, range));
    if (theirs !== undefined) return `must not overlap with ${theirs} of ${other}, got ${range}`;
    const inside = addresses.find((address) => contains(range, address));
    if (inside !== undefined) return `must not hold ${inside}, where other hosts reach ${other}, got ${range}`;
  }
  return undefined;
}

/** What is wrong with the next hop of a route on a host; continues `via`. */
export function hopProblem(host: string, route: StaticRoute, hosts: RoutedHosts): string | undefined {
  const { destination, via } = route;
  const owner = ownerOf(destination, hosts);
  if (via === undefined || owner === undefined || owner === host) return undefined;
  const { addresses = [] } = hosts[owner] ?? {};
  const isGateway = hosts[host]?.gateways?.includes(via) ?? false;
  const between = Object.keys(hosts).find((name) => hosts[name]?.addresses?.includes(via));
  if (addresses.includes(via) || (addresses.length === 0 && !isGateway && between === undefined)) return undefined;
  // It may know the way on.
  if (between !== undefined && between !== host && leads(hosts[between], destination)) return undefined;
  const known = addresses.length > 0 ? ` (${listed(addresses)})` : "";
  return `must be an address of ${owner}${known}, which has ${destination}, got ${via}, ${nameOf()}`;

  function nameOf(): string {
    if (between !== undefined) return `which is ${between}'s and leads nowhere from there`;
    return isGateway ? `the default gateway of ${host}` : "which is no host's of the program";
  }
}

/** What keeps answers from coming back to the ranges of a host that has a route; continues the route's name. */
export function wayBackProblem(host: string, { destination }: StaticRoute, hosts: RoutedHosts): string | undefined {
  const owner = ownerOf(destination, hosts);
  if (owner === undefined || owner === host) return undefined;
  const missing = (hosts[host]?.ranges ?? []).filter((range) => !leads(hosts[owner], range));
  if (missing.length === 0) return undefined;
  return `has no way back: ${owner} has no route to ${listed(missing, "and")} of ${host}, and answers to its default gateway`;
}

/** What becomes of source addresses on a route of a host; continues the route's name. */
export function masqueradeProblem(host: string, { destination }: StaticRoute, hosts: RoutedHosts): string | undefined {
  const owner = ownerOf(destination, hosts);
  const { ranges = [], masquerades = false, exempt = [] } = hosts[host] ?? {};
  if (!masquerades || owner === undefined || owner === host) return undefined;
  const isExempt = (source: string) =>
    exempt.some((flow) => within(flow.source, source) && within(flow.destination, destination));
  const changed = ranges.filter((range) => !isExempt(range));
  if (changed.length === 0) return undefined;
  return `is masqueraded: what comes from ${listed(changed, "and")} arrives on ${owner} with the address of ${host} as its source`;
}

/** The one host that has a destination, as a range of its own or as what all of its own that are in it make up. */
export function ownerOf(destination: string, hosts: RoutedHosts): string | undefined {
  // A default route leads to what nobody has.
  if (prefixLength(destination) === 0) return undefined;
  const owners = Object.keys(hosts).filter((name) => hosts[name]?.ranges?.some((range) => overlap(range, destination)));
  return owners.length === 1 ? owners[0] : undefined;
}

const leads = (host: RoutedHost | undefined, destination: string): boolean =>
  host?.routes?.some((route) => prefixLength(route.destination) > 0 && contains(route.destination, destination)) ??
  false;

const within = (outer: string | undefined, inner: string): boolean =>
  outer === undefined || contains(outer.includes("/") ? network(outer) : outer, inner);
