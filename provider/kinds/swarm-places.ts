import type { Facts, Link, SwarmFact } from "../host/facts.ts";
import { link, type Node } from "../host/graph.ts";
import { type Around, type Finding, refusal } from "../kind.ts";
import { normalised } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { endpointAddress, family } from "../schema/net.ts";

/** Where managers listen for others unless they are told otherwise, and where all nodes gossip. */
export const controlPort = 2377;
export const gossipPort = 7946;

/** An address with the port of managers, unless it has another. */
export const managerEndpoint = (doc: string) =>
  normalised(s.endpoint(doc), (given) => {
    if (given !== endpointAddress(given)) return given;
    return family(given) === 6 ? `[${given}]:${controlPort}` : `${given}:${controlPort}`;
  });

/** The port of an endpoint that has one. */
export const portOf = (endpoint: string): number => Number(endpoint.replace(/.*:/, ""));

/** Where a node listens, and by which addresses others know it. Docker settles this once. */
export const placeInputs = {
  advertiseAddress: s
    .address("The address by which the other nodes know this one; Docker's choice when left out.")
    .optional()
    .replaces(),
  advertiseLink: s.ifname("In its place: the link that has this address.").optional().replaces(),
  listenAddress: managerEndpoint("Where it listens for other nodes; `0.0.0.0:2377` when left out.")
    .optional()
    .replaces(),
  dataPathAddress: s
    .address("The address for what containers send each other; the one for nodes when left out.")
    .optional()
    .replaces(),
  dataPathLink: s.ifname("In its place: the link that has this address.").optional().replaces(),
};

export interface Places {
  readonly advertiseAddress?: string | undefined;
  readonly advertiseLink?: string | undefined;
  readonly listenAddress?: string | undefined;
  readonly dataPathAddress?: string | undefined;
  readonly dataPathLink?: string | undefined;
}

/** What is wrong with them: reasons by path. */
export function placeProblems({ advertiseAddress, advertiseLink, dataPathAddress, dataPathLink }: Places) {
  const beside = (other: string, name: string) =>
    `must be left out beside ${other}, which says it already, got ${name}`;
  return {
    ...(advertiseAddress && advertiseLink && { advertiseLink: beside("advertiseAddress", advertiseLink) }),
    ...(dataPathAddress && dataPathLink && { dataPathLink: beside("dataPathAddress", dataPathLink) }),
  };
}

/** The links that must be there. */
export const placeNeeds = ({ advertiseLink, dataPathLink }: Places): Node[] =>
  [advertiseLink, dataPathLink].flatMap((name) => (name ? [link(name)] : []));

/** What Docker is told of them. */
export const told = ({ advertiseAddress, advertiseLink, listenAddress, dataPathAddress, dataPathLink }: Places) => ({
  advertise: advertiseAddress ?? advertiseLink,
  listen: listenAddress,
  dataPath: dataPathAddress ?? dataPathLink,
});

/** What a node was told: addresses, and the links that have them. */
export function placesOf({ address, listen, dataPath }: SwarmFact, links: readonly Link[]): Places {
  const having = (one: string | undefined) => links.find(({ ips }) => ips.some((ip) => ip.address === one))?.name;
  return {
    ...{ advertiseAddress: address, advertiseLink: having(address), listenAddress: listen },
    // Without one of its own it is that for nodes.
    ...{ dataPathAddress: dataPath ?? address, dataPathLink: having(dataPath ?? address) },
  };
}

/** What keeps a host from becoming a node. */
export function placeFindings(
  want: Places,
  { swarm, links }: Pick<Facts, "swarm" | "links">,
  { host, program, changes }: Pick<Around, "host" | "program" | "changes">,
): Finding[] {
  const daemon = program.find((one) => one.host === host && one.type === "DockerDaemon")?.want;
  const unset = (daemon?.unset ?? []) as readonly string[];
  const bare = (["advertiseLink", "dataPathLink"] as const).filter((property) => {
    const there = links.find(({ name }) => name === want[property]);
    return there?.ips.every(({ scope }) => scope === "link") && !changes(link(there.name));
  });
  return [
    ...(swarm.liveRestore && daemon?.liveRestore !== false && !unset.includes("liveRestore")
      ? [refusal("", "needs a Docker without live-restore, which no swarm goes with: set liveRestore to false")]
      : []),
    ...(swarm.clusterStore && !unset.includes("clusterStore")
      ? [refusal("", `needs a Docker without cluster-store, got ${swarm.clusterStore}: put clusterStore into unset`)]
      : []),
    ...bare.map((property) => refusal(property, `must have an address, and ${want[property]} has none`)),
  ];
}
