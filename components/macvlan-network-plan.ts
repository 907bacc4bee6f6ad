import type { Values } from "../provider/schema/field.ts";
import type { HostSubnet } from "./address-plan.ts";
import { named, planned, type Report, type Sound } from "./arguments.ts";
import { macvlanNetwork } from "./macvlan-network-schema.ts";
import { linkName } from "./set-name.ts";
import { checkOwn, checkShared, networkName, planSlots, shareOut } from "./share-plan.ts";

/** What is computed of a network before anything is made. */
export interface NetworkPlan {
  /** Docker's name of it. */
  readonly network: string;
  /** What each host's engine is told. */
  readonly shares: ReadonlyMap<string, HostSubnet>;
  readonly access: Access;
}

/** How a host with an address of its own in the network reaches containers. */
export interface Access {
  readonly link: string;
  readonly ways: readonly Way[];
}

interface Way {
  /** The end of the route's name. */
  readonly to: string;
  readonly destination: string;
  readonly metric?: number;
}

type Network = Sound<Values<typeof macvlanNetwork.inputs>>;
type Host = ReturnType<typeof hostsOf>[number];

const hostsOf = ({ hosts }: Network) => named(hosts, "hosts");

/** Computes a network from its arguments; throws one RunError that names every mistake in them. */
export const planNetwork = (name: string, args: unknown): NetworkPlan =>
  planned(macvlanNetwork, name, args, (right, report) => planAll(name, right, report));

function planAll(name: string, right: Network, report: Report): NetworkPlan {
  const hosts = hostsOf(right);
  if (right.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  const network = networkName(right.network, name, report);
  const slots = planSlots(hosts, right.slots, report);
  checkShared("", right, report);
  for (const [i, host] of hosts.entries()) checkAccess(host, hosts.slice(0, i), right, report);
  const own = Object.fromEntries(hosts.flatMap((host) => (host.access ? [[host.name, host.access]] : [])));
  const shares = shareOut("", right, own, slots, report);
  return { network, shares, access: { link: linkName(network), ways: waysOf(right.subnet, shares) } };
}

function checkAccess({ path, access }: Host, earlier: readonly Host[], network: Network, report: Report): void {
  if (access === undefined) return;
  const wrong = (reason: string) => report(`${path}.access`, `${reason}, got ${access}`);
  if (network.mode === "private")
    wrong("must be left out in mode private, where no link reaches containers of its own host");
  checkOwn(`${path}.access`, access, network, report);
  const twin = earlier.find((other) => other.access === access);
  if (twin) wrong(`must differ from that of ${twin.name}`);
}

/** After every route to the subnet that a renderer makes: NetworkManager's metrics go up to 20,000 and some hundreds. */
const last = 30_000;

/**
 * The ranges, which are containers' alone, and the rest. Where the parent has an address in the subnet too, its own route
 * to it goes before that to the rest, as it must: by it the host is reached.
 */
function waysOf(subnet: string | undefined, shares: ReadonlyMap<string, HostSubnet>): Way[] {
  if (subnet === undefined) return [];
  const ranges = [...shares].filter(([, { ipRange }]) => ipRange !== subnet);
  return [
    ...ranges.map(([host, { ipRange }]) => ({ to: `to-${host}`, destination: ipRange })),
    { to: "rest", destination: subnet, metric: last },
  ];
}
