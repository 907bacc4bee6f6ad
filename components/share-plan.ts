import { child } from "../provider/schema/field.ts";
import { dockerName } from "../provider/schema/names.ts";
import { contains, family } from "../provider/schema/net.ts";
import { listed } from "../provider/schema/words.ts";
import { assignSlots, ends, type HostSubnet, room, shareOf, slotCount } from "./address-plan.ts";
import type { Named, Report } from "./arguments.ts";

/** A subnet that hosts share, as far as it is sound: `shareInputs`. */
export interface Shared {
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
  readonly ipRange?: string | undefined;
  readonly reserved?: readonly string[] | undefined;
}

/** Which range each host has, and how many there are. */
export interface Slots {
  readonly of: ReadonlyMap<string, number>;
  readonly count: number;
}

/** Who has which range of every subnet. */
export function planSlots(
  hosts: readonly Named<{ readonly slot?: number | undefined }>[],
  slots: number | undefined,
  report: Report,
): Slots {
  const of = assignSlots(Object.fromEntries(hosts.map((host) => [host.name, host])));
  const count = slotCount(hosts.length, slots);
  if (hosts.length > count) report("slots", `must be at least ${hosts.length}, the number of hosts, got ${count}`);
  for (const [i, { name, path, slot }] of hosts.entries()) {
    if (slot !== undefined && slot >= count)
      report(`${path}.slot`, `must be less than ${count}, the number of slots, got ${slot}`);
    const twin = hosts.slice(0, i).find((other) => of.get(other.name) === of.get(name));
    if (twin)
      report(`${path}.slot`, `must differ from that of ${twin.name}, got ${of.get(name)}: name the slots of both`);
  }
  return { of, count };
}

/** What is wrong with a subnet; `path` is that of the object whose properties these are. */
export function checkShared(path: string, { subnet, gateway, ipRange, reserved = [] }: Shared, report: Report): void {
  if (subnet === undefined) return;
  if (family(subnet) === 6) {
    report(child(path, "subnet"), `must be an IPv4 network, got ${subnet}`);
    return;
  }
  const inside: [string, string | undefined][] = [
    [child(path, "gateway"), gateway],
    [child(path, "ipRange"), ipRange],
    ...reserved.map((address, i): [string, string] => [`${child(path, "reserved")}[${i}]`, address]),
  ];
  for (const [at, value] of inside)
    if (value !== undefined && !contains(subnet, value)) report(at, `must lie in ${subnet}, got ${value}`);
  if (gateway !== undefined && ends(subnet).includes(gateway))
    report(child(path, "gateway"), `must be an address that a router can have, got ${gateway}, an end of ${subnet}`);
}

/** What is wrong with an address that somebody is to have in the subnet. */
export function checkOwn(path: string, address: string, { subnet, gateway }: Shared, report: Report): void {
  const wrong = (reason: string) => report(path, `${reason}, got ${address}`);
  if (subnet !== undefined && family(subnet) === 4) {
    if (!contains(subnet, address)) wrong(`must lie in ${subnet}`);
    else if (ends(subnet).includes(address)) wrong(`must be an address that a host can have, and no end of ${subnet}`);
  }
  if (address === gateway) wrong("must differ from gateway");
}

/**
 * What each host's engine is told of a subnet, as far as what it needs is right; `own` are the addresses that hosts have
 * in it themselves, by host.
 */
export function shareOut(
  path: string,
  { subnet, gateway, ipRange, reserved = [] }: Shared,
  own: Readonly<Record<string, string>>,
  slots: Slots,
  report: Report,
): Map<string, HostSubnet> {
  if (subnet === undefined || gateway === undefined || family(subnet) === 6) return new Map();
  if (ipRange !== undefined && !contains(subnet, ipRange)) return new Map();
  const taken = { ...Object.fromEntries(reserved.map((address) => [address, address])), ...own };
  // A slot beyond the last was reported as such.
  const used = [...slots.of].filter(([, slot]) => slot < slots.count);
  const shares = used.map(
    ([host, slot]) => [host, shareOf({ subnet, gateway, ipRange, taken }, slot, slots.count)] as const,
  );
  const full = shares.filter(([, share]) => !share || room(share) < 1).map(([host]) => host);
  if (full.length > 0)
    report(
      child(path, ipRange === undefined ? "subnet" : "ipRange"),
      `must have an address for containers in each of its ${slots.count} ranges, got ${ipRange ?? subnet}, which has none for ${listed(full, "and")}`,
    );
  return new Map(shares.flatMap(([host, share]) => (share ? [[host, share]] : [])));
}

/** Docker's name of a component's one network. */
export function networkName(given: string | undefined, component: string, report: Report): string {
  const name = given ?? component;
  if (!dockerName.pattern.test(name))
    report("network", `must be given where the component's name is not ${dockerName.must}, got ${name}`);
  return name;
}
