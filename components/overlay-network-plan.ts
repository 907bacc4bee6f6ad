import { contains, family, nth, overlap, split } from "../provider/schema/net.ts";
import { firstOf, type HostSubnet } from "./address-plan.ts";
import { named, planned, type Report } from "./arguments.ts";
import { checkControl, firstHost, type Host, hostsOf, type Overlay } from "./overlay-control.ts";
import { overlayNetwork } from "./overlay-network-schema.ts";
import { checkOwn, checkShared, networkName, planSlots, shareOut } from "./share-plan.ts";

/** What is computed of an overlay network before anything is made. */
export interface OverlayPlan {
  /** Docker's name of it. */
  readonly network: string;
  /** The host on which it is made. */
  readonly first: string;
  readonly subnet: Subnet;
  /** By host, the first of them first. */
  readonly hosts: ReadonlyMap<string, OverlayHostPlan>;
}

interface Subnet {
  readonly subnet: string;
  readonly gateway?: string;
  /** What Docker hands out by itself. */
  readonly ipRange: string;
}

export interface OverlayHostPlan {
  readonly role: "manager" | "worker";
  /** The addresses of its containers, by container. */
  readonly addresses: Readonly<Record<string, string>>;
}

type Box = ReturnType<typeof boxesOf>[number];

const boxesOf = (host: Host) => named(host.containers, `${host.path}.containers`);

/** Computes a network from its arguments; throws one RunError that names every mistake in them. */
export const planOverlay = (name: string, args: unknown): OverlayPlan =>
  planned(overlayNetwork, name, args, (right, report) => planAll(name, right, report));

function planAll(name: string, right: Overlay, report: Report): OverlayPlan {
  const hosts = hostsOf(right);
  if (right.hosts && hosts.length === 0) report("hosts", "must name at least one host");
  checkControl(right, hosts, report);
  const first = firstHost(right, hosts, report);
  const network = networkName(right.network, name, report);
  const slots = planSlots(hosts, right.slots, report);
  checkShared("", right, report);
  const halves = halvesOf(right, report);
  const boxes = hosts.flatMap(boxesOf);
  for (const [i, box] of boxes.entries()) checkBox(box, boxes.slice(0, i), right, halves?.dockers, report);
  const own = Object.fromEntries(boxes.flatMap(({ path, address }) => (address ? [[path, address]] : [])));
  const shared = halves && {
    ...{ ...right, ipRange: halves.ours },
    // Docker takes one of its own half.
    gateway: right.gateway ?? nth(halves.dockers, 1),
  };
  const shares = shared ? shareOut("", shared, own, slots, report) : new Map<string, HostSubnet>();
  const order = hosts.toSorted((a, b) => Number(b.name === first) - Number(a.name === first));
  const { subnet = "", gateway } = right;
  return {
    ...{ network, first },
    subnet: { subnet, ...(gateway !== undefined && { gateway }), ipRange: halves?.dockers ?? "" },
    hosts: new Map(
      order.map((host) => {
        const role = host.name === first || host.role === "manager" ? "manager" : "worker";
        return [host.name, { role, addresses: addressesOf(host, shares.get(host.name), report) }];
      }),
    ),
  };
}

/** The half of a subnet whose addresses are planned here, or the part of it, and the half that Docker hands out. */
function halvesOf({ subnet, ipRange }: Overlay, report: Report) {
  // Of IPv6 it is told already.
  if (subnet === undefined || family(subnet) === 6) return undefined;
  const halves = split(subnet, 2);
  const ours = ipRange ?? halves?.[1];
  const dockers = halves?.find((half) => ours !== undefined && !overlap(half, ours));
  if (ours !== undefined && dockers !== undefined) return { ours, dockers };
  if (halves && ipRange === subnet)
    report("ipRange", `must leave one half of ${subnet} to Docker, like ${halves[1]}, got ${ipRange}`);
  else if (!halves) report("subnet", `must have two halves, got ${subnet}`);
  return undefined;
}

function checkBox(
  { path, address }: Box,
  earlier: readonly Box[],
  { reserved = [], ...shared }: Overlay,
  dockers: string | undefined,
  report: Report,
): void {
  if (address === undefined) return;
  const at = `${path}.address`;
  checkOwn(at, address, shared, report);
  if (dockers && contains(dockers, address))
    report(at, `must lie outside of ${dockers}, the half that Docker hands out by itself, got ${address}`);
  if (reserved.includes(address)) report(at, `must be none of reserved, got ${address}`);
  const twin = earlier.find((other) => other.address === address);
  if (twin) report(at, `must differ from that of ${twin.path}, got ${address}`);
}

/** The addresses of a host's containers: those that are given, and the first free ones of its share. */
function addressesOf(host: Host, share: HostSubnet | undefined, report: Report): Record<string, string> {
  const boxes = boxesOf(host);
  const without = boxes.filter(({ address }) => address === undefined);
  const free = share ? firstOf(share, without.length) : [];
  if (share && free.length < without.length)
    report(
      `${host.path}.containers`,
      `must be at most ${free.length} without an address, as many as ${share.ipRange} has, got ${without.length}`,
    );
  return Object.fromEntries(
    boxes.map(({ name, address }) => [name, address ?? free[without.findIndex((one) => one.name === name)] ?? ""]),
  );
}
