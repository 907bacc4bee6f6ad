import { Failure } from "../errors.ts";
import { type Command, docker, ip, render, tool } from "./command.ts";
import type { Answer } from "./script.ts";

/** A table of a host: the command that prints it, and how to read what it prints. */
interface Table<T> {
  readonly command: Command;
  parse(stdout: string): T;
}

/** A network link with its addresses, from `ip -j -d addr show`. */
export interface Link {
  readonly name: string;
  readonly index: number;
  /** Largest frame, in bytes. */
  readonly mtu: number;
  /** Administratively up; not whether there is a carrier. */
  readonly up: boolean;
  /** Set promiscuous by somebody; not because a bridge or a capture needs it. */
  readonly promiscuous: boolean;
  readonly mac: string;
  /** `vlan`, `bridge`, `veth`…; undefined for a physical NIC. */
  readonly kind?: string;
  /** The link below: of a VLAN interface its parent. Undefined when there is none or it is in another namespace. */
  readonly parent?: string;
  /** The link above: of a bridge port its bridge. */
  readonly master?: string;
  /** What the link is to its master: `bridge` for a bridge port. */
  readonly portOf?: string;
  readonly alias?: string;
  readonly vlan?: { readonly id: number; readonly protocol: "802.1Q" | "802.1ad" };
  /** Static addresses; not those of router advertisements and DHCP, nor the kernel's own link-local ones. */
  readonly addresses: readonly string[];
}

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

/** Every table that a kind can ask for. A table is one process on the host: reading two is no dearer than asking twice. */
const tables = {
  links: {
    command: ip`-j -d addr show`,
    // `ip -j` leaves empty objects for links that its filters drop.
    parse: (stdout) => (JSON.parse(stdout) as RawLink[]).filter((raw) => raw.ifname).map(parseLink),
  } satisfies Table<Link[]>,
  docker: {
    // One shell for two questions; without networks `inspect` would fail for want of an argument.
    command: tool("sh")`-c ${[
      `${render(docker`version --format ${"{{json .Server.Version}}"}`)} || exit`,
      `ids=$(${render(docker`network ls --quiet --no-trunc`)}) || exit`,
      `[ -z "$ids" ] || ${render(docker`network inspect`)} $ids`,
    ].join("\n")}`,
    parse: (stdout) => {
      const end = stdout.indexOf("\n");
      const networks = JSON.parse(stdout.slice(end + 1).trim() || "[]") as RawNetwork[];
      return { version: JSON.parse(stdout.slice(0, end)) as string, networks: networks.map(parseNetwork) };
    },
  } satisfies Table<DockerFact>,
};

export type FactName = keyof typeof tables;
/** What a look found. A table that could not be read throws when it is used, so that only its users fail. */
export type Facts = { readonly [K in FactName]: ReturnType<(typeof tables)[K]["parse"]> };

/** Debian's names of the packages that hold the tools. */
const packages: Record<string, string> = { ip: "iproute2", docker: "docker.io" };

/** The commands that read these tables, in their order. */
export const factCommands = (names: readonly FactName[]): Command[] => names.map((name) => tables[name].command);

/** The tables from what their commands answered. */
export function parseFacts(host: string, names: readonly FactName[], answers: readonly Answer[]): Facts {
  const facts = {};
  names.forEach((name, i) => {
    let table: Facts[FactName] | undefined;
    Object.defineProperty(facts, name, {
      get: () => {
        table ??= parseTable(host, name, answers[i] as Answer);
        return table;
      },
    });
  });
  return facts as Facts;
}

function parseTable(host: string, name: FactName, { status, stdout, stderr }: Answer): Facts[FactName] {
  const told = stderr.trim();
  const command = name === "links" ? "ip" : name;
  if (status === 127 || /not found$/m.test(told))
    throw new Failure(
      "missingTool",
      `${host}: there is no \`${command}\`; install ${packages[command]} (Debian's name)`,
    );
  if (status !== 0)
    throw new Failure("refused", `${host}: \`${command}\` does not answer: ${told || `exit ${status}`}`);
  try {
    return tables[name].parse(stdout);
  } catch (e) {
    throw new Failure(
      "unreadable",
      `${host}: cannot read what \`${command}\` printed (${(e as Error).message}): ${stdout.slice(0, 200)}`,
    );
  }
}

interface RawLink {
  ifname: string;
  ifindex: number;
  mtu: number;
  flags: string[];
  address?: string;
  link?: string;
  master?: string;
  ifalias?: string;
  linkinfo?: {
    info_kind?: string;
    info_slave_kind?: string;
    info_data?: { protocol?: "802.1Q" | "802.1ad"; id?: number };
  };
  addr_info?: { family: string; local: string; prefixlen: number; scope: string; dynamic?: boolean }[];
}

function parseLink(raw: RawLink): Link {
  const { info_kind: kind, info_slave_kind: portOf, info_data: details } = raw.linkinfo ?? {};
  return {
    name: raw.ifname,
    index: raw.ifindex,
    mtu: raw.mtu,
    up: raw.flags.includes("UP"),
    promiscuous: raw.flags.includes("PROMISC"),
    mac: raw.address ?? "",
    ...(kind && { kind }),
    // What iproute2 shows as the link of a veth is its peer, which is not below it.
    ...(raw.link && kind !== "veth" && { parent: raw.link }),
    ...(raw.master && { master: raw.master }),
    ...(portOf && { portOf }),
    ...(raw.ifalias && { alias: raw.ifalias }),
    ...(kind === "vlan" && { vlan: { id: details?.id ?? 0, protocol: details?.protocol ?? "802.1Q" } }),
    addresses: (raw.addr_info ?? [])
      .filter(({ family, scope, dynamic }) => !dynamic && !(family === "inet6" && scope === "link"))
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  };
}

interface RawNetwork {
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

function parseNetwork(raw: RawNetwork): DockerNetworkFact {
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
