import type { Facts } from "../host/facts.ts";
import { hostAddress, link, networksOf } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { contains, isLinkLocal, network, overlap } from "../schema/net.ts";
import { hopProblem, masqueradeProblem, ownerOf, wayBackProblem } from "../schema/routing.ts";
import { listed } from "../schema/words.ts";
import type { RouteWant } from "./route-words.ts";
import { linkTo, seenFrom } from "./routed-hosts.ts";

type Host = Pick<Facts, "links" | "routes">;
type Surroundings = Pick<Around, "changes" | "host" | "program" | "addresses">;

/** What on a host keeps a route from being made, or from being of use. */
export function routeFindings(want: RouteWant, facts: Host, around: Surroundings): Finding[] {
  const { via, dev, hops = [], src, onlink = false } = want;
  const ways = [{ at: "", via, dev, onlink }, ...hops.map((hop, i) => ({ at: `hops[${i}].`, onlink, ...hop }))];
  const own = facts.links.flatMap(({ name, ips }) => ips.map(({ address }) => ({ name, address })));
  return [
    ...ways.flatMap((way) => [...devFindings(way, facts, around), ...gatewayFindings(way, own, facts, around)]),
    ...(src && !own.some(({ address }) => address === src) && !around.changes(hostAddress(src))
      ? [refusal("src", `must be an address of the host (${listed(addressesOf(facts))}), got ${src}`)]
      : []),
    ...(want.type === "unicast" ? programFindings(want, ways, facts, around) : []),
  ];
}

/** What the rest of the program says against it: on the host that it leads to, and on this one. */
function programFindings(
  { destination }: RouteWant,
  ways: readonly Way[],
  facts: Host,
  around: Surroundings,
): Finding[] {
  const { host } = around;
  const hosts = seenFrom(facts, around);
  const devs = ways.map(({ via, dev }) => dev ?? linkTo(via, facts));
  const masqueraded = new Set(devs.map((dev) => masqueradeProblem(host, { destination, dev }, hosts)));
  const told = (property: string, reason: string | undefined) => (reason ? [warning(property, reason)] : []);
  return [
    ...ways.flatMap(({ at, via }) => told(`${at}via`, hopProblem(host, { destination, via }, hosts))),
    ...told("", wayBackProblem(host, { destination }, hosts)),
    ...[...masqueraded].flatMap((problem) => told("", problem)),
    ...nearbyFindings(destination, ownerOf(destination, hosts), facts, around),
  ];
}

/** What of another host's network is on a link of this one, as far as it stays there. */
function nearbyFindings(
  destination: string,
  owner: string | undefined,
  { links }: Host,
  { host, changes }: Surroundings,
): Finding[] {
  if (owner === undefined || owner === host) return [];
  const near = links
    .filter(({ name, up }) => up && name !== "lo" && !changes(link(name)))
    .flatMap(({ name, ips }) =>
      ips.map(({ peer, address, prefix }) => ({ name, range: network(`${peer ?? address}/${prefix}`) })),
    )
    .filter(({ range }) => overlap(range, destination));
  return near.map(({ name, range }) =>
    warning(
      "destination",
      `${destination} of ${owner} overlaps with ${range}, which is on ${name} of ${host}: what both hold goes to one of them only`,
    ),
  );
}

interface Way {
  readonly at: string;
  readonly via?: string | undefined;
  readonly dev?: string | undefined;
  readonly onlink: boolean;
}

function devFindings({ at, dev }: Way, { links }: Host, { changes }: Pick<Around, "changes">): Finding[] {
  if (!dev || changes(link(dev))) return [];
  const found = links.find(({ name }) => name === dev);
  const names = links.map(({ name }) => name).toSorted();
  if (!found) return [refusal(`${at}dev`, `must be a link of the host (${listed(names)}), got ${dev}`)];
  return found.up ? [] : [refusal(`${at}dev`, `must be up to carry a route, and ${dev} is down`)];
}

function gatewayFindings(
  { at, via, dev, onlink }: Way,
  own: readonly { name: string; address: string }[],
  facts: Host,
  { changes }: Pick<Around, "changes">,
): Finding[] {
  if (!via) return [];
  const itself = own.find(({ address }) => address === via);
  if (itself)
    return [
      refusal(`${at}via`, `must be the address of another host, got ${via}, which is this one's own (${itself.name})`),
    ];
  if (onlink || isLinkLocal(via) || changes(`gateway ${via}`)) return [];
  const networks = networksOf(facts);
  const there = networks.length > 0 ? listed(networks.toSorted(), "and") : "there is none";
  const down = facts.links.find(({ up, addresses }) => !up && addresses.some((cidr) => contains(network(cidr), via)));
  const hint = down ? `, which is on ${down.name}, but that is down` : "; or onlink";
  if (!networks.some((range) => contains(range, via)))
    return [refusal(`${at}via`, `must be in a network that is on a link of the host (${there}), got ${via}${hint}`)];
  const known = dev && facts.links.some(({ name }) => name === dev) && !changes(link(dev));
  return known && !networksOf(onlyBy(dev, facts)).some((range) => contains(range, via))
    ? [refusal(`${at}via`, `must be in a network that is on ${dev}, got ${via}; or onlink`)]
    : [];
}

/** What of a host goes by one link. */
const onlyBy = (dev: string, { links, routes }: Host): Host => ({
  links: links.filter(({ name }) => name === dev),
  routes: routes.filter((route) => route.dev === dev),
});

const addressesOf = ({ links }: Host) => links.flatMap(({ ips }) => ips.map(({ address }) => address)).toSorted();
