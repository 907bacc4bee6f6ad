import { families } from "./families.ts";

/** A route of any table, but those that the kernel keeps for its own addresses in the table `local`. */
export interface Route {
  readonly family: 4 | 6;
  /** `unicast`, `blackhole`, `unreachable`, `throw`… */
  readonly type: string;
  /** A prefix, an address, or `default`. */
  readonly destination: string;
  /** By name or number, as iproute2 shows it. */
  readonly table: string;
  /** Who added it: `kernel` with an address, `ra`, `dhcp`, `static`, `boot`… */
  readonly protocol: string;
  readonly scope: string;
  readonly metric?: number;
  /** The preferred source address. */
  readonly source?: string;
  readonly gateway?: string;
  /** The link that it goes out by; undefined when it goes by several hops. */
  readonly dev?: string;
  /** Of a route that goes by several hops. */
  readonly hops: readonly { readonly gateway?: string; readonly dev?: string }[];
  /** It ends by itself: from router advertisements, or added with an end. */
  readonly dynamic: boolean;
  /** Seconds until then, where the kernel counts them. */
  readonly expires?: number;
  /** The words after `ip -4 route add` that make it again, exactly, apart from when it expires. */
  readonly words: readonly string[];
}

/** What iproute2 tells of a route that nobody asked for: it changes with the carrier or with the hardware. */
const observed = new Set([
  ...["linkdown", "dead", "pervasive", "offload", "offload_failed", "trap", "unresolved"],
  ...["rt_offload", "rt_offload_failed", "rt_trap", "cache"],
]);

/**
 * Reads what `ip -d -o route show table all` printed for both families. The text is read rather than JSON, for only the
 * text tells which metrics are locked; and what it says are the words that add the route again.
 */
export const parseRoutes = (stdout: string): Route[] =>
  families(stdout).flatMap(({ family, lines }) => lines.map((line) => parseRoute(family, line)).filter(isKept));

const isKept = ({ table, protocol }: Route) => !(table === "local" && protocol === "kernel");

type Hop = Record<string, string>;

/** Reads one line of it. */
export function parseRoute(family: 4 | 6, line: string): Route {
  const [type, destination, ...rest] = line.split(/\\?(?:\s+|$)/).filter((word) => word !== "");
  if (type === undefined || destination === undefined) throw new Error(`\`${line}\` is no route`);
  const words = [type, destination];
  const hops: Hop[] = [{}];
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
    words.push(...(two ? [value, more] : [value]));
    Object.assign(hops.at(-1) as Hop, { [word]: two ? more : value });
    i += two ? 2 : 1;
  }
  const [whole = {}, ...several] = hops;
  const { table = "main", proto = "boot", scope = "global", metric, src, via, dev } = whole;
  return {
    ...{ family, type, destination, table, protocol: proto, scope },
    ...(metric !== undefined && { metric: Number(metric) }),
    ...(src !== undefined && { source: src }),
    ...hopOf({ via, dev }),
    hops: several.map(hopOf),
    dynamic: expires !== undefined || proto === "ra",
    ...(expires !== undefined && { expires }),
    words,
  };
}

/** The words after `ip -4 route add` that make a route again, exactly, with what is left of its time. */
export function routeWords({ words, expires }: Route): string[] {
  // What follows `nexthop` is about that hop.
  const hops = words.includes("nexthop") ? words.indexOf("nexthop") : words.length;
  return words.toSpliced(hops, 0, ...(expires === undefined ? [] : ["expires", `${expires}`]));
}

const hopOf = ({ via, dev }: { readonly via?: string | undefined; readonly dev?: string | undefined }) => ({
  ...(via !== undefined && { gateway: via }),
  ...(dev !== undefined && { dev }),
});
