import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { collapseIPv6Number, IPv4, IPv4CidrRange, IPv6, IPv6CidrRange } from "ip-num";

type Range = IPv4CidrRange | IPv6CidrRange;

/** The family of an address or prefix as text. */
export const family = (text: string): 4 | 6 => (text.includes(":") ? 6 : 4);

/** How many bits an address of this family has. */
const bits = (text: string): number => (family(text) === 6 ? 128 : 32);

/** An address in its normal form (RFC 5952 for IPv6), or undefined when the text is none. */
export function parseAddress(text: string): string | undefined {
  // ip-num takes an IPv4 tail with anything behind it; Node takes a zone.
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  return attempt(() => show(family(text) === 6 ? new IPv6(text) : new IPv4(text)));
}

/** An address with its prefix length in normal form, like `10.0.0.5/24`, or undefined when the text is none. */
export function parseCidr(text: string): string | undefined {
  const [address, length, ...rest] = text.split("/");
  if (address === undefined || length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const normal = parseAddress(address);
  return normal === undefined || Number(length) > bits(normal) ? undefined : `${normal}/${Number(length)}`;
}

/** An address with or without a port in normal form, like `10.0.0.5:8080` or `[fd00::5]:8080`, or undefined when the text is none. */
export function parseEndpoint(text: string): string | undefined {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\](?=:)|([^[\]]+?))(?::(\d{1,5}))?$/.exec(isIP(text) ? "" : text) ?? [];
  if (bracketed === undefined && plain === undefined) return parseAddress(text);
  const address = parseAddress(bracketed ?? plain ?? "");
  const fits = port !== undefined && Number(port) > 0 && Number(port) <= 65535;
  if (address === undefined || !fits || (family(address) === 6) !== (bracketed !== undefined)) return undefined;
  return bracketed === undefined ? `${address}:${Number(port)}` : `[${address}]:${Number(port)}`;
}

/** The address of what `parseEndpoint` made. */
export const endpointAddress = (endpoint: string): string =>
  isIP(endpoint) ? endpoint : endpoint.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");

/** The network of a prefix: `10.0.0.0/24` for `10.0.0.5/24`. */
export function network(cidr: string): string {
  return `${show(range(cidr).getFirst())}/${prefixLength(cidr)}`;
}

/** The number of network bits: 24 for `10.0.0.0/24`. */
export const prefixLength = (cidr: string): number => Number(cidr.slice(cidr.indexOf("/") + 1));

/** Whether the prefix `outer` holds the address or the whole prefix `inner`. */
export function contains(outer: string, inner: string): boolean {
  if (family(outer) !== family(inner)) return false;
  const [a, b] = [bounds(outer), bounds(inner)];
  return a.first <= b.first && b.last <= a.last;
}

/** Whether an address or prefix is one of those that each link has for itself (IPv6). */
export const isLinkLocal = (text: string): boolean => contains("fe80::/10", text);

/** Whether an address stands for none, or for any. */
export const isUnspecified = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** Whether an address is that of a group of hosts. */
export const isMulticast = (address: string): boolean =>
  contains(family(address) === 4 ? "224.0.0.0/4" : "ff00::/8", address);

/** Whether two prefixes share an address. */
export function overlap(a: string, b: string): boolean {
  if (family(a) !== family(b)) return false;
  const [one, other] = [bounds(a), bounds(b)];
  return one.first <= other.last && other.first <= one.last;
}

/**
 * A subnet cut into at least `parts` equal ranges, each a prefix, in order: `["10.0.0.0/25", "10.0.0.128/25"]`.
 * The number of ranges is the next power of two. Undefined when a range would hold no address.
 */
export function split(subnet: string, parts: number): string[] | undefined {
  const length = prefixLength(subnet) + Math.ceil(Math.log2(parts));
  if (length > bits(subnet)) return undefined;
  const size = 1n << BigInt(bits(subnet) - length);
  const { first } = bounds(subnet);
  const count = 1 << (length - prefixLength(subnet));
  return Array.from({ length: count }, (_, i) => `${text(first + BigInt(i) * size, subnet)}/${length}`);
}

/** The n-th address of a subnet, counted from its network address (0). */
export function nth(subnet: string, n: number): string {
  return text(bounds(subnet).first + BigInt(n), subnet);
}

/** A hardware address in lower case with colons, or undefined when the text is none. */
export function parseMac(value: string): string | undefined {
  return /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value) ? value.toLowerCase().replaceAll("-", ":") : undefined;
}

/** A hardware address of the locally administered kind (IEEE 802: the second bit of the first byte), the same for a text. */
export function localMac(name: string): string {
  return ["02", ...(hexOf(name, 10).match(/../g) ?? [])].join(":");
}

/** So many hexadecimal digits that follow from a name, and from no other one as good as ever. */
export const hexOf = (name: string, digits: number): string =>
  createHash("sha256").update(name).digest("hex").slice(0, digits);

/**
 * What is wrong with an interface name, or undefined. The kernel takes 1 to 15 bytes without slash, colon and white
 * space (`dev_valid_name`). What a shell or a tool could take for something else is refused too: no distribution and no
 * program makes such names, so it is a mistake.
 */
export function interfaceNameProblem(name: string): string | undefined {
  const length = Buffer.byteLength(name);
  if (length < 1 || length > 15) return `must have 1 to 15 characters, got ${JSON.stringify(name)} with ${length}`;
  if (/^[A-Za-z0-9_][\w.+@-]*$/.test(name)) return undefined;
  const rule = "must hold only letters, digits, _ . + @ and - and begin with a letter, a digit or _";
  return `${rule}, got ${JSON.stringify(name)}`;
}

function range(cidr: string): Range {
  if (family(cidr) === 4) return IPv4CidrRange.fromCidr(cidr);
  // IPv6CidrRange does not know the mixed form, like `::ffff:10.0.0.0/104`.
  const [address = "", length] = cidr.split("/");
  return IPv6CidrRange.fromCidr(`${new IPv6(address).toString()}/${length}`);
}

interface Bounds {
  readonly first: bigint;
  readonly last: bigint;
}

/** What was parsed: whoever compares all ranges of many hosts asks for each of them thousands of times. */
const known = new Map<string, Bounds>();

function bounds(text: string): Bounds {
  const found = known.get(text) ?? parseBounds(text);
  if (known.size >= 10_000) known.clear();
  known.set(text, found);
  return found;
}

function parseBounds(text: string): Bounds {
  if (!text.includes("/")) {
    const value = (family(text) === 6 ? new IPv6(text) : new IPv4(text)).getValue();
    return { first: value, last: value };
  }
  const r = range(text);
  return { first: r.getFirst().getValue(), last: r.getLast().getValue() };
}

const text = (value: bigint, like: string): string => show(family(like) === 6 ? new IPv6(value) : new IPv4(value));

function show(address: IPv4 | IPv6): string {
  if (address instanceof IPv4) return address.toString();
  const mapped = address.getValue() >> 32n === 0xffffn;
  // The kernel and inet_ntop print IPv4-mapped addresses in mixed form.
  if (mapped) return `::ffff:${new IPv4(address.getValue() & 0xffffffffn).toString()}`;
  return collapseIPv6Number(address.toString());
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    // ip-num throws on every text that is no address; that is the answer.
    return undefined;
  }
}

/** Whether a link has the name that a rule of the firewall gives: `ens+` is all whose names begin so. */
export const isNamed = (pattern: string, link: string): boolean =>
  pattern.endsWith("+") ? link.startsWith(pattern.slice(0, -1)) : link === pattern;
