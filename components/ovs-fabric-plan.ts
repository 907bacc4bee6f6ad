import { createHash } from "node:crypto";
import { child, type Values } from "../provider/schema/field.ts";
import { contains, family, interfaceNameProblem, isLinkLocal, isMulticast, network } from "../provider/schema/net.ts";
import { greOverhead, udpOverhead } from "../provider/schema/overhead.ts";
import { listed } from "../provider/schema/words.ts";
import { inOrder } from "./address-plan.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { ovsFabric } from "./ovs-fabric-schema.ts";

/** One end of a tunnel. */
export interface TunnelEnd {
  readonly host: string;
  readonly peer: string;
  readonly name: string;
  readonly local: string;
  readonly remote: string;
}

/** What is computed of a fabric before anything is made. */
export interface OvsFabricPlan {
  readonly bridge: string;
  /** The NIC of each host, or undefined. */
  readonly hosts: ReadonlyMap<string, string | undefined>;
  readonly rstp: boolean | undefined;
  readonly ends: readonly TunnelEnd[];
  /** The VLANs that tunnels carry; undefined for no VLANs at all. */
  readonly trunks: readonly number[] | undefined;
  readonly containers: ReadonlyMap<string, ContainerPlan>;
  readonly mtu: number;
}

/** A container and the number of its VLAN. */
export type ContainerPlan = Partial<Omit<Container, "name" | "path">> & {
  readonly host: string;
  readonly tag: number | undefined;
};

type Fabric = Sound<Values<typeof ovsFabric.inputs>>;
type Tunnels = NonNullable<Fabric["tunnels"]>;
type Host = ReturnType<typeof hostsOf>[number];
type Container = ReturnType<typeof containersOf>[number];

const hostsOf = ({ hosts }: Fabric) => named(hosts, "hosts");
const containersOf = ({ containers }: Fabric) => named(containers, "containers");

/** Computes a fabric from its arguments; throws one RunError that names every mistake in them. */
export const planOvsFabric = (name: string, args: unknown): OvsFabricPlan => planned(ovsFabric, name, args, planAll);

