import { containerCalled, type DockerContainer, type Facts } from "../host/facts.ts";
import { dockerNetwork } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { contains, family } from "../schema/net.ts";
import { listed } from "../schema/words.ts";
import { majorOf } from "./daemon-plan.ts";

interface Connection {
  readonly container: string;
  readonly network: string;
  readonly ipv4Address?: string | undefined;
  readonly ipv6Address?: string | undefined;
  readonly gatewayPriority?: number | undefined;
}

interface Network {
  readonly name: string;
  readonly driver: string;
  readonly subnets?: readonly Subnet[] | undefined;
}

interface Subnet {
  readonly subnet: string;
  readonly gateway?: string | undefined;
  readonly auxAddresses?: Readonly<Record<string, string>> | undefined;
}

/** What stands in the way of a connection, or makes it useless. */
export function connectionFindings(
  want: Connection,
  have: Connection | undefined,
  { docker }: Pick<Facts, "docker">,
  around: Around<Connection>,
): Finding[] {
  const container = containerCalled(want.container, docker.containers);
  const findings: Finding[] = [];
  const shared = container && sharing(container);
  if (shared) findings.push(refusal("container", `must have networks of its own, and ${want.container} ${shared}`));
  else if (container && !container.running)
    findings.push(warning("container", `${want.container} does not run: it is attached when it starts`));
  if (want.gatewayPriority !== undefined && majorOf(docker.version) < 28)
    findings.push(
      refusal("gatewayPriority", `needs Docker 28, and the host has ${docker.version}: it must be left out`),
    );
  const network = networkOf(want.network, docker, around);
  for (const property of ["ipv4Address", "ipv6Address"] as const) {
    const address = want[property];
    if (address === undefined || address === have?.[property]) continue;
    const reason = outside(address, network) ?? taken(address, want, container?.name, docker, around);
    if (reason) findings.push(refusal(property, reason));
  }
  return findings;
}

/** Whose networks a container has, where they are not its own. */
function sharing({ networkMode, networks }: DockerContainer): string | undefined {
  if (networkMode === "host") return "has those of its host";
  if (networkMode.startsWith("container:")) return "has those of another container";
  return networks.some(({ name }) => name === "none") ? "was started to have none (--network none)" : undefined;
}

/** The network as it will be: as the program says, or as it is. */
function networkOf(
  name: string,
  docker: Facts["docker"],
  { host, program, changes }: Pick<Around, "host" | "program" | "changes">,
): Network | undefined {
  if (!changes(dockerNetwork(name))) return docker.networks.find((n) => n.name === name);
  const declared = program.find((one) => one.host === host && one.type === "DockerNetwork" && one.want.name === name);
  return declared?.want as Network | undefined;
}

/** Why an address is none that a network can give. */
function outside(address: string, network: Network | undefined): string | undefined {
  if (!network) return undefined;
  const { name, subnets } = network;
  if (!subnets || subnets.length === 0)
    return `must be left out: Docker lets one choose only in networks whose subnets are given, and ${name} has none, got ${address}`;
  const all = subnets.map(({ subnet }) => subnet);
  const home = subnets.find(({ subnet }) => contains(subnet, address));
  if (!home) return `must lie in ${listed(all)}, the subnets of ${name}, got ${address}`;
  if (home.gateway === address) return `must not be the gateway of ${name}, got ${address}`;
  const reserved = Object.entries(home.auxAddresses ?? {}).find(([, kept]) => kept === address);
  return reserved && `must be free, and ${name} keeps ${address} for ${reserved[0]} (auxAddresses)`;
}

/** Who has an address already: a container of the host, or one of the program, also elsewhere on the same wire. */
function taken(
  address: string,
  { container, network }: Connection,
  name: string | undefined,
  docker: Facts["docker"],
  { host, program }: Pick<Around, "host" | "program">,
): string | undefined {
  const holder = docker.containers.find(
    (one) =>
      one.name !== name &&
      one.networks.some((n) => n.name === network && [...n.addresses, ...n.current].includes(address)),
  );
  if (holder) return `must be free, and ${holder.name} has ${address}`;
  const wire = family(address) === 4 ? "ipv4Address" : "ipv6Address";
  const twin = program.find(
    (one) =>
      one.type === "DockerConnection" &&
      one.want[wire] === address &&
      (one.host === host ? one.want.network === network && one.want.container !== container : isWide(one, program)),
  );
  if (!twin) return undefined;
  const where = twin.host === host ? "" : ` on ${twin.host}`;
  return `must be free, and the program gives ${address} to ${String(twin.want.container)}${where} too`;
}

/** Whether the network of a connection spans hosts: not a bridge, which is each host's own. */
const isWide = ({ host, want }: Around["program"][number], program: Around["program"]) =>
  program.some(
    (one) =>
      one.host === host &&
      one.type === "DockerNetwork" &&
      one.want.name === want.network &&
      one.want.driver !== "bridge",
  );
