import type { Facts } from "../host/facts.ts";
import { swarmMembership } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { family } from "../schema/net.ts";
import { listed } from "../schema/words.ts";
import { stuck } from "./swarm-quorum.ts";

interface Overlay {
  readonly driver: string;
  readonly attachable?: boolean | undefined;
  readonly encrypted?: boolean | undefined;
  readonly underlayMtu?: number | undefined;
}

interface Change {
  readonly want: Overlay | undefined;
  readonly have: Overlay | undefined;
}

/** What an overlay network needs of its host, and what would not pass through it. */
export function overlayFindings(
  { want, have }: Change,
  facts: Pick<Facts, "links" | "swarm">,
  { host, program, changes }: Pick<Around, "host" | "program" | "changes">,
): Finding[] {
  if (want?.driver !== "overlay") return [];
  const { swarm } = facts;
  const daemon = program.find((one) => one.host === host && one.type === "DockerDaemon")?.want;
  const store = daemon?.clusterStore ?? swarm.clusterStore;
  const refusals: Finding[] = [];
  if (swarm.state !== "inactive") refusals.push(...swarmFindings(want, facts));
  else if (store !== undefined) refusals.push(...storeFindings(want));
  // Of a store that another resource of the daemon brings, or of a swarm that is to come.
  else if (!changes(swarmMembership))
    refusals.push(
      refusal(
        "driver",
        "overlay needs a host that is a manager of a swarm (SwarmCluster, SwarmMember), or until Docker 20.10 one whose DockerDaemon has a clusterStore, and this one is neither",
      ),
    );
  return [...refusals, ...mtuFindings(want, have, facts)];
}

function swarmFindings({ encrypted }: Overlay, { swarm }: Pick<Facts, "swarm">): Finding[] {
  const reason = stuck(swarm);
  if (reason) return [refusal("", reason)];
  if (!swarm.manager)
    return [
      refusal(
        "driver",
        `overlay needs a manager, and this host is a worker of its swarm: make the network on one of its managers (${listed(swarm.managers)}), it is there on all nodes`,
      ),
    ];
  const port = swarm.cluster?.dataPathPort ?? 4789;
  if (!encrypted || port === 4789 || !isDeaf(swarm.version)) return [];
  return [
    warning(
      "encrypted",
      `passes nothing with Docker ${swarm.version} where the swarm's dataPathPort is not 4789, got ${port} (moby#45635)`,
    ),
  ];
}

/** Engines that encrypt what goes to port 4789 only: until 23.0.6, and 24.0 until 24.0.2. */
function isDeaf(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major === 24) return minor === 0 && patch < 3;
  return major < 23 || (major === 23 && minor === 0 && patch < 7);
}

const storeFindings = ({ attachable, encrypted }: Overlay): Finding[] => [
  ...(attachable === undefined
    ? []
    : [refusal("attachable", "must be left out with a key-value store, of which every container joins every network")]),
  ...(encrypted ? [refusal("encrypted", "must be left out with a key-value store: only a swarm has the keys")] : []),
];

/** The MTU of the link by which the host reaches the others, less what an IPv6 header is longer; undefined: not known. */
function mtuBelow({ swarm, links }: Pick<Facts, "links" | "swarm">): number | undefined {
  const address = swarm.dataPath ?? swarm.address;
  const mtu = links.find(({ ips }) => ips.some((ip) => ip.address === address))?.mtu;
  return mtu === undefined || address === undefined || family(address) === 4 ? mtu : mtu - 20;
}

/** What Docker is told of the network below one that is new. Told nothing, it takes 1500 for its MTU. */
export function underlay(want: Overlay, kept: Overlay | undefined, facts: Pick<Facts, "links" | "swarm">) {
  if (want.underlayMtu !== undefined || kept !== undefined || want.driver !== "overlay") return want.underlayMtu;
  const below = mtuBelow(facts);
  return below === 1500 ? undefined : below;
}

function mtuFindings(want: Overlay, have: Overlay | undefined, facts: Pick<Facts, "links" | "swarm">): Finding[] {
  const below = mtuBelow(facts);
  const kept = have?.driver === "overlay" ? have : undefined;
  const told = want.underlayMtu ?? kept?.underlayMtu;
  if (below === undefined || told === undefined || told <= below) return [];
  return [
    warning("underlayMtu", `should be at most ${below}, that of the link below: longer packets are lost, got ${told}`),
  ];
}
