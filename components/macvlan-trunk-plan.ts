import { child, type Values } from "../provider/schema/field.ts";
import { contains, family, interfaceNameProblem, overlap } from "../provider/schema/net.ts";
import { listed } from "../provider/schema/words.ts";
import { assignSlots, ends, type HostSubnet, room, shareOf, slotCount } from "./address-plan.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { macvlanTrunk } from "./macvlan-trunk-schema.ts";
import { checkGateway, type GatewayHost, planGateways } from "./trunk-gateways.ts";

/** What is computed for one VLAN before anything is made: per host, the address of its interface and its share. */
export interface VlanPlan {
  readonly vlanId: number;
  readonly addresses: Readonly<Record<string, string>>;
  readonly subnets: Readonly<Record<string, HostSubnet>>;
}

/** What is computed of a trunk: VLAN by VLAN, and for each host that is a gateway. */
export interface TrunkPlan {
  readonly vlans: ReadonlyMap<string, VlanPlan>;
  readonly gateways: ReadonlyMap<string, GatewayHost>;
}

type Trunk = Sound<Values<typeof macvlanTrunk.inputs>>;
type Host = ReturnType<typeof hostsOf>[number];
type Vlan = ReturnType<typeof vlansOf>[number];

const hostsOf = ({ hosts }: Trunk) => named(hosts, "hosts");
const vlansOf = ({ vlans }: Trunk) => named(vlans, "vlans");

/** Computes a trunk from its arguments; throws one RunError that names every mistake in them. */
export function planTrunk(name: string, args: unknown): TrunkPlan {
  const { vlans, gateways } = planned(macvlanTrunk, name, args, planAll);
  // Without a problem nothing was taken out.
  return { vlans: new Map(vlans as [string, VlanPlan][]), gateways };
}

