import { contains, nth, prefixLength, split } from "../provider/schema/net.ts";

/** A subnet that the Docker engines of several hosts hand addresses out of, each by itself. */
export interface SharedSubnet {
  readonly subnet: string;
  readonly gateway: string;
  /** The part of the subnet to hand out; all of it when left out. */
  readonly ipRange?: string | undefined;
  /** Addresses inside it that no engine may hand out, by any name. */
  readonly taken: Readonly<Record<string, string>>;
}

/** What one host's Docker engine is told: the `subnets` entry of its DockerNetwork. */
export interface HostSubnet {
  subnet: string;
  gateway: string;
  /** What this host, and no other, hands out. */
  ipRange: string;
  auxAddresses?: Record<string, string>;
}

/**
 * Into how many ranges a subnet is cut: a power of two, so that ranges are prefixes, and at least 4 unless told, so
 * that the first hosts to join later move no range of those that are there.
 */
export const slotCount = (hosts: number, slots: number = Math.max(hosts, 4)): number =>
  2 ** Math.ceil(Math.log2(slots));

/**
 * Which range each host hands out, counted from 0: the one it names, else the one of its place among the names of all,
 * numbers in them by their value. Not the order in which they are written: other languages do not hand it on.
 */
export function assignSlots(
  hosts: Readonly<Record<string, { readonly slot?: number | undefined }>>,
): Map<string, number> {
  return new Map(inOrder(Object.keys(hosts)).map((host, place) => [host, hosts[host]?.slot ?? place]));
}

/** Names in an order that is none of a map's: `node2` comes before `node10`. */
export const inOrder = (names: readonly string[]): string[] =>
  names.toSorted((a, b) => natural(a, b) || (a < b ? -1 : 1));

const natural = new Intl.Collator("en", { numeric: true }).compare;

/**
 * The share of the host in slot `slot` of `count`. Shares of one subnet are disjoint, hence also the hardware addresses
 * that Docker derives from IPv4 addresses. Undefined when a share would hold less than one address.
 */
export function shareOf(
  { subnet, gateway, ipRange, taken }: SharedSubnet,
  slot: number,
  count: number,
): HostSubnet | undefined {
  const range = split(ipRange ?? subnet, count)?.[slot];
  if (range === undefined) return undefined;
  // Docker refuses to be told of an address twice, and keeps the gateway out by itself.
  const isNew = (address: string, i: number) => address !== gateway && Object.values(taken).indexOf(address) === i;
  const aux = Object.entries(taken).filter(([, address], i) => contains(range, address) && isNew(address, i));
  return { subnet, gateway, ipRange: range, ...(aux.length > 0 && { auxAddresses: Object.fromEntries(aux) }) };
}

/** How many containers a host can hold with its share: without the gateway, and what nobody may use. */
export const room = (share: HostSubnet): number =>
  size(share.ipRange) - [...unusable(share)].filter((address) => contains(share.ipRange, address)).length;

/** The first addresses of a share that containers can have, as many as asked for, or as there are. */
export function firstOf(share: HostSubnet, count: number): string[] {
  const taken = unusable(share);
  const found: string[] = [];
  for (let n = 0; n < size(share.ipRange) && found.length < count; n++) {
    const address = nth(share.ipRange, n);
    if (!taken.has(address)) found.push(address);
  }
  return found;
}

const unusable = ({ subnet, gateway, auxAddresses = {} }: HostSubnet): Set<string> =>
  new Set([...ends(subnet), gateway, ...Object.values(auxAddresses)]);

/** The network address and the broadcast address of an IPv4 subnet: no one can have them. */
export const ends = (subnet: string): [string, string] => [nth(subnet, 0), nth(subnet, size(subnet) - 1)];

const size = (subnet: string): number => 2 ** (32 - prefixLength(subnet));
