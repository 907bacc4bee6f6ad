import type { Facts } from "../host/facts.ts";
import { networksOf } from "../host/graph.ts";
import { type Around, type Declared, type Finding, refusal } from "../kind.ts";
import { contains, family, network, overlap } from "../schema/net.ts";
import {
  overlapProblem,
  type RoutedHost,
  type RoutedHosts,
  type SourceRule,
  type StaticRoute,
} from "../schema/routing.ts";

type Program = Pick<Around, "host" | "program" | "addresses">;
type Known = { -readonly [P in keyof RoutedHost]: RoutedHost[P] };

/** The hosts of a program, with what it says of their addresses, the networks behind them and their routes. */
export function routedHosts({ host, program, addresses }: Program): RoutedHosts {
  const names = new Set([host, ...Object.keys(addresses), ...program.map((one) => one.host)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const own = program.filter((one) => one.host === name);
      return [
        name,
        {
          addresses: [...(addresses[name] ? [addresses[name]] : []), ...own.flatMap(addressesIn)],
          ranges: own.flatMap(rangesIn),
          routes: own.flatMap(routesIn),
          masquerades: own.some(masquerades),
          sourceRules: own.flatMap(sourceRulesIn),
        },
      ];
    }),
  );
}

/**
 * The same, as one host may judge them: of a program that says some addresses of a host only those are known to be all
 * that lie in a network of this one.
 */
export function seenFrom(facts: Pick<Facts, "links" | "routes">, around: Program): RoutedHosts {
  const networks = networksOf(facts);
  const gateways = facts.routes.flatMap(({ destination, gateway }) =>
    destination === "default" && gateway ? [gateway] : [],
  );
  return Object.fromEntries(
    Object.entries(routedHosts(around)).map(([name, known]): [string, Known] => [
      name,
      {
        ...known,
        addresses: known.addresses?.filter((address) => networks.some((range) => contains(range, address))),
        ...(name === around.host && { gateways }),
      },
    ]),
  );
}

/** What is wrong with the networks behind a host beside those of the hosts that it has routes to, or that have some to it. */
export function rangeFindings(its: Omit<Declared, "host">, property: string, around: Program): Finding[] {
  const { host } = around;
  const hosts = routedHosts(around);
  return rangesIn({ host, ...its }).flatMap((range) => {
    const meeting = Object.entries(hosts).filter(
      ([name, other]) =>
        name !== host &&
        [hosts[host], other].some((one) => one?.routes?.some((route) => overlap(route.destination, range))),
    );
    const problem = overlapProblem(host, range, Object.fromEntries(meeting));
    return problem ? [refusal(property, problem)] : [];
  });
}

/** The link by which a host sends to a next hop, as far as the host itself tells. */
export const linkTo = (via: string | undefined, { links }: Pick<Facts, "links">): string | undefined =>
  links.find(
    ({ up, ips }) =>
      up && ips.some(({ peer, address, prefix }) => via && contains(network(`${peer ?? address}/${prefix}`), via)),
  )?.name;

/** The addresses that a resource gives to its host, without their prefix lengths. */
export const addressesIn = ({ want }: Declared): string[] =>
  ((want.addresses ?? []) as readonly string[]).map((cidr) => cidr.replace(/\/.*/, ""));

/**
 * What is behind a host: the networks of its own bridges. Those of macvlans, and of bridges whose gateway is somebody
 * else, are on the wire, behind nobody.
 */
function rangesIn({ type, want }: Declared): string[] {
  if (type === "DockerDaemon") return typeof want.bip === "string" ? [network(want.bip)] : [];
  if (type !== "DockerNetwork" || want.driver !== "bridge") return [];
  if (want.internal === true || want.inhibitIpv4 === true) return [];
  return ((want.subnets ?? []) as readonly { readonly subnet: string }[]).map(({ subnet }) => subnet);
}

/** The routes that a resource makes: of one by several hops each. */
export function routesIn({ type, want }: Declared): StaticRoute[] {
  if (type !== "Route" || want.type !== "unicast") return [];
  const {
    destination,
    via,
    dev,
    hops = [],
  } = want as unknown as StaticRoute & { readonly hops?: readonly StaticRoute[] };
  return hops.length > 0
    ? hops.map((hop) => ({ destination, via: hop.via, dev: hop.dev }))
    : [{ destination, via, dev }];
}

/** Docker does so with what leaves its bridges, unless it is told not to. */
function masquerades({ type, want }: Declared): boolean {
  if (type === "DockerDaemon") return want.bip !== undefined && want.ipMasq !== false && want.iptables !== false;
  return (
    type === "DockerNetwork" &&
    want.driver === "bridge" &&
    want.masquerade !== false &&
    rangesIn({ host: "", type, want }).some((range) => family(range) === 4)
  );
}

const sourceRulesIn = ({ type, want }: Declared): (readonly SourceRule[])[] =>
  type === "Masquerade" ? [want.rules as readonly SourceRule[]] : [];
