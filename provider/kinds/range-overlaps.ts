import { type DockerNetworkFact, type Facts, prefixOf } from "../host/facts.ts";
import { type Around, type Declared, type Finding, refusal, warning } from "../kind.ts";
import { network, overlap, prefixLength } from "../schema/net.ts";

/** Networks that something on a host is to have for itself. */
export interface Ranges {
  /** Where the program says them. */
  readonly property: string;
  readonly ranges: readonly string[];
  /** Whether a link is theirs: its own address and routes are no rivals. */
  isOwn(link: string): boolean;
}

/** What the host has in these ranges already: routes, also those of a VPN or of a provider, and addresses. */
export function liveOverlaps(
  { property, ranges, isOwn }: Ranges,
  { links, routes }: Pick<Facts, "links" | "routes">,
): Finding[] {
  const rivals = [
    ...routes.filter(({ table }) => table !== "local").map((route) => ({ range: prefixOf(route), by: route.dev })),
    ...links.flatMap(({ name, ips }) =>
      ips.map(({ peer, address, prefix }) => ({ range: network(`${peer ?? address}/${prefix}`), by: name })),
    ),
  ].filter(({ range, by }) => isSpecific(range) && !(by !== undefined && isOwn(by)));
  const met = ranges.flatMap((mine) =>
    rivals
      .filter(({ range }) => overlap(range, mine))
      .map(({ range, by = "another route" }) => `${mine} overlaps with ${range}, which the host reaches by ${by}`),
  );
  // An address has mostly a route of its network.
  return [...new Set(met)].map((reason) => warning(property, reason));
}

/** Some VPNs write a default route as its two halves. */
const isSpecific = (range: string): boolean => prefixLength(range) > 1;

/** What of these ranges the program gives to others on the same host: two of them can never be true. */
export const programOverlaps = (
  { property, ranges, isOwn }: Ranges,
  { host, program }: Pick<Around, "host" | "program">,
): Finding[] =>
  program
    .filter((one) => one.host === host)
    .flatMap((one) => claimsOf(one, isOwn))
    .flatMap(({ range, whose }) =>
      ranges
        .filter((mine) => overlap(range, mine))
        .map((mine) => refusal(property, `${mine} overlaps with ${range} ${whose}`)),
    );

function claimsOf({ type, want }: Declared, isOwn: Ranges["isOwn"]): { range: string; whose: string }[] {
  if (type === "DockerNetwork")
    return ((want.subnets ?? []) as readonly { readonly subnet: string }[]).map(({ subnet }) => ({
      range: subnet,
      whose: `of the network ${want.name}`,
    }));
  if (type === "DockerDaemon")
    return typeof want.bip === "string" ? [{ range: network(want.bip), whose: "of docker0 (bip)" }] : [];
  const addresses = isOwn(String(want.name)) ? [] : ((want.addresses ?? []) as readonly string[]);
  return addresses.map((cidr) => ({ range: network(cidr), whose: `of ${want.name ?? want.mac}` }));
}

/** The bridges of Docker's networks: those that nobody has named are called by the network's ID. */
export const bridgesOf = (networks: readonly DockerNetworkFact[]): string[] =>
  networks.map(({ id, options }) => options["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`);

/** Tells whether a link is docker0, one of these bridges, a port of one or a macvlan on one, on the host or by the program. */
export function among(
  bridges: readonly string[],
  { links }: Pick<Facts, "links">,
  { host, program }: Pick<Around, "host" | "program">,
): Ranges["isOwn"] {
  const is = (name: unknown) => bridges.includes(String(name));
  const there = links.filter(({ master, parent, macvlan }) => is(master) || (macvlan && is(parent)));
  const planned = program
    .filter((one) => one.host === host)
    .flatMap(({ type, want }) => {
      // What a bridge takes over it has in the end.
      if (type === "Bridge" && is(want.name)) return Object.keys((want.ports as object | undefined) ?? {});
      return type === "Macvlan" && is(want.parent) ? [String(want.name)] : [];
    });
  // A docker0 that Docker has left behind is its own too.
  const own = new Set(["docker0", ...bridges, ...there.map(({ name }) => name), ...planned]);
  return (name) => own.has(name);
}
