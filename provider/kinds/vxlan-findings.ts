import type { Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { family } from "../schema/net.ts";

interface Network {
  readonly name: string;
  readonly vni: number;
  readonly port: number;
  readonly local: string;
}

/** Docker counts the networks of a swarm from 4096 on (`vxlanIDStart`), and with a key-value store from 256 on. */
const firstOfDocker = 256;

/** Who else has the number or the port of a VXLAN network on its host. */
export function collisions(
  want: Network,
  { links }: Pick<Facts, "links">,
  { changes, siblings, host, program }: Pick<Around<Network>, "changes" | "siblings" | "host" | "program">,
): Finding[] {
  const { vni, port } = want;
  const others = links.filter(({ name }) => name !== want.name && !changes(link(name)));
  const there = others.flatMap(({ name, vxlan }) =>
    vxlan && !vxlan.external
      ? [{ name, vni: vxlan.vni, port: vxlan.port, local: vxlan.local ?? vxlan.group ?? "" }]
      : [],
  );
  const twin = [...siblings, ...there].find(
    (other) =>
      other.name !== want.name &&
      other.vni === vni &&
      other.port === port &&
      family(other.local) === family(want.local),
  );
  const taker = others.find(({ vxlan }) => vxlan?.external && vxlan.port === port);
  return [
    ...(twin ? [refusal("vni", `${vni} is already on port ${port}, as ${twin.name}, whatever its peers are`)] : []),
    ...(taker
      ? [
          refusal(
            "port",
            `${port} is all taken by ${taker.name}, of Open vSwitch or another that tells packets apart by itself: one of the two needs another`,
          ),
        ]
      : []),
    ...dockerFindings(
      want,
      links,
      program.filter((one) => one.host === host),
    ),
  ];
}

/** Docker's tunnels are out of sight, in namespaces of their own, and count with the others of the host all the same. */
function dockerFindings({ vni, port }: Network, links: Facts["links"], own: Around["program"]): Finding[] {
  const docker = dockerPort(links, own);
  if (docker?.port !== port || vni < firstOfDocker) return [];
  return [
    warning(
      "vni",
      `may be that of an overlay network of Docker, on the same port ${port}: give one below ${firstOfDocker}, or another port, got ${vni}`,
    ),
  ];
}

/** The UDP port of Docker's overlay networks, and whether the program says so; undefined where there are none. */
export function dockerPort(
  links: Facts["links"],
  own: Around["program"],
): { readonly port: number; readonly said: boolean } | undefined {
  const swarm = own.find(({ type }) => type === "SwarmCluster" || type === "SwarmMember");
  const overlay = own.some(({ type, want }) => type === "DockerNetwork" && want.driver === "overlay");
  // Made with the first overlay network.
  const isThere = links.some(({ name }) => name === "docker_gwbridge");
  if (!(swarm || overlay || isThere)) return undefined;
  return { port: Number(swarm?.want.dataPathPort ?? 4789), said: swarm !== undefined || overlay };
}
