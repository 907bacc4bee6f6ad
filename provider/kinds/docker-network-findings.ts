import type { DockerNetworkFact, Facts } from "../host/facts.ts";
import { dockerNetwork, link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { contains, family } from "../schema/net.ts";
import { listed } from "../schema/words.ts";
import { majorOf } from "./daemon-plan.ts";
import { type Attachment, again, ownerMark } from "./docker-attachments.ts";
import { fromOptions, type OptionValues, tooNew } from "./docker-network-options.ts";
import type { Besides } from "./docker-network-words.ts";
import { gatewayFindings } from "./gateway-findings.ts";
import { among, bridgesOf, liveOverlaps, programOverlaps } from "./range-overlaps.ts";
import { rangeFindings } from "./routed-hosts.ts";
import { type Subnet, taken } from "./subnets.ts";

interface Network extends OptionValues {
  readonly name: string;
  readonly driver: string;
  readonly parent?: string | undefined;
  readonly subnets?: readonly Subnet[] | undefined;
}

type There = Network & { readonly besides?: Besides | undefined };

interface Change {
  readonly want: Network | undefined;
  readonly have: There | undefined;
  readonly differs: boolean;
}

/** What stands in the way of a change of a network, or makes it useless. */
export function networkFindings(
  { want, have, differs }: Change,
  facts: Pick<Facts, "links" | "routes" | "docker">,
  around: Around<Network>,
): Finding[] {
  if (!want) return have ? useFindings(have, around.owner) : [];
  const others = facts.docker.networks
    .filter((n) => n.name !== want.name && !around.changes(dockerNetwork(n.name)))
    .map(asWant);
  const beside = [...around.siblings, ...others];
  const clash = taken(want.subnets ?? [], others);
  return [
    ...(have && differs ? moveFindings(want, have) : []),
    ...tooNew(want, facts.docker.version).map(({ name, since }) =>
      refusal(name, `needs Docker ${since}, and the host has ${facts.docker.version}: it must be left out`),
    ),
    ...parentFindings(want, beside, facts, around),
    ...bridgeFindings(want, facts, around),
    ...(want.bridgeName !== undefined &&
    want.bridgeName !== have?.bridgeName &&
    facts.links.some((l) => l.name === want.bridgeName)
      ? [
          refusal(
            "bridgeName",
            `must be free, got ${want.bridgeName}: to use a bridge that is there, name it by bridge`,
          ),
        ]
      : []),
    ...(clash ? [refusal("subnets", `${clash.subnet} overlaps with ${clash.their} of the network ${clash.name}`)] : []),
    ...overlapFindings(want, facts, around),
    ...gatewayFindings(want, facts, around),
    ...rangeFindings({ type: "DockerNetwork", want: { ...want } }, "subnets", around),
  ];
}

/** What else has a part of its subnets. Those of macvlan and ipvlan are on the wire, where the host may be too. */
function overlapFindings(
  { driver, bridge, bridgeName, subnets = [] }: Network,
  facts: Pick<Facts, "links" | "routes" | "docker">,
  around: Around<Network>,
): Finding[] {
  const isBridge = driver === "bridge";
  // Of other networks of Docker those themselves are told.
  const bridges = [...bridgesOf(facts.docker.networks), ...[bridge ?? bridgeName ?? []].flat()];
  const isTheirs = among(bridges, facts, around);
  const ranges = {
    property: "subnets",
    ranges: subnets.map(({ subnet }) => subnet),
    isOwn: (name: string) => !isBridge || isTheirs(name),
  };
  return [...programOverlaps(ranges, around), ...(isBridge ? liveOverlaps(ranges, facts) : [])];
}

/** Who keeps a network from being deleted. Those whom the same stack attached leave it first. */
function useFindings({ besides }: There, owner: string): Finding[] {
  const stack = owner.split("/").slice(0, 2).join("/");
  const users = (besides?.attached ?? []).filter(
    ({ running, attachment }) => running && attachment.options[ownerMark]?.startsWith(`${stack}/`) !== true,
  );
  if (users.length === 0) return [];
  const names = users.map(({ container }) => container);
  return [refusal("", `in use by ${listed(names, "and")}: to delete it, stop or disconnect them first`)];
}

/** Who leaves a network that is made anew, and comes back. */
function moveFindings(want: Network, { besides, subnets }: There): Finding[] {
  const attached = besides?.attached ?? [];
  if (attached.length === 0) return [];
  const all = listed(attached.map(({ container }) => container).toSorted(), "and");
  const kept = subnetsOf(want, { subnets });
  const moved = attached.flatMap(({ container, attachment }) => {
    const { ipv4Address, ipv6Address } = again(attachment);
    const fit = fitting({ ipv4Address, ipv6Address }, kept);
    const lost = [ipv4Address, ipv6Address].filter((a) => a && a !== fit.ipv4Address && a !== fit.ipv6Address);
    return lost.length > 0 ? [`${container} loses ${lost.join(" and ")}`] : [];
  });
  const addresses = moved.length > 0 ? `; ${moved.join(", ")}` : ", with the same addresses";
  const way = attached.length > 1 ? "leave it and come back" : "leaves it and comes back";
  return [warning("", `is made anew: ${all} ${way}${addresses}`)];
}

/** The subnets that a network has in the end: those of one that is made anew stay, unless others are wanted. */
export const subnetsOf = (
  want: Pick<Network, "subnets">,
  have: Pick<Network, "subnets"> | undefined,
): readonly Subnet[] => want.subnets ?? have?.subnets ?? [];

/** An attachment with those of its addresses that lie in one of these subnets. */
export function fitting(attachment: Attachment, subnets: readonly Subnet[] = []): Attachment {
  const fits = (address: string | undefined) =>
    address !== undefined && subnets.some(({ subnet }) => contains(subnet, address)) ? address : undefined;
  return { ...attachment, ipv4Address: fits(attachment.ipv4Address), ipv6Address: fits(attachment.ipv6Address) };
}

/** What the parent of a network cannot carry, or does not. */
function parentFindings(
  want: Network,
  all: readonly Network[],
  { links, docker }: Pick<Facts, "links" | "docker">,
  { changes }: Around<Network>,
): Finding[] {
  const findings: Finding[] = [];
  const parent = links.find((l) => l.name === want.parent);
  // What hands its frames to a bridge, a bond or a switch hands them to nobody else. Docker finds out with a container.
  if (parent?.portOf === "bridge")
    findings.push(refusal("parent", `must not be a bridge port, got ${parent.name}: use its bridge, ${parent.master}`));
  else if (parent?.portOf && parent.portOf !== "vrf")
    findings.push(refusal("parent", `must not be a port of ${parent.master}, got ${parent.name}`));
  if (parent && !parent.up && !changes(link(parent.name)))
    findings.push(warning("parent", `${parent.name} is down: nothing will pass until it is up`));
  const beside = all.filter((n) => want.parent !== undefined && n.parent === want.parent);
  const isSole = (n: Network) => n.driver === "macvlan" && n.macvlanMode === "passthru";
  const sole = isSole(want) ? beside[0] : beside.find(isSole);
  if (sole)
    findings.push(
      refusal("macvlanMode", `passthru takes ${want.parent} for one network alone, and ${sole.name} is on it too`),
    );
  const twin = beside.find((n) => n.driver === want.driver);
  if (twin && majorOf(docker.version) < 28)
    findings.push(
      refusal(
        "parent",
        `${want.parent} carries the ${twin.driver} network ${twin.name} already, and Docker ${docker.version} allows one for each link${twin.driver === "macvlan" ? " (28 allows more)" : ""}: use a VLAN interface of ${want.parent}`,
      ),
    );
  const rival = beside.find((n) => /^(macvlan|ipvlan)$/.test(n.driver) && n.driver !== want.driver);
  if (rival)
    findings.push(
      refusal(
        "parent",
        `${want.parent} carries the ${rival.driver} network ${rival.name}, and a link carries one sort only`,
      ),
    );
  return findings;
}

/**
 * What Docker would do to a bridge that is there: it takes away an IPv4 address that is not the network's gateway, to give
 * it that; or hands that address out.
 */
function bridgeFindings(
  { name, bridge, inhibitIpv4, subnets = [] }: Network,
  { links, docker }: Pick<Facts, "links" | "docker">,
  { changes, program, host }: Around<Network>,
): Finding[] {
  if (bridge === undefined) return [];
  const user = docker.networks.find((n) => n.name !== name && n.options["com.docker.network.bridge.name"] === bridge);
  if (user) return [refusal("bridge", `must be no other network's, and ${user.name} has ${bridge}`)];
  const there = links.find((l) => l.name === bridge);
  if (there && there.kind !== "bridge" && !changes(link(bridge)))
    return [refusal("bridge", `must be a bridge, and ${bridge} is a link of kind ${there.kind ?? "NIC"}`)];
  const on = (name: unknown) => links.filter((one) => one.name === name).flatMap(({ addresses }) => addresses);
  const declared = program
    .filter((one) => one.host === host && one.type === "Bridge" && one.want.name === bridge)
    // What it takes over is still on the other link before it is made.
    .flatMap(({ want }) => (want.addresses as string[] | undefined) ?? on(want.inheritFrom));
  const own = [...on(bridge), ...declared].filter((cidr) => family(cidr) === 4);
  return inhibitIpv4 ? own.flatMap((cidr) => handedOut(cidr, bridge, subnets)) : lost(own, bridge, subnets);
}

/** Docker knows of no address that a host has itself. */
function handedOut(cidr: string, bridge: string, subnets: readonly Subnet[]): Finding[] {
  const address = cidr.replace(/\/.*/, "");
  const i = subnets.findIndex(({ subnet, ipRange = subnet }) => contains(ipRange, address));
  const { gateway, auxAddresses = {} } = subnets[i] ?? {};
  if (i < 0 || [gateway, ...Object.values(auxAddresses)].includes(address)) return [];
  return [
    refusal(`subnets[${i}].auxAddresses`, `must hold ${address}, which ${bridge} has: else a container may get it too`),
  ];
}

function lost(own: readonly string[], bridge: string, subnets: readonly Subnet[]): Finding[] {
  const gateways = subnets.map(({ gateway }) => gateway);
  const cidr = own.find((one) => !gateways.includes(one.replace(/\/.*/, "")));
  if (cidr === undefined) return [];
  return [
    refusal("inhibitIpv4", `must be true: else Docker takes ${cidr} from ${bridge}, to give it the network's gateway`),
  ];
}

/** A network of the host in the words of the inputs; of any driver. */
const asWant = ({ options, ...network }: DockerNetworkFact): Network => ({
  ...network,
  parent: options.parent,
  ...fromOptions(network.driver, options).values,
});
