import { type Command, ip } from "../host/command.ts";
import { addressWords, aliasOf, type Facts, type Link, type Route } from "../host/facts.ts";
import { type Finding, refusal } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { contains, family, isLinkLocal, network } from "../schema/net.ts";

/** The largest frame of a link, which is left to the kernel unless it is said. */
export const frames = (doc: string) => s.int(doc, { min: 68, max: 65535 }).optional();

/** The inputs that all links share. A kind spreads those that it offers, with its own defaults. */
export const linkInputs = {
  mtu: frames("Largest frame, in bytes."),
  up: s.bool("Whether the link is administratively up."),
  promiscuous: s.bool("Whether the link takes frames for all hardware addresses.").optional(),
  addresses: s.set(
    s.cidr("An address with its prefix length."),
    "All static addresses, each with its prefix length. Link-local IPv6 addresses are the kernel's own and not among them.",
  ),
};

/** The outputs that all links share. */
export const linkOutputs = {
  ifindex: s.int("The kernel's number for the link.", { min: 1, max: 2 ** 31 - 1 }),
  mac: s.string("The hardware address."),
};

/** What links share, as desired: a property left out is unmanaged. */
interface LinkWant {
  readonly mtu?: number | undefined;
  readonly up?: boolean | undefined;
  readonly promiscuous?: boolean | undefined;
  readonly addresses?: readonly string[] | undefined;
}

type Surroundings = Pick<Facts, "links" | "routes">;
type Words = (address: string) => readonly string[];

/** What no link can have: reasons by path. */
export function checkLink({ addresses = [], mtu }: LinkWant): Record<string, string> {
  const i = addresses.findIndex((address) => isLinkLocal(address));
  const six = addresses.find((address) => family(address) === 6);
  return {
    ...(i >= 0 && {
      [`addresses[${i}]`]: `must not be link-local: the kernel gives each link its own, got ${addresses[i]}`,
    }),
    ...(six &&
      mtu !== undefined &&
      mtu < leastMtu6 && { mtu: `must be at least ${leastMtu6} for IPv6, and thus for ${six}, got ${mtu}` }),
  };
}

/** Below this the kernel takes IPv6 from a link (RFC 8200, section 5). */
const leastMtu6 = 1280;

/** That a link which is to be made would have the name of one that is there. */
export const linkTaken = (property: string, name: string, { kind = "NIC" }: Pick<Link, "kind">): Finding =>
  refusal(property, `${name} is taken by a link of kind ${kind}`);

/** What links share, as observed. */
export function readLink({ index, mtu, up, promiscuous, addresses, mac }: Link) {
  return { ifindex: index, mtu, up, promiscuous, addresses, mac };
}

/**
 * The commands for what links share, with what of the link's own goes with it and has to come back. Without `have` the
 * link was just made by an earlier command.
 */
export function planLink(name: string, want: LinkWant, have: LinkWant | undefined, facts: Surroundings): Command[] {
  const ips = facts.links.find((l) => l.name === name)?.ips ?? [];
  const again = (address: string) => {
    const ip = ips.find((other) => `${other.address}/${other.prefix}` === address);
    return ip ? addressWords(ip, name) : [address];
  };
  const steps = planAttributes(name, want, have, again);
  return [...steps, ...planRoutes(name, want, have, facts)];
}

function planAttributes(name: string, want: LinkWant, have: LinkWant | undefined, again: Words): Command[] {
  const steps: Command[] = [];
  if (want.mtu !== undefined && want.mtu !== have?.mtu) steps.push(ip`link set dev ${name} mtu ${want.mtu}`);
  if (want.promiscuous !== undefined && want.promiscuous !== (have?.promiscuous ?? false))
    steps.push(ip`link set dev ${name} promisc ${want.promiscuous ? "on" : "off"}`);
  const turns = want.up !== undefined && want.up !== (have?.up ?? false);
  const turn = turns ? [ip`link set dev ${name} ${want.up ? "up" : "down"}`] : [];
  if (!want.addresses) return [...steps, ...turn];
  const [want4, want6] = families(want.addresses);
  const [have4, have6] = families(have?.addresses ?? []);
  const gone6 = without(have6, want6).map((address) => ip`address delete ${address} dev ${name}`);
  // A link that goes down loses its IPv6 addresses unless `keep_addr_on_down` is set.
  if (turns && !want.up)
    return [
      ...steps,
      ...gone6,
      ...turn,
      ...planIpv4(name, want4, have4, again),
      ...want6.map((a) => replace(name, again(a))),
    ];
  const added6 = without(want6, have6).map((address) => ip`address add ${address} dev ${name}`);
  return [...steps, ...turn, ...planIpv4(name, want4, have4, again), ...added6, ...gone6];
}

