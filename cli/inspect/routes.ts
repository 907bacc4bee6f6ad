import { type Route, routeName, ruleName } from "../../provider/host/facts.ts";
import { type Found, type Item, keeperOf, type Owners, rendererOf, type Whose } from "./item.ts";

/** Protocols with which renderers mark what they add; ifupdown marks nothing. */
const rendered = new Set(["dhcp", "ra", "static"]);

/** The routes as items; those that come with an address go without saying. */
export function routeItems(found: Found, owners: Owners): Item[] {
  return found.routes
    .filter(({ protocol }) => protocol !== "kernel")
    .map((route) => {
      const { whose, owner } = whoseRoute(route, found, owners);
      return {
        whose,
        ...(owner !== undefined && { owner }),
        sort: "route",
        name: nameOf(route),
        says: [`proto ${route.protocol}`, ...(route.metric === undefined ? [] : [`metric ${route.metric}`])].join(", "),
        notes: [],
      };
    });
}

function whoseRoute(route: Route, found: Found, owners: Owners): { whose: Whose; owner?: string | undefined } {
  const keeper = keeperOf(found, `route ${routeName(route)}`);
  if (keeper) return { whose: "ours", owner: keeper.owner };
  const dev = route.dev ?? route.hops[0]?.dev;
  const link = dev === undefined ? undefined : owners.get(dev);
  const renderer = rendererOf(found, dev);
  if (renderer && (rendered.has(route.protocol) || renderer === "ifupdown")) return { whose: renderer };
  if (link && ["ours", "docker", "openvswitch"].includes(link.whose)) return link;
  return { whose: route.protocol === "ra" ? "kernel" : "unknown" };
}

function nameOf({ type, destination, gateway, dev, hops, table }: Route): string {
  const way = (hop: { readonly gateway?: string; readonly dev?: string }) => [
    ...(hop.gateway === undefined ? [] : ["via", hop.gateway]),
    ...(hop.dev === undefined ? [] : ["dev", hop.dev]),
  ];
  return [
    ...(type === "unicast" ? [] : [type]),
    destination,
    ...way({ ...(gateway !== undefined && { gateway }), ...(dev !== undefined && { dev }) }),
    ...hops.flatMap((hop) => ["nexthop", ...way(hop)]),
    ...(table === "main" ? [] : ["table", table]),
  ].join(" ");
}

/** Those that every Linux has. */
const common = new Set(["0 from all lookup local", "32766 from all lookup main", "32767 from all lookup default"]);

/** The rules that choose tables of routes, as items, but for those that every host has. */
export function ruleItems(found: Found): Item[] {
  return found.rules.flatMap((rule): Item[] => {
    const { family, priority, words } = rule;
    const text = words.join(" ");
    const protocol = /\bproto (\S+)/.exec(text)?.[1];
    if (common.has(`${priority} ${text.replace(/ proto \S+$/, "")}`)) return [];
    const renderer = found.renderers.find(({ name }) => name !== "ifupdown")?.name;
    const whose = protocol === "kernel" ? "kernel" : protocol && rendered.has(protocol) ? renderer : undefined;
    const name = `${priority}: ${text.replace(/ proto (unspec|boot)\b/, "")}`;
    const item = { sort: "rule" as const, name, says: `IPv${family}`, notes: [] };
    const keeper = keeperOf(found, `rule ${ruleName(rule)}`);
    return [keeper ? { ...item, whose: "ours", owner: keeper.owner } : { ...item, whose: whose ?? "unknown" }];
  });
}
