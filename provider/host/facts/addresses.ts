/** An address of a link, with everything that is needed to add it again. */
export interface Address {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefix: number;
  /** The address at the other end of a point-to-point link. */
  readonly peer?: string;
  readonly broadcast?: string;
  readonly anycast?: string;
  /** `global`, `link`, `host`… or a number. */
  readonly scope: string;
  /** IPv4 only: the link's name, or it with a colon and more. */
  readonly label?: string;
  /** Of the route that the kernel makes for it. */
  readonly metric?: number;
  /** Who added it, where the kernel and iproute2 keep that. */
  readonly protocol?: string;
  /** Those that were asked for, of `noprefixroute`, `mngtmpaddr`, `home`, `nodad`, `autojoin` and `optimistic`. */
  readonly flags: readonly string[];
  /** It ends by itself unless somebody (DHCP, router advertisements) prolongs it. */
  readonly dynamic: boolean;
  /** The kernel made it from another one, to be changed often. */
  readonly temporary?: true;
  /** Seconds; undefined for ever. */
  readonly validLife?: number;
  /** Seconds until it is no longer chosen as a source; undefined for ever. */
  readonly preferredLife?: number;
}

/** An address as `ip -j addr show` prints it. */
export interface RawAddress {
  family: string;
  local: string;
  /** Of the peer. */
  address?: string;
  prefixlen: number;
  broadcast?: string;
  anycast?: string;
  scope: string;
  label?: string;
  metric?: number;
  protocol?: string;
  dynamic?: boolean;
  temporary?: boolean;
  valid_life_time?: number;
  preferred_life_time?: number;
  [flag: string]: unknown;
}

const wanted = ["noprefixroute", "mngtmpaddr", "home", "nodad", "autojoin", "optimistic"] as const;
/** How the kernel says that something does not end. */
const forever = 2 ** 32 - 1;

/** Reads one address. */
export function parseIp(raw: RawAddress): Address {
  const { valid_life_time: valid = forever, preferred_life_time: preferred = forever } = raw;
  return {
    family: raw.family === "inet6" ? 6 : 4,
    address: raw.local,
    prefix: raw.prefixlen,
    ...(raw.address && { peer: raw.address }),
    ...(raw.broadcast && { broadcast: raw.broadcast }),
    ...(raw.anycast && { anycast: raw.anycast }),
    scope: raw.scope,
    ...(raw.label && { label: raw.label }),
    ...(raw.metric !== undefined && { metric: raw.metric }),
    ...(raw.protocol && { protocol: raw.protocol }),
    flags: wanted.filter((flag) => raw[flag] === true),
    dynamic: raw.dynamic === true,
    ...(raw.temporary && { temporary: true }),
    ...(valid !== forever && { validLife: valid }),
    ...(preferred !== forever && { preferredLife: preferred }),
  };
}

/** The words that tell an address from the others of its link. */
export const addressPlace = ({ address, prefix, peer }: Address): string[] =>
  peer ? [address, "peer", `${peer}/${prefix}`] : [`${address}/${prefix}`];

/**
 * The words after `ip address add` that make an address again, apart from how long it lasts. A label that is the name of
 * `link` goes without saying.
 */
export function addressWords(a: Address, link?: string): string[] {
  const usual = a.family === 6 || a.scope === (a.address.startsWith("127.") ? "host" : "global");
  return [
    ...addressPlace(a),
    ...(a.broadcast ? ["broadcast", a.broadcast] : []),
    ...(a.anycast ? ["anycast", a.anycast] : []),
    ...(a.metric === undefined ? [] : ["metric", `${a.metric}`]),
    ...(usual ? [] : ["scope", a.scope]),
    ...(a.label && a.label !== link ? ["label", a.label] : []),
    ...(a.protocol ? ["proto", a.protocol] : []),
    ...a.flags,
    // One that lasts but is not to be used any more.
    ...(!a.dynamic && a.preferredLife === 0 ? ["preferred_lft", "0"] : []),
  ];
}
