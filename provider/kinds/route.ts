import { ip } from "../host/command.ts";
import { prefixOf, routeName, usualMetric } from "../host/facts.ts";
import { hostAddress, link, type Node } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { family, isLinkLocal } from "../schema/net.ts";
import { ownerOf } from "./protocol.ts";
import { routeFindings } from "./route-findings.ts";
import { routeProblems } from "./route-problems.ts";
import { planRoute, routeOf } from "./route-words.ts";

const hopFields = {
  via: s.address("The next hop.").optional(),
  dev: s.ifname("The link to it.").optional(),
  weight: s.int("Its share of the packets, in proportion to the others'.", { min: 1, max: 256 }).default(1),
};

const largest = 2 ** 32 - 1;

export const Route = defineKind({
  type: "Route",
  summary: "A static route, IPv4 or IPv6. Destination, table and metric tell it from all others.",
  inputs: {
    destination: s.subnet("Where it leads; `0.0.0.0/0` or `::/0` for everywhere.").replaces(),
    type: s
      .oneOf("What becomes of packets: sent on, dropped in silence, or refused with an answer.", [
        "unicast",
        "blackhole",
        "unreachable",
        "prohibit",
      ])
      .default("unicast"),
    via: s.address("The next hop.").optional(),
    dev: s.ifname("The link that it goes out by; that to the next hop when left out.").optional(),
    onlink: s.bool("Whether the next hop is on the link though no address of the link says so.").optional(),
    hops: s
      .list(
        s.object("RouteHop", "One of the ways of a route that has several.", hopFields),
        "Several ways, which share the packets, in the place of `via` and `dev`.",
      )
      .optional(),
    src: s.address("The address that the host itself speaks from on this route.").optional(),
    mtu: s.int("Largest packet on this route, in bytes.", { min: 68, max: 65535 }).optional(),
    advmss: s
      .int("The largest TCP segment that is asked for on this route, in bytes.", { min: 1, max: 65535 })
      .optional(),
    metric: s
      .int("Of several routes to a destination the one with the lowest counts; 0, or 1024 for IPv6, when left out.", {
        min: 0,
        max: largest,
      })
      .derived()
      .replaces(),
    table: s
      .int("The number of the table that holds it; 254 is `main`.", { min: 1, max: largest })
      .default(254)
      .replaces(),
  },
  outputs: {},
  judgesProgram: true,
  facts: ["links", "routes"],

  derive: ({ destination }) => (destination ? { metric: usualMetric(family(String(destination))) } : {}),
  check: routeProblems,
  id: (want) => routeName({ ...want, family: family(want.destination), tableNumber: want.table }),
  edges: (want) => {
    const { destination, via, dev, onlink, hops = [], src, table } = want;
    const ways = [{ via, dev }, ...hops];
    const name = routeName({ ...want, family: family(destination), tableNumber: table });
    const devs = [...new Set(ways.flatMap((way) => way.dev ?? []))];
    const gateways = onlink ? [] : ways.flatMap((way) => (way.via && !isLinkLocal(way.via) ? [way.via] : []));
    return {
      makes: [`route ${name}`, `table ${table}`, ...(dev && !via ? [`network ${destination}` as const] : [])],
      needs: [
        ...devs.map(link),
        ...gateways.map((gateway): Node => `gateway ${gateway}`),
        ...(src ? [hostAddress(src)] : []),
      ],
    };
  },

  read: (name, facts) => {
    const found = routeOf(name, facts);
    if (!found) return undefined;
    const { type, gateway, dev, onlink, hops, source, mtu, advmss, tableNumber, metric } = found;
    const several = hops.map((hop) => ({
      ...(hop.gateway && { via: hop.gateway }),
      ...(hop.dev && { dev: hop.dev }),
      weight: hop.weight ?? 1,
    }));
    // What it does not have is undefined rather than left out: going back to this takes it away.
    return {
      destination: prefixOf(found),
      type: type as "unicast",
      via: gateway,
      dev: type === "unicast" ? dev : undefined,
      onlink: gateway ? onlink : undefined,
      hops: hops.length > 0 ? several : undefined,
      ...{ src: source, mtu, advmss },
      metric: metric ?? usualMetric(found.family),
      table: tableNumber,
      owner: ownerOf(found.protocol),
    };
  },

  examine: ({ want }, facts, around) => (want ? routeFindings(want, facts, around) : []),
  plan: planRoute,

  samples: {
    given: [
      ip`link add base0 type veth peer name base1`,
      ...["lo", "base0", "base1"].map((name) => ip`link set ${name} up`),
      ip`address add 192.168.1.10/24 dev base0`,
      ip`address add 192.168.1.11/24 dev base0`,
      ip`route add 10.9.0.0/16 via 192.168.1.7 metric 9`,
    ],
    a: { destination: "10.9.0.0/16", type: "unicast", via: "192.168.1.1", metric: 0, table: 254 },
    b: {
      ...{ destination: "10.9.0.0/16", type: "unicast", via: "192.168.1.2", dev: "base0", onlink: true, metric: 0 },
      ...{ table: 254, src: "192.168.1.11", mtu: 1400, advmss: 1300 },
    },
  },
});
