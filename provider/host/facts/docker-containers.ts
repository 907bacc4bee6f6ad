/** A container, running or not. */
export interface DockerContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** `no`, `always`, `unless-stopped` or `on-failure`. */
  readonly restart: string;
  /** Whether Docker removes it when it stops. */
  readonly autoRemove: boolean;
  /** What it was started with: `host`, `none`, `container:<id>`, or a network. */
  readonly networkMode: string;
  /** Where its network namespace can be entered; empty while it does not run. */
  readonly path: string;
  /** By name; `host` and `none` among them. */
  readonly networks: readonly DockerAttachment[];
}

/** What ties a container to a network. */
export interface DockerAttachment {
  readonly name: string;
  /** The addresses that it was given by name; none where Docker chooses. */
  readonly addresses: readonly string[];
  /** The addresses that it has; none while the container does not run. */
  readonly current: readonly string[];
  readonly mac?: string;
  /** Names by which others in the network find it, besides the container's own. */
  readonly aliases: readonly string[];
  /** Which of a container's networks has the default gateway: the highest; engines before 28 know none. */
  readonly gatewayPriority?: number;
  readonly options: Readonly<Record<string, string>>;
}

/** What `docker inspect` is to print of a container. */
export const containerFormat = `{${[
  '"id":{{json .Id}}',
  '"name":{{json .Name}}',
  '"running":{{json .State.Running}}',
  '"restart":{{json .HostConfig.RestartPolicy.Name}}',
  '"autoRemove":{{json .HostConfig.AutoRemove}}',
  '"networkMode":{{json .HostConfig.NetworkMode}}',
  '"path":{{json .NetworkSettings.SandboxKey}}',
  '"networks":{{json .NetworkSettings.Networks}}',
].join(",")}}`;

interface RawContainer extends Omit<DockerContainer, "networks"> {
  networks: Record<string, RawAttachment> | null;
}

interface RawAttachment {
  IPAMConfig: { IPv4Address?: string; IPv6Address?: string } | null;
  IPAddress: string;
  GlobalIPv6Address: string;
  MacAddress: string;
  Aliases: string[] | null;
  GwPriority?: number;
  DriverOpts: Record<string, string> | null;
}

/** Reads a line of that format. */
export function parseContainer(line: string): DockerContainer {
  const { name, networks, ...rest } = JSON.parse(line) as RawContainer;
  const attachments = Object.entries(networks ?? {}).map(([network, raw]) => parseAttachment(network, raw, rest.id));
  return {
    ...rest,
    name: name.replace(/^\//, ""),
    networks: attachments.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function parseAttachment(name: string, raw: RawAttachment, id: string): DockerAttachment {
  const given = raw.IPAMConfig;
  const said = (addresses: readonly (string | undefined)[]) => addresses.flatMap((address) => address || []);
  return {
    name,
    addresses: said([given?.IPv4Address, given?.IPv6Address]),
    current: said([raw.IPAddress, raw.GlobalIPv6Address]),
    ...(raw.MacAddress && { mac: raw.MacAddress }),
    // Engines before 25 list the first digits of the container's ID too.
    aliases: (raw.Aliases ?? []).filter((alias) => alias !== id.slice(0, 12)),
    ...(raw.GwPriority !== undefined && { gatewayPriority: raw.GwPriority }),
    options: raw.DriverOpts ?? {},
  };
}

/** The container of this name or ID; of an ID the first twelve digits will do. */
export const containerCalled = <C extends { readonly name: string; readonly id: string }>(
  name: string,
  containers: readonly C[],
): C | undefined =>
  containers.find((one) => one.name === name) ??
  containers.find(({ id }) => /^[0-9a-f]{12,64}$/.test(name) && id.startsWith(name));
