/** A VXLAN tunnel. What `group` leads to stands among the permanent forwarding entries (`fdb`) too, as other hosts do. */
export interface VxlanFact {
  readonly vni: number;
  readonly port: number;
  readonly local?: string;
  readonly group?: string;
  readonly learning: boolean;
  /** 0: as the kernel has it. Undefined where each packet has that of the one inside. */
  readonly ttl?: number;
  readonly tos: number;
  /** Of UDP over IPv4; over IPv6 there always is one. */
  readonly checksum: boolean;
  /** Where each packet goes, and in which network, is said by others: Open vSwitch. */
  readonly external: boolean;
}

export interface GreFact {
  /** Whether it carries frames rather than packets. */
  readonly mode: "gre" | "gretap";
  readonly local?: string;
  readonly remote?: string;
  /** Undefined too where those of the two directions differ. */
  readonly key?: number;
  readonly ttl: number;
  readonly checksum: boolean;
  /** Undefined over IPv6, where routers never fragment. */
  readonly pmtudisc?: boolean;
}

export interface GeneveFact {
  readonly vni: number;
  readonly port: number;
  readonly remote?: string;
  readonly ttl?: number;
  readonly tos: number;
  readonly checksum: boolean;
}

/** What `ip -j -d` tells of tunnels. Addresses are `any` where there is none; numbers may be hexadecimal text. */
export interface RawTunnel {
  id?: number;
  port?: number;
  link?: string;
  local?: string;
  local6?: string;
  remote?: string;
  remote6?: string;
  group?: string;
  group6?: string;
  learning?: boolean;
  ttl?: number | string;
  tos?: number | string;
  udp_csum?: boolean;
  external?: boolean;
  ikey?: string;
  okey?: string;
  icsum?: boolean;
  ocsum?: boolean;
  pmtudisc?: boolean;
}

/** What is particular to a tunnel, if a link of this kind is one. */
export function parseTunnel(kind: string | undefined, raw: RawTunnel) {
  if (kind === "vxlan") return { vxlan: parseVxlan(raw), ...(raw.link && { parent: raw.link }) };
  if (kind === "geneve" && !raw.external) return { geneve: parseGeneve(raw) };
  const mode = /^(?:ip6)?(gre|gretap)$/.exec(kind ?? "")?.[1];
  return mode && !raw.external ? { gre: parseGre(mode as GreFact["mode"], raw) } : {};
}

function parseVxlan(raw: RawTunnel): VxlanFact {
  return {
    ...{ vni: raw.id ?? 0, port: raw.port ?? 0 },
    ...address("local", raw.local ?? raw.local6),
    ...address("group", raw.group ?? raw.group6),
    learning: raw.learning ?? false,
    ...outer(raw),
    checksum: raw.udp_csum ?? false,
    external: raw.external ?? false,
  };
}

const parseGeneve = (raw: RawTunnel): GeneveFact => ({
  ...{ vni: raw.id ?? 0, port: raw.port ?? 0 },
  ...address("remote", raw.remote ?? raw.remote6),
  ...outer(raw),
  checksum: raw.udp_csum ?? false,
});

const parseGre = (mode: GreFact["mode"], raw: RawTunnel): GreFact => ({
  mode,
  ...address("local", raw.local),
  ...address("remote", raw.remote),
  ...(raw.ikey !== undefined && raw.ikey === raw.okey && { key: keyOf(raw.ikey) }),
  ttl: Number(raw.ttl ?? 0),
  checksum: raw.icsum === true && raw.ocsum === true,
  ...(raw.pmtudisc !== undefined && { pmtudisc: raw.pmtudisc }),
});

const address = (name: string, value: string | undefined) =>
  value === undefined || value === "any" ? {} : { [name]: value };

const outer = ({ ttl, tos }: RawTunnel) => ({
  ...(ttl !== "inherit" && { ttl: Number(ttl ?? 0) }),
  tos: Number(tos ?? 0),
});

/** A key is written as if it were an address. */
const keyOf = (dotted: string): number => dotted.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
