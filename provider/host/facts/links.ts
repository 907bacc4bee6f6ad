import { type Address, parseIp, type RawAddress } from "./addresses.ts";
import { type GeneveFact, type GreFact, parseTunnel, type RawTunnel, type VxlanFact } from "./tunnels.ts";

/** A network link with its addresses, from `ip -j -d addr show`. */
export interface Link {
  readonly name: string;
  readonly index: number;
  /** Largest frame, in bytes. */
  readonly mtu: number;
  /** Administratively up; not whether there is a carrier. */
  readonly up: boolean;
  /** Set promiscuous by somebody; not because a bridge or a capture needs it. */
  readonly promiscuous: boolean;
  readonly mac: string;
  /** `vlan`, `bridge`, `veth`…; undefined for a physical NIC. */
  readonly kind?: string;
  /** The link below: of a VLAN interface its parent, of a VXLAN tunnel its `dev`. Undefined when there is none or it is in another namespace. */
  readonly parent?: string;
  /** The number of the link below, or at the other end of a veth, where that is in another namespace. */
  readonly elsewhere?: number;
  /** The link above: of a bridge port its bridge. */
  readonly master?: string;
  /** What the link is to its master: `bridge` for a bridge port. */
  readonly portOf?: string;
  readonly alias?: string;
  readonly vlan?: { readonly id: number; readonly protocol: "802.1Q" | "802.1ad" };
  /** Of an ipvlan: whether it has its parent's network, or routes to it. */
  readonly ipvlan?: { readonly mode: string };
  /** Of a macvlan: which others on its parent it reaches. */
  readonly macvlan?: { readonly mode: string };
  readonly vxlan?: VxlanFact;
  readonly gre?: GreFact;
  readonly geneve?: GeneveFact;
  readonly bridge?: BridgeFact;
  /** Of a port of a bridge: how it takes part in it. */
  readonly port?: PortFact;
  /** Static addresses; not those of router advertisements and DHCP, nor the kernel's own link-local ones. */
  readonly addresses: readonly string[];
  /** All addresses in the kernel's order, with everything that is needed to add them again. */
  readonly ips: readonly Address[];
}

/** What is set on a bridge of the kernel. Times are in seconds. */
export interface BridgeFact {
  readonly stp: boolean;
  readonly forwardDelay: number;
  readonly hello: number;
  readonly maxAge: number;
  readonly ageing: number;
  readonly priority: number;
  readonly vlanFiltering: boolean;
  /** The VLAN of untagged frames on new ports; 0 for none. Undefined where the kernel has no VLAN filtering. */
  readonly defaultPvid?: number;
  readonly vlanProtocol?: string;
}

/** What is set on a port of a bridge of the kernel. */
export interface PortFact {
  readonly priority: number;
  readonly cost: number;
  readonly hairpin: boolean;
  readonly isolated: boolean;
  readonly guard: boolean;
  readonly learning: boolean;
  readonly flood: boolean;
}

/** Reads what `ip -j -d addr show` printed. */
export function parseLinks(stdout: string): Link[] {
  // `ip -j` leaves empty objects for links that its filters drop.
  return (JSON.parse(stdout) as RawLink[]).filter((raw) => raw.ifname).map(parseLink);
}

interface RawLink {
  ifname: string;
  ifindex: number;
  mtu: number;
  flags: string[];
  address?: string;
  link?: string;
  link_index?: number;
  master?: string;
  ifalias?: string;
  linkinfo?: {
    info_kind?: string;
    info_slave_kind?: string;
    info_data?: RawVlan & RawBridge & RawTunnel & { mode?: string };
    info_slave_data?: RawPort;
  };
  addr_info?: RawAddress[];
}

interface RawVlan {
  protocol?: "802.1Q" | "802.1ad";
  id?: number;
}

