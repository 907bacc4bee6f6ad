import { child, type Values } from "../provider/schema/field.ts";
import {
  contains,
  family,
  interfaceNameProblem,
  isLinkLocal,
  isMulticast,
  isUnspecified,
  network,
} from "../provider/schema/net.ts";
import { udpOverhead } from "../provider/schema/overhead.ts";
import { listed } from "../provider/schema/words.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { vxlanFabric } from "./vxlan-fabric-schema.ts";

/** What is made of one network on every host. */
export interface NetworkPlan {
  readonly vni: number;
  readonly tunnel: string;
  readonly bridge: string;
  readonly stp: boolean;
  /** By host. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly nics: Readonly<Record<string, string>>;
}

/** What is computed of a fabric before anything is made. */
export interface FabricPlan {
  /** The address of each host. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly networks: ReadonlyMap<string, NetworkPlan>;
  readonly port: number;
  readonly forward: boolean;
  readonly mtu: number;
}

type Fabric = Sound<Values<typeof vxlanFabric.inputs>>;
type Host = ReturnType<typeof hostsOf>[number];
type Network = ReturnType<typeof networksOf>[number];

const hostsOf = ({ hosts }: Fabric) => named(hosts, "hosts");
const networksOf = ({ networks }: Fabric) => named(networks, "networks");

/** Computes a fabric from its arguments; throws one RunError that names every mistake in them. */
export const planFabric = (name: string, args: unknown): FabricPlan => planned(vxlanFabric, name, args, planAll);

function planAll(right: Fabric, report: Report): FabricPlan {
  const hosts = hostsOf(right);
  const networks = networksOf(right);
  if (right.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  if (right.networks && networks.length === 0) report("networks", "must name at least one network");
  for (const [i, host] of hosts.entries()) checkHost(host, hosts.slice(0, i), report);
  for (const [i, one] of networks.entries()) {
    checkNetwork(one, networks.slice(0, i), report);
    checkAddresses(one, hosts, report);
    checkNics(one, networks.slice(0, i), hosts, report);
  }
  const addresses = hosts.flatMap(({ name, address }) => (address ? [[name, address] as const] : []));
  const { underlayMtu = 0, port = 0, forward = false } = right;
  return {
    hosts: new Map(addresses),
    networks: new Map(networks.map((one) => [one.name, planNetwork(one)])),
    ...{ port, forward },
    mtu: underlayMtu - udpOverhead(addresses[0]?.[1] ?? ""),
  };
}

const tunnelOf = ({ vni = 0 }: Network) => `vxlan${vni}`;
const bridgeOf = ({ name, bridge = name }: Network) => bridge;

const planNetwork = (one: Network): NetworkPlan => ({
  ...{ vni: one.vni ?? 0, tunnel: tunnelOf(one), bridge: bridgeOf(one), stp: one.stp ?? false },
  addresses: definite(one.addresses),
  nics: definite(one.nics),
});

const definite = (map: Readonly<Record<string, string | undefined>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(map).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function checkHost({ path, address }: Host, earlier: readonly Host[], report: Report): void {
  if (address === undefined) return;
  const wrong = (reason: string) => report(`${path}.address`, `${reason}, got ${address}`);
  if (isLinkLocal(address) || isMulticast(address) || isUnspecified(address))
    wrong("must be an address that other hosts reach this one by");
  const first = earlier.find((other) => other.address !== undefined);
  if (first?.address && family(first.address) !== family(address))
    wrong(`must be an IPv${family(first.address)} address like that of ${first.name}`);
  const twin = earlier.find((other) => other.address === address);
  if (twin) wrong(`must differ from that of ${twin.name}`);
}

function checkNetwork(one: Network, earlier: readonly Network[], report: Report): void {
  const { path, name, vni, bridge } = one;
  if (bridge === undefined && interfaceNameProblem(name))
    report(child(path, "bridge"), `must be given where no link can be called like the network, got ${name}`);
  const twin = earlier.find((other) => vni !== undefined && other.vni === vni);
  if (twin) report(child(path, "vni"), `must differ from that of ${twin.name}, got ${vni}`);
  const rival = earlier.find((other) => bridgeOf(other) === bridgeOf(one));
  if (rival) report(child(path, "bridge"), `must differ from that of ${rival.name}, got ${bridgeOf(one)}`);
  const tunnel = [...earlier, one].find((other) => tunnelOf(other) === bridgeOf(one));
  if (tunnel) report(child(path, "bridge"), `must differ from the tunnel of ${tunnel.name}, got ${bridgeOf(one)}`);
}

/** The entries of a map by host, and that each is one of the hosts. */
function byHost(path: string, map: Network["addresses"], hosts: readonly Host[], report: Report) {
  const names = hosts.map(({ name }) => name);
  return Object.entries(definite(map)).map(([host, value]) => {
    const at = child(path, host);
    // Without any host the mistake is there.
    if (names.length > 0 && !names.includes(host))
      report(at, `must belong to one of hosts (${listed(names)}), got ${host}`);
    return { host, value, at };
  });
}

function checkAddresses({ path, addresses }: Network, hosts: readonly Host[], report: Report): void {
  const all = byHost(child(path, "addresses"), addresses, hosts, report);
  for (const [i, { value, at }] of all.entries()) {
    const twin = all.slice(0, i).find((other) => other.value.replace(/\/.*/, "") === value.replace(/\/.*/, ""));
    if (twin) report(at, `must differ from ${twin.at}, got ${value}`);
    const carrier = hosts.find(({ address }) => address !== undefined && contains(network(value), address));
    if (carrier)
      report(
        at,
        `must not be in one network with ${carrier.path}.address (${carrier.address}), or the tunnels' packets would go into themselves, got ${value}`,
      );
  }
}

function checkNics(one: Network, earlier: readonly Network[], hosts: readonly Host[], report: Report): void {
  for (const { host, value, at } of byHost(child(one.path, "nics"), one.nics, hosts, report)) {
    const taken = earlier.find((other) => other.nics?.[host] === value);
    if (taken) report(at, `must be in one bridge only, and ${taken.name} has ${value} too`);
  }
}
