import * as pulumi from "@pulumi/pulumi";
import { child, type Field, type Problem, parseFields, UNKNOWN, type Values } from "../provider/schema/field.ts";
import { s } from "../provider/schema/fields.ts";
import { contains, family, interfaceNameProblem, overlap } from "../provider/schema/net.ts";
import { listed } from "../provider/schema/words.ts";
import { assignSlots, ends, type HostSubnet, room, shareOf, slotCount } from "./address-plan.ts";
import type { MacvlanTrunkArgs, TrunkHost, TrunkVlan } from "./macvlan-trunk.ts";

/** What is computed for one VLAN before anything is made: per host, the address of its interface and its share. */
export interface VlanPlan {
  readonly vlanId: number;
  readonly addresses: Readonly<Record<string, string>>;
  readonly subnets: Readonly<Record<string, HostSubnet>>;
}

// Their documentation is at the interfaces in macvlan-trunk.ts, where editors look for it.
const doc = "";
const mtu = s.int(doc, { min: 68, max: 65535 }).optional();
const hostFields = {
  parent: s.ifname(doc),
  mtu,
  promiscuous: s.bool(doc).optional(),
  slot: s.int(doc, { min: 0, max: 4095 }).optional(),
} satisfies Record<keyof TrunkHost, Field>;
const vlanFields = {
  vlanId: s.int(doc, { min: 1, max: 4094 }),
  subnet: s.subnet(doc),
  gateway: s.address(doc),
  ipRange: s.subnet(doc).optional(),
  reserved: s.list(s.address(doc)).default([]),
  addresses: s.map(s.cidr(doc)).default({}),
  mtu,
} satisfies Record<keyof TrunkVlan, Field>;
const trunkFields = {
  hosts: s.map(s.object("TrunkHost", doc, hostFields)),
  vlans: s.map(s.object("TrunkVlan", doc, vlanFields)),
  slots: s.int(doc, { min: 1, max: 4096 }).optional(),
  mtu,
} satisfies Record<keyof MacvlanTrunkArgs, Field>;

/** What is left of the values of some fields when those that are wrong, or not known yet, are taken out. */
type Sound<F extends Record<string, Field>> = Partial<Values<F>> & { readonly name: string; readonly path: string };
type Host = Sound<typeof hostFields>;
type Vlan = Sound<typeof vlanFields>;
type Report = (path: string, reason: string) => void;

/** Computes a trunk from its arguments, VLAN by VLAN; throws one RunError that names every mistake in them. */
export function planTrunk(name: string, args: unknown): Map<string, VlanPlan> {
  const problems: Problem[] = [];
  const report: Report = (path, reason) => problems.push({ path, reason });
  const parsed = parseFields(trunkFields, withoutOutputs(args, "", report), "", report);
  const right = sound(parsed, "", new Set(problems.map(({ path }) => path))) as Partial<typeof parsed> | undefined;
  const hosts: Host[] = named(right?.hosts, "hosts");
  const vlans: Vlan[] = named(right?.vlans, "vlans");
  if (right?.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  if (right?.vlans && vlans.length === 0) report("vlans", "must name at least one VLAN");

  const slots = assignSlots(Object.fromEntries(hosts.map((host) => [host.name, host])));
  const count = slotCount(hosts.length, right?.slots);
  checkSlots(hosts, slots, count, report);
  for (const host of hosts) checkNames(host, vlans, report);
  checkFrames("mtu", right?.mtu, hosts, report);
  for (const [i, vlan] of vlans.entries()) {
    const earlier = vlans.slice(0, i);
    checkSubnet(vlan, report);
    checkAddresses(vlan, earlier, hosts, report);
    checkTwins(vlan, earlier, report);
    checkFrames(`${vlan.path}.mtu`, vlan.mtu, hosts, report);
  }
  const plan = vlans.map((vlan): [string, Partial<VlanPlan>] => [vlan.name, planVlan(vlan, slots, count, report)]);
  // Not InputPropertiesError: with that, the engine would print the values at those paths, secrets among them.
  if (problems.length > 0) throw new pulumi.RunError(complaint(name, problems));
  // Without a problem nothing was taken out.
  return new Map(plan as [string, VlanPlan][]);
}

function complaint(name: string, problems: readonly Problem[]): string {
  const [first, ...more] = problems.map(({ path, reason }) => `${path || "its arguments"} ${reason}`);
  if (more.length === 0) return `MacvlanTrunk ${name}: ${first}`;
  return [`MacvlanTrunk ${name} has ${problems.length} problems:`, first, ...more].join("\n  ");
}

/** The arguments with an unknown value in place of every output; an output where none can be is a mistake. */
function withoutOutputs(value: unknown, path: string, report: Report): unknown {
  if (pulumi.Resource.isInstance(value)) {
    report(path, "must be a value, got a resource: take one of its properties");
    return UNKNOWN;
  }
  if (pulumi.Output.isInstance(value) || value instanceof Promise) {
    const isLeaf = /^(mtu|(hosts|vlans).+\.(parent|mtu|promiscuous))$/.test(path);
    if (!isLeaf) report(path, "must be plain, got an output: all addresses are computed before any output is known");
    return UNKNOWN;
  }
  if (Array.isArray(value)) return value.map((item, i) => withoutOutputs(item, `${path}[${i}]`, report));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutOutputs(inner, child(path, key), report)]),
  );
}

/** A value without what is wrong or unknown in it; a list with a wrong item is wrong as a whole. */
function sound(value: unknown, path: string, wrong: ReadonlySet<string>): unknown {
  if (value === UNKNOWN || wrong.has(path)) return undefined;
  if (Array.isArray(value)) return value.some((_, i) => wrong.has(`${path}[${i}]`)) ? undefined : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sound(inner, child(path, key), wrong)]));
}

const named = <T>(map: Readonly<Record<string, T>> | undefined, path: string) =>
  Object.entries(map ?? {}).map(([name, item]) => ({ ...item, name, path: child(path, name) }));

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
