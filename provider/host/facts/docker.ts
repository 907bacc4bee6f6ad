import { type Command, docker, render, tool } from "../command.ts";
import { containerFormat, type DockerContainer, parseContainer } from "./docker-containers.ts";

/** A network of the Docker engine, from `docker network inspect`. */
export interface DockerNetworkFact {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  /** Of an overlay network of a swarm: whether containers join it that no service has. */
  readonly attachable: boolean;
  readonly ipv6: boolean;
  readonly subnets: readonly {
    readonly subnet: string;
    readonly gateway?: string;
    readonly ipRange?: string;
    readonly auxAddresses: Readonly<Record<string, string>>;
  }[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Running containers with an endpoint in it, by name. */
  readonly containers: readonly string[];
}

/** The Docker engine of a host. */
export interface DockerFact {
  /** Of the engine, like `20.10.24`. */
  readonly version: string;
  readonly networks: readonly DockerNetworkFact[];
  readonly containers: readonly DockerContainer[];
}

/**
 * Shell text that prints what `docker network inspect` says of all networks. One may go between the list and the question,
 * as that of a swarm does some moments after its end: then both are asked again. Without arguments `inspect` would fail.
 */
export const inspectNetworks = (...options: readonly string[]): string => `networks=
for try in 1 2 3 4 5; do
  ids=$(${render(docker`network ls --quiet --no-trunc`)}) || exit
  [ -n "$ids" ] || break
  networks=$(${render(docker`network inspect ${options}`)} $ids) && break
  [ $try -lt 5 ] || exit
  sleep 1
done
printf '%s\\n' "$networks"`;

/** Prints the engine's version, a line of JSON; then its networks, JSON in many lines; then a line for each container. */
export const dockerCommand: Command = tool("sh")`-c ${[
  `${render(docker`version --format ${"{{json .Server.Version}}"}`)} || exit`,
  inspectNetworks(),
  `ids=$(${render(docker`ps --all --quiet --no-trunc`)}) || exit`,
  // One that went in between is gone.
  `[ -z "$ids" ] || ${render(docker`inspect --format ${`container ${containerFormat}`}`)} $ids || :`,
].join("\n")}`;

/** Reads what `dockerCommand` printed. */
export function parseDocker(stdout: string): DockerFact {
  const [version = "", ...lines] = stdout.split("\n");
  if (lines.length === 0) throw new Error("its end is missing");
  const mark = "container ";
  const networks = JSON.parse(
    lines
      .filter((line) => !line.startsWith(mark))
      .join("\n")
      .trim() || "[]",
  ) as RawNetwork[];
  return {
    version: JSON.parse(version) as string,
    networks: networks.map(parseNetwork),
    containers: lines.flatMap((line) => (line.startsWith(mark) ? [parseContainer(line.slice(mark.length))] : [])),
  };
}

/** A network as `docker network inspect` prints it. */
export interface RawNetwork {
  Name: string;
  Id: string;
  Driver: string;
  EnableIPv6: boolean;
  Internal: boolean;
  Attachable: boolean;
  IPAM: {
    Config:
      | { Subnet?: string; Gateway?: string; IPRange?: string; AuxiliaryAddresses?: Record<string, string> }[]
      | null;
  };
  Containers: Record<string, { Name: string }> | null;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

/** Reads a network. */
export function parseNetwork(raw: RawNetwork): DockerNetworkFact {
  return {
    id: raw.Id,
    name: raw.Name,
    driver: raw.Driver,
    internal: raw.Internal,
    attachable: raw.Attachable,
    ipv6: raw.EnableIPv6,
    subnets: (raw.IPAM.Config ?? []).map((c) => ({
      subnet: c.Subnet ?? "",
      ...(c.Gateway && { gateway: c.Gateway.replace(/\/.*/, "") }),
      ...(c.IPRange && { ipRange: c.IPRange }),
      auxAddresses: c.AuxiliaryAddresses ?? {},
    })),
    options: raw.Options ?? {},
    labels: raw.Labels ?? {},
    containers: Object.values(raw.Containers ?? {}).map(({ Name }) => Name),
  };
}
