import { child, type Values } from "../provider/schema/field.ts";
import { interfaceNameProblem, overlap } from "../provider/schema/net.ts";
import { listed } from "../provider/schema/words.ts";
import type { HostSubnet } from "./address-plan.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { macvlanTrunk } from "./macvlan-trunk-schema.ts";
import { checkShared, planSlots, type Slots, shareOut } from "./share-plan.ts";
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

  const slots = planSlots(hosts, right.slots, report);
  for (const host of hosts) checkNames(host, vlans, report);
  checkFrames("mtu", right.mtu, hosts, report);
  for (const [i, vlan] of vlans.entries()) {
    const earlier = vlans.slice(0, i);
    checkShared(vlan.path, vlan, report);
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
  const shared = vlans.map((vlan): [string, Partial<VlanPlan>] => [vlan.name, planVlan(vlan, slots, report)]);
  return { vlans: shared, gateways: planGateways(vlans) };
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
function planVlan(vlan: Vlan, slots: Slots, report: Report): Partial<VlanPlan> {
  const { path, vlanId } = vlan;
  if (vlanId === undefined) return {};
  const own = interfaces(vlan);
  const shares = shareOut(
    path,
    vlan,
    Object.fromEntries(own.map(({ host, address }) => [host, address])),
    slots,
    report,
  );
  const addresses = Object.fromEntries(own.map(({ host, cidr }) => [host, cidr]));
  return { vlanId, addresses, subnets: Object.fromEntries(shares) };
}
