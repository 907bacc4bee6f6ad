/** A network of the Docker engine, from `docker network inspect`. */
export interface DockerNetworkFact {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
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
}

/** Reads the engine's version, a line of JSON, and what `docker network inspect` printed after it, if anything. */
export function parseDocker(stdout: string): DockerFact {
  const end = stdout.indexOf("\n");
  const networks = JSON.parse(stdout.slice(end + 1).trim() || "[]") as RawNetwork[];
  return { version: JSON.parse(stdout.slice(0, end)) as string, networks: networks.map(parseNetwork) };
}

/** A network as `docker network inspect` prints it. */
export interface RawNetwork {
  Name: string;
  Id: string;
  Driver: string;
  EnableIPv6: boolean;
  Internal: boolean;
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
