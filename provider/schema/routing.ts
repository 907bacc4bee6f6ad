import { contains, family, isNamed, network, overlap, prefixLength } from "./net.ts";
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
  /** Whether what leaves its ranges gets the host's own address where no rule says otherwise, as Docker does it. */
  readonly masquerades?: boolean | undefined;
  /** Its rules for source addresses, set by set: in each the first that fits counts; which set comes first, none says. */
  readonly sourceRules?: readonly (readonly SourceRule[])[] | undefined;
}

export interface StaticRoute {
  readonly destination: string;
  readonly via?: string | undefined;
  /** The link that it goes out by, where that is known. */
  readonly dev?: string | undefined;
}

/** What becomes of the source address of packets, as a `Masquerade` says it; what is left out stands for all. */
export interface SourceRule {
  /** `exempt` for those that keep it. */
  readonly action: string;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly outInterface?: string | undefined;
  readonly family?: string | undefined;
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
export function masqueradeProblem(host: string, route: StaticRoute, hosts: RoutedHosts): string | undefined {
  const owner = ownerOf(route.destination, hosts);
  const { ranges = [], masquerades = false, sourceRules = [] } = hosts[host] ?? {};
  if (owner === undefined || owner === host) return undefined;
  const changed = ranges.filter((range) => {
    const firsts = sourceRules.map((set) => set.find((rule) => decides(rule, range, route))?.action);
    const isExempt = firsts.includes("exempt");
    return firsts.some((action) => action !== undefined && action !== "exempt") || (masquerades && !isExempt);
  });
  if (changed.length === 0) return undefined;
  return `is masqueraded: what comes from ${listed(changed, "and")} arrives on ${owner} with the address of ${host} as its source`;
}

/** Whether a rule settles it: one that exempts must be about all of a range, of others a part is too much. */
function decides(rule: SourceRule, range: string, { destination, dev }: StaticRoute): boolean {
  const { action, source, outInterface, family: only } = rule;
  const fits = action === "exempt" ? contains : overlap;
  const is = (said: string | undefined, what: string) => said === undefined || fits(asRange(said), what);
  const leaves = dev === undefined || outInterface === undefined || isNamed(outInterface, dev);
  return (
    (only === undefined || only === `ipv${family(range)}`) &&
    leaves &&
    is(source, range) &&
    is(rule.destination, destination)
  );
}

const asRange = (said: string): string =>
  said.includes("/") ? network(said) : `${said}/${family(said) === 6 ? 128 : 32}`;

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
