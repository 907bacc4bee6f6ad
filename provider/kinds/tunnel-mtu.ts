import type { Facts } from "../host/facts.ts";
import { prefixOf } from "../host/facts.ts";
import type { Around } from "../kind.ts";
import { contains, prefixLength } from "../schema/net.ts";
import { addressesIn, linkTo } from "./routed-hosts.ts";

/** Between which addresses the outer packets of a tunnel go. */
export interface Ends {
  /** The tunnel's own name: its packets never go by itself. */
  readonly name: string;
  readonly dev?: string | undefined;
  readonly local?: string | undefined;
  readonly remotes: readonly string[];
}

interface Tunnel {
  readonly name: string;
  readonly dev?: string | undefined;
  readonly local?: string | undefined;
  readonly remote?: string | undefined;
  readonly peers?: readonly string[] | undefined;
}

/** The ends of a tunnel of any kind. */
export const endsOf = ({ name, dev, local, remote, peers = [] }: Tunnel): Ends => ({
  ...{ name, dev, local },
  remotes: remote === undefined ? peers : [remote],
});

/** The link that the outer packets leave by, of several that with the least MTU; undefined: not known. */
export const underlay = (...its: Parameters<typeof linksBelow>): Below | undefined =>
  linksBelow(...its).toSorted((a, b) => a.mtu - b.mtu)[0];

interface Below {
  readonly name: string;
  readonly mtu: number;
}

/** The links that the outer packets may leave by, each with the MTU that it has or that the program gives it. */
export function linksBelow(
  ends: Ends,
  facts: Pick<Facts, "links" | "routes">,
  { host, program }: Pick<Around, "host" | "program">,
): Below[] {
  const own = program.filter((one) => one.host === host);
  const holder = own.find((one) => ends.local !== undefined && addressesIn(one).includes(ends.local));
  const names = ends.dev
    ? [ends.dev]
    : [
        ...ends.remotes.map((remote) => wayTo(remote, ends.name, facts)),
        withAddress(ends.local, facts),
        holder?.want.name,
      ];
  return names.flatMap((name) => {
    const said = own.find(({ want }) => want.name === name && typeof want.mtu === "number")?.want.mtu;
    const mtu = said ?? facts.links.find((l) => l.name === name)?.mtu;
    return typeof name === "string" && typeof mtu === "number" ? [{ name, mtu }] : [];
  });
}

/** The largest frame that the link below leaves to a tunnel; undefined: not known. */
export function room(
  ends: Ends,
  overhead: number,
  facts: Pick<Facts, "links" | "routes">,
  around: Pick<Around, "host" | "program">,
) {
  const below = underlay(ends, facts, around);
  return below && { ...below, left: below.mtu - overhead };
}

/** The link that a host's narrowest route to an address leads by. */
function wayTo(address: string, not: string, facts: Pick<Facts, "links" | "routes">): string | undefined {
  const routes = facts.routes.filter(
    (route) =>
      route.type === "unicast" && route.tableNumber === 254 && route.dev !== not && contains(prefixOf(route), address),
  );
  const best = routes.toSorted((a, b) => prefixLength(prefixOf(b)) - prefixLength(prefixOf(a)))[0];
  return best?.dev ?? best?.hops[0]?.dev ?? linkTo(address, { links: facts.links.filter((l) => l.name !== not) });
}

/** The link that has an address; not the loopback, by which nothing leaves. */
const withAddress = (address: string | undefined, { links }: Pick<Facts, "links">): string | undefined =>
  links.find(({ name, ips }) => name !== "lo" && ips.some((ip) => ip.address === address))?.name;