function planAll(right: Trunk, report: Report) {
  const hosts = hostsOf(right);
  const vlans = vlansOf(right);
  if (right.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  if (right.vlans && vlans.length === 0) report("vlans", "must name at least one VLAN");

  const slots = assignSlots(Object.fromEntries(hosts.map((host) => [host.name, host])));
  const count = slotCount(hosts.length, right.slots);
  checkSlots(hosts, slots, count, report);
  for (const host of hosts) checkNames(host, vlans, report);
  checkFrames("mtu", right.mtu, hosts, report);
  for (const [i, vlan] of vlans.entries()) {
    const earlier = vlans.slice(0, i);
    checkSubnet(vlan, report);
    checkAddresses(vlan, earlier, hosts, report);
    checkTwins(vlan, earlier, report);
    checkFrames(`${vlan.path}.mtu`, vlan.mtu, hosts, report);
    checkGateway(
      vlan,
      vlans,
      hosts.map(({ name }) => name),
      report,
    );
  }
  const shared = vlans.map((vlan): [string, Partial<VlanPlan>] => [vlan.name, planVlan(vlan, slots, count, report)]);
  return { vlans: shared, gateways: planGateways(vlans) };
}

function checkSlots(hosts: readonly Host[], slots: ReadonlyMap<string, number>, count: number, report: Report): void {
  if (hosts.length > count) report("slots", `must be at least ${hosts.length}, the number of hosts, got ${count}`);
  for (const [i, { name, path, slot }] of hosts.entries()) {
    if (slot !== undefined && slot >= count)
      report(`${path}.slot`, `must be less than ${count}, the number of slots, got ${slot}`);
    const twin = hosts.slice(0, i).find((other) => slots.get(other.name) === slots.get(name));
    if (twin)
      report(`${path}.slot`, `must differ from that of ${twin.name}, got ${slots.get(name)}: name the slots of both`);
  }
}

function checkSubnet({ path, subnet, gateway, ipRange, reserved = [] }: Vlan, report: Report): void {
  if (subnet === undefined) return;
  if (family(subnet) === 6) {
    report(`${path}.subnet`, `must be an IPv4 network, got ${subnet}`);
    return;
  }
  const inside: [string, string | undefined][] = [
    ["gateway", gateway],
    ["ipRange", ipRange],
    ...reserved.map((address, i): [string, string] => [`reserved[${i}]`, address]),
  ];
  for (const [property, value] of inside)
    if (value !== undefined && !contains(subnet, value))
      report(`${path}.${property}`, `must lie in ${subnet}, got ${value}`);
  if (gateway !== undefined && ends(subnet).includes(gateway))
    report(`${path}.gateway`, `must be an address that a router can have, got ${gateway}, an end of ${subnet}`);
}

function checkAddresses(vlan: Vlan, earlier: readonly Vlan[], hosts: readonly Host[], report: Report): void {
  const seen = earlier.flatMap(interfaces);
  const names = hosts.map(({ name }) => name);
  for (const one of interfaces(vlan)) {
    // Without any host the mistake is there.
    if (names.length > 0 && !names.includes(one.host))
      report(one.path, `must belong to one of hosts (${listed(names)}), got ${one.host}`);
    // The same address in another VLAN may be another network's; on one host it is a mistake there too.
    const twin = seen.find((s) => s.address === one.address && (s.vlan === vlan || s.host === one.host));
    if (twin) report(one.path, `must differ from ${twin.path}, got ${one.address}`);
    seen.push(one);
  }
}

/** The addresses that hosts have in a VLAN themselves. */
function interfaces(vlan: Vlan) {
  const entries = Object.entries<string | undefined>(vlan.addresses ?? {});
  return entries.flatMap(([host, cidr]) => {
    if (cidr === undefined) return [];
    const path = child(child(vlan.path, "addresses"), host);
    return [{ vlan, host, path, cidr, address: cidr.slice(0, cidr.indexOf("/")) }];
  });
}

function checkTwins({ path, vlanId, subnet }: Vlan, earlier: readonly Vlan[], report: Report): void {
  const sameTag = earlier.find((other) => vlanId !== undefined && other.vlanId === vlanId);
  if (sameTag) report(`${path}.vlanId`, `must differ from ${sameTag.path}.vlanId, got ${vlanId}`);
  for (const other of earlier)
    if (subnet !== undefined && other.subnet !== undefined && overlap(subnet, other.subnet))
      report(`${path}.subnet`, `must not overlap with ${other.path}.subnet, ${other.subnet}, got ${subnet}`);
}

function checkNames({ parent, path }: Host, vlans: readonly Vlan[], report: Report): void {
  if (parent === undefined) return;
  const names = vlans.flatMap(({ vlanId }) => (vlanId === undefined ? [] : [`${parent}.${vlanId}`]));
  const long = names.filter((name) => interfaceNameProblem(name) !== undefined);
  if (long.length > 0)
    report(`${path}.parent`, `must make interface names of at most 15 characters, got ${listed(long, "and")}`);
}

function checkFrames(path: string, mtu: number | undefined, hosts: readonly Host[], report: Report): void {
  for (const host of hosts)
    if (mtu !== undefined && host.mtu !== undefined && mtu > host.mtu)
      report(path, `must be at most ${host.mtu}, the mtu of ${host.name}, got ${mtu}`);
}

/** The plan of one VLAN, as far as what it needs is right. */
function planVlan(vlan: Vlan, slots: ReadonlyMap<string, number>, count: number, report: Report): Partial<VlanPlan> {
  const { path, vlanId, subnet, gateway, ipRange, reserved = [] } = vlan;
  if (vlanId === undefined || subnet === undefined || gateway === undefined || family(subnet) === 6) return {};
  if (ipRange !== undefined && !contains(subnet, ipRange)) return {};
  const own = interfaces(vlan);
  const taken = Object.fromEntries([
    ...reserved.map((address) => [address, address]),
    ...own.map(({ host, address }) => [host, address]),
  ]);
  // A slot beyond the last was reported as such.
  const used = [...slots].filter(([, slot]) => slot < count);
  const shares = used.map(([host, slot]) => [host, shareOf({ subnet, gateway, ipRange, taken }, slot, count)] as const);
  const full = shares.filter(([, share]) => !share || room(share) < 1).map(([host]) => host);
  const property = ipRange === undefined ? "subnet" : "ipRange";
  if (full.length > 0)
    report(
      `${path}.${property}`,
      `must have an address for containers in each of its ${count} ranges, got ${ipRange ?? subnet}, which has none for ${listed(full, "and")}`,
    );
  const subnets = Object.fromEntries(shares.flatMap(([host, share]) => (share ? [[host, share]] : [])));
  return { vlanId, addresses: Object.fromEntries(own.map(({ host, cidr }) => [host, cidr])), subnets };
}