const families = (all: readonly string[]) =>
  [all.filter((a) => family(a) === 4), all.filter((a) => family(a) === 6)] as const;
const without = (all: readonly string[], those: readonly string[]) => all.filter((a) => !those.includes(a));
const replace = (name: string, words: readonly string[]) => ip`address replace ${words} dev ${name}`;

/**
 * The first address of a network on a link is its primary, which the host speaks from. Where a network's addresses
 * change, the first that is wanted becomes the primary: so a way back ends where it began.
 */
function planIpv4(name: string, want: readonly string[], have: readonly string[], again: Words): Command[] {
  const changes = [...new Set([...have, ...want].map(network))].map((net) => {
    const [wanted, there] = [want, have].map((all) => all.filter((a) => network(a) === net)) as [string[], string[]];
    const [added, kept] = [without(wanted, there), there.filter((a) => wanted.includes(a))];
    if (added.length === 0 && kept.length === there.length) return { added: [], gone: [], lost: [] };
    const gone =
      kept[0] === undefined || kept[0] === wanted[0] ? without(there, kept) : without(there, wanted.slice(0, 1));
    // A primary takes the others with it unless `promote_secondaries` is set: put them back.
    const lost = there[0] !== undefined && gone.includes(there[0]) ? wanted : [];
    // The last first: what goes with its primary could not be deleted after it.
    return { added, gone: gone.toReversed(), lost };
  });
  return [
    // An interface without addresses loses its routes: add before deleting.
    ...changes.flatMap(({ added }) => added.map((address) => ip`address add ${address} dev ${name}`)),
    ...changes.flatMap(({ gone }) => gone.map((address) => ip`address delete ${address} dev ${name}`)),
    ...changes.flatMap(({ lost }) => lost.map((address) => replace(name, again(address)))),
  ];
}

/** With an address go the routes that need it: those that the addresses to come can carry too stay. */
function planRoutes(name: string, want: LinkWant, have: LinkWant | undefined, { routes }: Surroundings): Command[] {
  const { addresses } = want;
  const gone = addresses ? without(have?.addresses ?? [], addresses) : [];
  if (!addresses || gone.length === 0 || want.up === false) return [];
  const families = new Set(gone.map(family));
  const carried = ({ gateway, source, words }: Route) =>
    !gone.some((address) => address.replace(/\/.*/, "") === source) &&
    (gateway === undefined || words.includes("onlink") || addresses.some((a) => contains(network(a), gateway)));
  const own = routes.filter(
    (route) => route.dev === name && route.protocol !== "kernel" && !route.dynamic && families.has(route.family),
  );
  const kept = own.filter(carried).filter((route) => !routes.some((other) => isRival(other, route)));
  return nearestFirst(kept).map(({ family, words }) => ip`-${family} route replace ${words}`);
}

/** Whether `replace` of one would take the place of the other. */
const isRival = (a: Route, b: Route): boolean =>
  a !== b && a.family === b.family && a.destination === b.destination && a.table === b.table && a.metric === b.metric;

/** Routes in an order in which each gateway is reachable when it is its turn. */
export const nearestFirst = (routes: readonly Route[]): Route[] => [
  ...routes.filter(({ gateway }) => gateway === undefined),
  ...routes.filter(({ gateway }) => gateway !== undefined),
];

/** Writes into the link whose it is, and at most one thing more that nothing else on the host tells. */
export function planOwner(
  name: string,
  owner: string,
  have: { owner?: string | undefined } | undefined,
  note: readonly [what: string, value: string] | undefined = undefined,
): Command[] {
  if (have?.owner === owner) return [];
  return [ip`link set dev ${name} alias ${aliasOf(owner)}${note ? `;${note.join("=")}` : ""}`];
}
