import { type Command, ip } from "../host/command.ts";
import { type Facts, type Route, routeName } from "../host/facts.ts";
import { family } from "../schema/net.ts";
import { protocolOf } from "./protocol.ts";

/** A route in the words of its inputs. */
export interface RouteWant {
  readonly destination: string;
  readonly type: "unicast" | "blackhole" | "unreachable" | "prohibit";
  readonly via?: string | undefined;
  readonly dev?: string | undefined;
  readonly onlink?: boolean | undefined;
  readonly hops?: readonly Hop[] | undefined;
  readonly src?: string | undefined;
  readonly mtu?: number | undefined;
  readonly advmss?: number | undefined;
  readonly metric: number;
  readonly table: number;
}

interface Hop {
  readonly via?: string | undefined;
  readonly dev?: string | undefined;
  readonly weight: number;
}

/** The route of a name. One for certain senders or for a certain type of service only is another. */
export const routeOf = (name: string, { routes }: Pick<Facts, "routes">): Route | undefined => {
  const all = routes.filter(
    (route) => routeName(route) === name && !route.others.includes("tos") && !route.others.includes("from"),
  );
  return all.find(({ protocol }) => protocol === protocolOf(undefined)) ?? all[0];
};

/** The commands that turn one route into another of the same destination, table and metric. */
export function planRoute(
  want: RouteWant | undefined,
  have: (RouteWant & { owner?: string | undefined }) | undefined,
  { owner, facts }: { readonly owner: string; readonly facts: Pick<Facts, "routes"> },
): Command[] {
  const route = want ?? have;
  if (!route) return [];
  const six = family(route.destination) === 6;
  if (!want) {
    const place = { ...route, src: undefined, mtu: undefined, advmss: undefined };
    return [ip`-${six ? 6 : 4} route delete ${words(place, protocolOf(have?.owner))}`];
  }
  const name = routeName({ ...route, family: six ? 6 : 4, tableNumber: route.table });
  const kept = have && want.type === have.type ? merged(want, have) : want;
  const all = words(kept, protocolOf(owner));
  if (have && `${all}` === `${words(have, protocolOf(have.owner))}`) return [];
  // In one step: at no moment is it absent.
  return [ip`-${six ? 6 : 4} route replace ${words(kept, protocolOf(owner), routeOf(name, facts)?.others)}`];
}

/** What is wanted, with what is there of all that is left out; what is said to be undefined goes. A way is told whole. */
function merged(want: RouteWant, have: RouteWant): RouteWant {
  const { via, dev, onlink, hops, ...rest } = have;
  const moves = want.hops !== undefined || (want.via ?? via) !== via || (want.dev ?? dev) !== dev || (want.via && hops);
  const known = want.hops?.map((hop, i) => (hop.via === hops?.[i]?.via ? { ...hops?.[i], ...hop } : hop));
  return { ...rest, ...(!moves && { via, dev, onlink, hops }), ...want, ...(known && { hops: known }) };
}

function words(route: RouteWant, protocol: string, others: readonly string[] = []): string[] {
  const { destination, type, via, dev, onlink, hops = [], src, mtu, advmss, metric, table } = route;
  const option = (name: string, value: string | number | undefined) => (value === undefined ? [] : [name, `${value}`]);
  const gateway = (address: string | undefined) =>
    address && family(address) !== family(destination) ? ["via", "inet6", address] : option("via", address);
  return [
    ...(type === "unicast" ? [] : [type]),
    destination,
    ...gateway(via),
    ...option("dev", dev),
    ...(onlink ? ["onlink"] : []),
    ...(table === 254 ? [] : ["table", `${table}`]),
    ...["proto", protocol],
    ...(metric === 0 ? [] : ["metric", `${metric}`]),
    ...option("src", src),
    ...option("mtu", mtu),
    ...option("advmss", advmss),
    ...others,
    ...hops.flatMap((hop) => ["nexthop", ...gateway(hop.via), ...option("dev", hop.dev), "weight", `${hop.weight}`]),
  ];
}
