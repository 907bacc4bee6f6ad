import { type Command, ip, render, tool } from "./command.ts";
import { type Facts, type Link, type Route, type Rule, routeName, routeWords, ruleName } from "./facts.ts";
import { restoreAddresses } from "./restore/addresses.ts";

export { narrowScript, restoreScript, savedFiles, saveScript, settingsScript } from "./restore/script.ts";

/** The part of a host that is put back exactly. */
export type Network = Pick<Facts, "links" | "routes" | "rules">;

/** Links by name, and all that stands on them: VLANs and macvlans on their parents, bridges on their ports. */
export function above(links: readonly Link[], names: Iterable<string>): Set<string> {
  const all = new Set(names);
  // A set that grows while it is walked is walked to its end.
  for (const name of all) {
    for (const link of links) if (link.parent === name) all.add(link.name);
    const master = links.find((link) => link.name === name)?.master;
    if (master) all.add(master);
  }
  return all;
}

/** The links that are ports of bridges of these names. */
export const portsOf = (links: readonly Link[], bridges: ReadonlySet<string>): string[] =>
  links.filter(({ master }) => master !== undefined && bridges.has(master)).map(({ name }) => name);

/**
 * The commands that put these links back as they were, with their addresses and their order, routes and rules: none when
 * they are. Links that are not there now, or were not before, are left to whoever makes and removes them; so are the routes
 * and rules of `kept`, by name, which somebody else has changed meanwhile.
 */
export function restore(
  was: Network,
  is: Network,
  links: ReadonlySet<string>,
  kept: ReadonlySet<string> = new Set(),
): Command[] {
  const [before, now] = [without(was, kept), without(is, kept)];
  const pairs = lowestFirst(before.links).flatMap((was) => {
    const is = now.links.find(({ name }) => name === was.name);
    return is && links.has(was.name) ? [{ was, is }] : [];
  });
  const attributes = restoreLinks(pairs, now.links);
  const addresses = pairs.map(({ was, is }) => {
    // A link that goes down loses its IPv6 addresses unless `keep_addr_on_down` is set.
    const left = is.up && !was.up ? { ...is, ips: is.ips.filter(({ family }) => family === 4) } : is;
    return { was, is, commands: [...restoreAddresses(was, left, 4), ...restoreAddresses(was, left, 6)] };
  });
  const shaken = addresses.filter(({ was, is, commands }) => was.up !== is.up || commands.length > 0);
  const there = new Set(pairs.map(({ was }) => was.name));
  const routes = restoreRoutes(before, now, there, new Set(shaken.map(({ was }) => was.name)));
  return [
    ...routes.gone,
    ...attributes,
    ...addresses.flatMap(({ commands }) => commands),
    ...routes.added,
    ...restoreRules(before.rules, now.rules, there),
  ];
}

const without = ({ links, routes, rules }: Network, kept: ReadonlySet<string>): Network => ({
  links,
  routes: routes.filter((route) => !kept.has(routeName(route))),
  rules: rules.filter((rule) => !kept.has(ruleName(rule))),
});

interface Pair {
  readonly was: Link;
  readonly is: Link;
}

/** Each link after those that it stands on. */
function lowestFirst(links: readonly Link[]): Link[] {
  const sorted = new Set<Link>();
  const visit = (link: Link, path: readonly Link[]) => {
    if (path.includes(link)) return;
    for (const below of links)
      if (below.name === link.parent || below.master === link.name) visit(below, [...path, link]);
    sorted.add(link);
  };
  for (const link of links) visit(link, []);
  return [...sorted];
}

function restoreLinks(pairs: readonly Pair[], links: readonly Link[]): Command[] {
  const set = (some: readonly Pair[], words: (was: Link) => (string | number)[]) =>
    some.map(({ was }) => ip`link set dev ${was.name} ${words(was).map(String)}`);
  const differing = (aspect: (link: Link) => unknown) => pairs.filter(({ was, is }) => aspect(was) !== aspect(is));
  const mtu = differing((link) => link.mtu);
  const up = differing((link) => link.up).filter(({ was }) => was.up);
  // A VLAN interface comes up with its parent.
  const pulled = pairs.filter(({ was, is }) => !was.up && !is.up && up.some((p) => p.was.name === was.parent));
  const down = pairs.filter((pair) => (!pair.was.up && pair.is.up) || pulled.includes(pair));
  return [
    ...set(
      differing((link) => link.master).filter(({ was }) => !was.master || links.some((l) => l.name === was.master)),
      ({ master }) => (master ? ["master", master] : ["nomaster"]),
    ),
    ...set(
      differing((link) => link.mac).filter(({ was }) => was.mac !== ""),
      (was) => ["address", was.mac],
    ),
    // A VLAN's MTU is at most its parent's, which would take it down with itself.
    ...set(mtu.filter(({ was, is }) => was.mtu < is.mtu).reverse(), (was) => ["mtu", was.mtu]),
    ...set(
      mtu.filter(({ was, is }) => was.mtu > is.mtu),
      (was) => ["mtu", was.mtu],
    ),
    ...set(
      differing((link) => link.promiscuous),
      (was) => ["promisc", was.promiscuous ? "on" : "off"],
    ),
    ...set(up, () => ["up"]),
    ...set(down.reverse(), () => ["down"]),
  ];
}

