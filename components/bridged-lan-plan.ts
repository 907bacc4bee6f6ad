import type { Values } from "../provider/schema/field.ts";
import type { HostSubnet } from "./address-plan.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { bridgedLan } from "./bridged-lan-schema.ts";
import { checkShared, networkName, planSlots, shareOut } from "./share-plan.ts";

/** What is made on one host. */
export interface LanHostPlan {
  readonly nic: string;
  readonly bridge: string;
  /** What its engine is told. */
  readonly subnet: HostSubnet;
}

/** What is computed of a LAN before anything is made. */
export interface LanPlan {
  /** Docker's name of the network. */
  readonly network: string;
  readonly hosts: ReadonlyMap<string, LanHostPlan>;
}

type Lan = Sound<Values<typeof bridgedLan.inputs>>;

/** Computes the bridges from the arguments, host by host; throws one RunError that names every mistake in them. */
export const planLan = (name: string, args: unknown): LanPlan =>
  planned(bridgedLan, name, args, (right, report) => planAll(name, right, report));

function planAll(name: string, right: Lan, report: Report): LanPlan {
  const hosts = named(right.hosts, "hosts");
  if (right.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  const network = networkName(right.network, name, report);
  const slots = planSlots(hosts, right.slots, report);
  checkShared("", right, report);
  // Without it the LAN as a whole would be shared out, and be found too small.
  const shares = right.ipRange === undefined ? new Map<string, HostSubnet>() : shareOut("", right, {}, slots, report);
  return {
    network,
    hosts: new Map(
      hosts.flatMap(({ name: host, nic, bridge = right.bridge }) => {
        const subnet = shares.get(host);
        return nic && bridge && subnet ? [[host, { nic, bridge, subnet }]] : [];
      }),
    ),
  };
}