function planAll(right: Fabric, report: Report): OvsFabricPlan {
  const hosts = hostsOf(right);
  const containers = containersOf(right);
  const { bridge = "", vlans = {}, tunnels, underlayMtu = 0, rstp } = right;
  if (right.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  for (const [i, host] of hosts.entries()) checkHost(host, hosts.slice(0, i), right, report);
  if (tunnels) checkTunnels(tunnels, hosts, rstp, report);
  checkVlans(vlans, report);
  for (const [i, one] of containers.entries()) checkContainer(one, containers.slice(0, i), right, report);
  const tags = [...new Set(Object.values(vlans).flatMap((tag) => tag ?? []))].sort((a, b) => a - b);
  return {
    ...{ bridge, rstp: rstp ?? (tunnels ? true : undefined) },
    hosts: new Map(hosts.map(({ name, inheritFrom }) => [name, inheritFrom])),
    ends: tunnels ? endsOf(tunnels, hosts, bridge) : [],
    trunks: tags.length > 0 ? tags : undefined,
    containers: new Map(containers.map((one) => [one.name, planContainer(one, vlans)])),
    mtu: underlayMtu - (tunnels ? overheadOf(tunnels, hosts[0]?.address ?? "", tags.length > 0) : 0),
  };
}

// Four bytes of 802.1Q: the frames inside have their tag.
const vlanTag = 4;

/** How much longer a tunnel's packets are than what they carry. */
const overheadOf = ({ type, key }: Tunnels, address: string, isTagged: boolean): number =>
  (type === "gre" ? greOverhead(address, { mode: "gretap", key }) : udpOverhead(address)) + (isTagged ? vlanTag : 0);

/** Both ends of every tunnel: those of a host follow from its own pairs alone. */
function endsOf({ topology, hub }: Tunnels, hosts: readonly Host[], bridge: string): TunnelEnd[] {
  return hosts.flatMap((host) =>
    hosts
      .filter((peer) => peer.name !== host.name && (topology === "mesh" || host.name === hub || peer.name === hub))
      .map((peer) => ({
        ...{ host: host.name, peer: peer.name, name: portName(bridge, peer.name) },
        ...{ local: host.address ?? "", remote: peer.address ?? "" },
      })),
  );
}

/** The name of the port that leads to a host: `ovs0-node2`, or a hash where no port can be called so. */
function portName(bridge: string, host: string): string {
  const whole = `${bridge}-${host}`;
  if (interfaceNameProblem(whole) === undefined) return whole;
  return `tun-${createHash("sha256").update(whole).digest("hex")}`.slice(0, 15);
}

const planContainer = (
  { name, path: _, container, namespace, vlan, host = "", ...rest }: Container,
  vlans: Readonly<Record<string, number | undefined>>,
): ContainerPlan => ({
  ...{ ...rest, host, tag: vlan === undefined ? undefined : vlans[vlan] },
  ...(namespace === undefined ? { container: container ?? name } : { namespace }),
});

function checkHost(host: Host, earlier: readonly Host[], { hosts, tunnels }: Fabric, report: Report): void {
  const { path, inheritFrom, address } = host;
  if (tunnels && inheritFrom !== undefined)
    report(
      `${path}.inheritFrom`,
      `must be left out with tunnels, whose packets would go into themselves, got ${inheritFrom}`,
    );
  if (!tunnels && address !== undefined) report(`${path}.address`, `is for tunnels only, got ${address}`);
  if (!tunnels && inheritFrom === undefined && Object.keys(hosts ?? {}).length > 1)
    report(path, "must have inheritFrom, or the fabric tunnels: nothing joins it to the other hosts");
  if (tunnels && address === undefined)
    report(`${path}.address`, "is required with tunnels: the other hosts reach it by it");
  if (tunnels) checkAddress(host, earlier, report);
}

function checkAddress({ path, address }: Host, earlier: readonly Host[], report: Report): void {
  if (address === undefined) return;
  const wrong = (reason: string) => report(`${path}.address`, `${reason}, got ${address}`);
  if (isLinkLocal(address) || isMulticast(address)) wrong("must be an address that other hosts reach this one by");
  const first = earlier.find((other) => other.address !== undefined);
  if (first?.address && family(first.address) !== family(address))
    wrong(`must be an IPv${family(first.address)} address like that of ${first.name}`);
  const twin = earlier.find((other) => other.address === address);
  if (twin) wrong(`must differ from that of ${twin.name}`);
}

function checkTunnels(
  { type, topology, hub, key, port }: Tunnels,
  hosts: readonly Host[],
  rstp: boolean | undefined,
  report: Report,
): void {
  const names = hosts.map(({ name }) => name);
  if (topology === "star" && hub === undefined) report("tunnels.hub", `is required for a star: ${listed(names)}`);
  if (topology === "mesh" && hub !== undefined) report("tunnels.hub", `is for topology star only, got ${hub}`);
  else if (hub !== undefined && names.length > 0 && !names.includes(hub))
    report("tunnels.hub", `must be one of hosts (${listed(names)}), got ${hub}`);
  if (type === "gre" && port !== undefined) report("tunnels.port", `is for vxlan and geneve only, got ${port}`);
  if (type !== "gre" && key !== undefined && key >= 2 ** 24)
    report("tunnels.key", `must be at most ${2 ** 24 - 1} for ${type}, got ${key}`);
  if (topology === "mesh" && rstp === false)
    report("rstp", "must be true for a mesh: frames would go round for ever; topology star does without");
}

function checkVlans(vlans: Readonly<Record<string, number | undefined>>, report: Report): void {
  const names = inOrder(Object.keys(vlans));
  for (const [i, name] of names.entries()) {
    const tag = vlans[name];
    const twin = names.slice(0, i).find((other) => tag !== undefined && vlans[other] === tag);
    if (twin) report(child("vlans", name), `must differ from that of ${twin}, got ${tag}`);
  }
}

function checkContainer(one: Container, earlier: readonly Container[], fabric: Fabric, report: Report): void {
  const { path, host, vlan, container, namespace, addresses = [], gateways = [] } = one;
  const isOneOf = (property: string, value: string | undefined, of: string, known: readonly string[]) => {
    if (value !== undefined && known.length > 0 && !known.includes(value))
      report(`${path}.${property}`, `must be one of ${of} (${listed(known)}), got ${value}`);
  };
  isOneOf("host", host, "hosts", inOrder(Object.keys(fabric.hosts ?? {})));
  const vlans = inOrder(Object.keys(fabric.vlans ?? {}));
  isOneOf("vlan", vlan, "vlans", vlans);
  if (vlan !== undefined && vlans.length === 0)
    report(`${path}.vlan`, `must be one of vlans, which names none, got ${vlan}`);
  if (vlan === undefined && vlans.length > 0 && fabric.tunnels)
    report(`${path}.vlan`, `is required (${listed(vlans)}): tunnels carry no frames without a tag`);
  if (container !== undefined && namespace !== undefined)
    report(`${path}.container`, `must be left out beside namespace, got ${container}`);
  const inside = ({ name, container = name, namespace = container, interface: eth }: Container) =>
    `${namespace}/${eth}`;
  const same = earlier.find((other) => other.host === host && inside(other) === inside(one));
  if (same) report(path, `must be another interface than that of ${same.name}, got ${inside(one)} on ${host} for both`);
  for (const [i, address] of addresses.entries()) {
    const bare = (cidr: string) => cidr.replace(/\/.*/, "");
    const twin = earlier.find((other) => (other.addresses ?? []).some((cidr) => bare(cidr) === bare(address)));
    if (twin) report(`${path}.addresses[${i}]`, `must differ from that of ${twin.name}, got ${address}`);
  }
  const away = gateways.find((gateway) => !addresses.some((address) => contains(network(address), gateway)));
  if (away) report(`${path}.gateways`, `must lie in a network of addresses, got ${away}`);
}