/** Times in hundredths of a second, switches as 0 and 1. */
interface RawBridge {
  stp_state?: number;
  forward_delay?: number;
  hello_time?: number;
  max_age?: number;
  ageing_time?: number;
  priority?: number;
  vlan_filtering?: number;
  vlan_default_pvid?: number;
  vlan_protocol?: string;
}

interface RawPort {
  priority?: number;
  cost?: number;
  hairpin?: boolean;
  isolated?: boolean;
  guard?: boolean;
  learning?: boolean;
  flood?: boolean;
}

function parseLink(raw: RawLink): Link {
  const { info_kind: kind, info_slave_kind: portOf, info_data: details, info_slave_data: port } = raw.linkinfo ?? {};
  const ips = (raw.addr_info ?? []).map(parseIp);
  return {
    name: raw.ifname,
    index: raw.ifindex,
    mtu: raw.mtu,
    up: raw.flags.includes("UP"),
    promiscuous: raw.flags.includes("PROMISC"),
    mac: raw.address ?? "",
    ...(kind && { kind }),
    // What iproute2 shows as the link of a veth is its peer, which is not below it.
    ...(raw.link && kind !== "veth" && { parent: raw.link }),
    ...(raw.link === undefined && raw.link_index ? { elsewhere: raw.link_index } : {}),
    ...(raw.master && { master: raw.master }),
    ...(portOf && { portOf }),
    ...(raw.ifalias && { alias: raw.ifalias }),
    ...(kind === "vlan" && { vlan: { id: details?.id ?? 0, protocol: details?.protocol ?? "802.1Q" } }),
    ...(kind === "macvlan" && { macvlan: { mode: details?.mode ?? "" } }),
    ...(kind === "ipvlan" && { ipvlan: { mode: details?.mode ?? "" } }),
    ...parseTunnel(kind, details ?? {}),
    ...(kind === "bridge" && { bridge: parseBridge(details ?? {}) }),
    ...(portOf === "bridge" && { port: parsePort(port ?? {}) }),
    addresses: ips
      .filter(({ family, scope, dynamic }) => !dynamic && !(family === 6 && scope === "link"))
      .map(({ address, prefix }) => `${address}/${prefix}`),
    ips,
  };
}

const seconds = (hundredths: number | undefined) => (hundredths ?? 0) / 100;

function parseBridge(raw: RawBridge): BridgeFact {
  return {
    stp: raw.stp_state !== undefined && raw.stp_state !== 0,
    forwardDelay: seconds(raw.forward_delay),
    hello: seconds(raw.hello_time),
    maxAge: seconds(raw.max_age),
    ageing: seconds(raw.ageing_time),
    priority: raw.priority ?? 0,
    vlanFiltering: raw.vlan_filtering === 1,
    ...(raw.vlan_default_pvid !== undefined && { defaultPvid: raw.vlan_default_pvid }),
    ...(raw.vlan_protocol && { vlanProtocol: raw.vlan_protocol }),
  };
}

function parsePort(raw: RawPort): PortFact {
  return {
    priority: raw.priority ?? 0,
    cost: raw.cost ?? 0,
    hairpin: raw.hairpin ?? false,
    isolated: raw.isolated ?? false,
    guard: raw.guard ?? false,
    learning: raw.learning ?? false,
    flood: raw.flood ?? false,
  };
}

/** How a link of ours is marked: its alias is this and `<project>/<stack>/<resource>`, and perhaps a note. */
const mark = "hostnet:";

/** The link's alias, as far as it tells whose the link is. */
export const ownerOf = ({ alias }: Link): string | undefined =>
  alias?.startsWith(mark) ? alias.slice(mark.length).replace(/;\w+=[^;]*$/, "") : undefined;

/** What the link's alias tells besides whose it is. */
export const noteOf = ({ alias }: Link, what: string): string | undefined =>
  alias?.startsWith(mark) ? new RegExp(`;${what}=([^;]*)$`).exec(alias)?.[1] : undefined;

/** What a link's alias is to say of whose it is. */
export const aliasOf = (owner: string): string => mark + owner;
