import { families, type TableNumber, tableNumbers } from "./families.ts";

/** A route of any table, but those that the kernel keeps for its own addresses in the table `local`. */
export interface Route {
  readonly family: 4 | 6;
  /** `unicast`, `blackhole`, `unreachable`, `throw`… */
  readonly type: string;
  /** A prefix, an address, or `default`. */
  readonly destination: string;
  /** By name or number, as iproute2 shows it. */
  readonly table: string;
  readonly tableNumber: number;
  /** Who added it: `kernel` with an address, `ra`, `dhcp`, `static`, `boot`… */
  readonly protocol: string;
  readonly scope: string;
  readonly metric?: number;
  /** The preferred source address. */
  readonly source?: string;
  readonly gateway?: string;
  /** The link that it goes out by; undefined when it goes by several hops. */
  readonly dev?: string;
  /** The gateway needs no address of the link that it is in the network of. */
  readonly onlink: boolean;
  readonly mtu?: number;
  readonly advmss?: number;
  /** Of a route that goes by several hops. */
  readonly hops: readonly Hop[];
  /** It ends by itself: from router advertisements, or added with an end. */
  readonly dynamic: boolean;
  /** Seconds until then, where the kernel counts them. */
  readonly expires?: number;
  /** Of its words those that nothing above tells. */
  readonly others: readonly string[];
  /** The words after `ip -4 route add` that make it again, exactly, apart from when it expires. */
  readonly words: readonly string[];
}

export interface Hop {
  readonly gateway?: string;
  readonly dev?: string;
  readonly weight?: number;
}

/** What iproute2 tells of a route that nobody asked for: it changes with the carrier or with the hardware. */
const observed = new Set([
  ...["linkdown", "dead", "pervasive", "offload", "offload_failed", "trap", "unresolved"],
  ...["rt_offload", "rt_offload_failed", "rt_trap", "cache"],
]);

/** What a route tells by properties of its own. */
const told = new Set([
  "via",
  "dev",
  "onlink",
  "table",
  "proto",
  "scope",
  "metric",
  "src",
  "mtu",
  "advmss",
  "nexthop",
  "weight",
]);

/**
 * Reads what `ip -d -o route show table all` printed for both families. The text is read rather than JSON, for only the
 * text tells which metrics are locked; and what it says are the words that add the route again.
 */
export const parseRoutes = (stdout: string): Route[] =>
  families(stdout).flatMap(({ family, lines, tableNumber }) =>
    lines.map((line) => parseRoute(family, line, tableNumber)).filter(isKept),
  );

const isKept = ({ table, protocol }: Route) => !(table === "local" && protocol === "kernel");

/** What follows each word that has a value. */
type Said = Record<string, string>;

/** Reads one line of it. */
export function parseRoute(family: 4 | 6, line: string, tableNumber: TableNumber = tableNumbers()): Route {
  const [type, destination, ...rest] = line.split(/\\?(?:\s+|$)/).filter((word) => word !== "");
  if (type === undefined || destination === undefined) throw new Error(`\`${line}\` is no route`);
  const words = [type, destination];
  const hops: Said[] = [{}];
  const others: string[] = [];
  let expires: number | undefined;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] as string;
    if (observed.has(word)) continue;
    if (word === "expires" || word === "error") {
      // What a dead route answers with follows from its type.
      if (word === "expires") expires = Number.parseInt(rest[i + 1] ?? "", 10);
      i += 1;
      continue;
    }
    words.push(word);
    if (word === "nexthop") hops.push({});
    if (word === "nexthop" || word === "onlink") continue;
    const [value = "", more = ""] = [rest[i + 1], rest[i + 2]];
    const two = (word === "via" && value === "inet6") || value === "lock";
    const values = two ? [value, more] : [value];
    words.push(...values);
    if (!told.has(word)) others.push(word, ...values);
    Object.assign(hops.at(-1) as Said, { [word]: two ? more : value });
    i += two ? 2 : 1;
  }
  const [whole = {}, ...several] = hops;
  const { table = "main", proto = "boot", scope = "global", metric, src, mtu, advmss } = whole;
  return {
    ...{ family, type, destination, table, tableNumber: tableNumber(table), protocol: proto, scope },
    ...(metric !== undefined && { metric: Number(metric) }),
    ...(src !== undefined && { source: src }),
    ...hopOf(whole),
    onlink: several.length === 0 && words.includes("onlink"),
    ...(mtu !== undefined && { mtu: Number(mtu) }),
    ...(advmss !== undefined && { advmss: Number(advmss) }),
    hops: several.map(hopOf),
    dynamic: expires !== undefined || proto === "ra",
    ...(expires !== undefined && { expires }),
    others,
    words,
  };
}

/** The words after `ip -4 route add` that make a route again, exactly, with what is left of its time. */
export function routeWords({ words, expires }: Route): string[] {
  // What follows `nexthop` is about that hop.
  const hops = words.includes("nexthop") ? words.indexOf("nexthop") : words.length;
  return words.toSpliced(hops, 0, ...(expires === undefined ? [] : ["expires", `${expires}`]));
}

const hopOf = ({ via, dev, weight }: Said): Hop => ({
  ...(via !== undefined && { gateway: via }),
  ...(dev !== undefined && { dev }),
  ...(weight !== undefined && { weight: Number(weight) }),
});

/** The metric of a route for which none is given. */
export const usualMetric = (family: 4 | 6): number => (family === 6 ? 1024 : 0);

/** Where a route leads, always as a prefix. */
export const prefixOf = ({ family, destination }: Pick<Route, "family" | "destination">): string => {
  if (destination === "default") return family === 6 ? "::/0" : "0.0.0.0/0";
  return destination.includes("/") ? destination : `${destination}/${family === 6 ? 128 : 32}`;
};

/** What tells a route from all others, for the kernel too: `10.0.0.0/8`, `0.0.0.0/0,table=100,metric=50`. */
export function routeName(route: Pick<Route, "family" | "destination" | "tableNumber" | "metric">): string {
  const { family, tableNumber, metric = usualMetric(family) } = route;
  return [
    prefixOf(route),
    ...(tableNumber === 254 ? [] : [`table=${tableNumber}`]),
    ...(metric === usualMetric(family) ? [] : [`metric=${metric}`]),
  ].join();
}