const textOf = ({ family, words }: Route | Rule): string => `-${family} ${words.join(" ")}`;

/** Routes go with addresses and with links that go down: those of the shaken links may all be gone by now. */
function restoreRoutes(before: Network, now: Network, links: ReadonlySet<string>, shaken: ReadonlySet<string>) {
  const sources = (names: ReadonlySet<string>) =>
    new Set(before.links.filter(({ name }) => names.has(name)).flatMap(({ ips }) => ips.map((a) => a.address)));
  const [all, some] = [sources(links), sources(shaken)];
  const speaksFrom = ({ source }: Route, addresses: ReadonlySet<string>) =>
    source !== undefined && addresses.has(source);
  const was = new Set(before.routes.map(textOf));
  const is = new Set(now.routes.map(textOf));
  const wanted = before.routes.filter((r) => usesOf(r, links) || speaksFrom(r, all));
  const missing = wanted.filter((r) => !is.has(textOf(r)) || usesOf(r, shaken) || speaksFrom(r, some));
  const extra = now.routes.filter(
    (r) => !was.has(textOf(r)) && usesOf(r, links) && !r.dynamic && !isKernels(r, shaken),
  );
  const rivals = [...before.routes, ...now.routes.filter((r) => !extra.includes(r))];
  const nearestFirst = [...missing].sort((a, b) => distance(a) - distance(b));
  return {
    gone: extra.map((r) => ip`-${r.family} route delete ${r.words}`),
    added: nearestFirst.map((r) => addRoute(r, rivals)),
  };
}

const usesOf = ({ dev, hops }: Route, links: ReadonlySet<string>): boolean =>
  [dev, ...hops.map((hop) => hop.dev)].some((name) => name !== undefined && links.has(name));

/** What the kernel made with an address goes with it. */
const isKernels = (route: Route, shaken: ReadonlySet<string>) => route.protocol === "kernel" && usesOf(route, shaken);

/** A gateway must be reachable by a route that is there before: first what is on the link, the default route last. */
function distance({ destination, gateway, hops }: Route): number {
  if (destination === "default") return 2;
  return gateway !== undefined || hops.some((hop) => hop.gateway !== undefined) ? 1 : 0;
}

/** Neither command fails or changes anything where the route is there. */
function addRoute(route: Route, all: readonly Route[]): Command {
  const words = routeWords(route);
  const rival = all.some((other) => isRival(route, other));
  if (!rival) return ip`-${route.family} route replace ${words}`;
  // `replace` would take the place of a route to the same destination by another link; `append` refuses what is there.
  return tool("sh")`-c ${`${render(ip`-${route.family} route append ${words}`)} || :`}`;
}

const isRival = (a: Route, b: Route): boolean =>
  textOf(a) !== textOf(b) &&
  a.family === b.family &&
  a.destination === b.destination &&
  a.table === b.table &&
  a.metric === b.metric;

/** All that are gone; of those that are new only such as name one of the links, for others may be somebody else's. */
function restoreRules(before: readonly Rule[], now: readonly Rule[], links: ReadonlySet<string>): Command[] {
  const full = (rule: Rule) => `${rule.priority} ${textOf(rule)}`;
  const [was, is] = [before, now].map((rules) => new Set(rules.map(full)));
  const names = ({ words }: Rule) =>
    words.some((word, i) => (words[i - 1] === "iif" || words[i - 1] === "oif") && links.has(word));
  const extra = now.filter((rule) => !was?.has(full(rule)) && names(rule));
  const missing = before.filter((rule) => !is?.has(full(rule)));
  return [
    ...missing.map((rule) => ip`-${rule.family} rule add priority ${rule.priority} ${rule.words}`),
    ...extra.map((rule) => ip`-${rule.family} rule delete priority ${rule.priority} ${rule.words}`),
  ];
}
