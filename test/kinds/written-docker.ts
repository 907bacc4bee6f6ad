import type {
  DockerAttachment,
  DockerContainer,
  DockerDaemonFact,
  DockerEngine,
  DockerNetworkFact,
} from "../../provider/host/facts.ts";

export interface WrittenDocker {
  readonly version?: string;
  readonly networks?: readonly Partial<DockerNetworkFact>[];
  readonly containers?: readonly WrittenContainer[];
}

export type WrittenDaemon = Partial<Omit<DockerDaemonFact, "engine">> & {
  readonly engine?: Partial<Omit<DockerEngine, "networks" | "containers">> & {
    /** Options of the default bridge, like `com.docker.network.driver.mtu`. */
    readonly bridge?: Readonly<Record<string, string>>;
    readonly networks?: readonly Partial<DockerNetworkFact>[];
    readonly containers?: readonly WrittenContainer[];
  };
};
/** Each of its networks by name, behind it the addresses that it was given there: `back 10.60.0.5`; or as facts. */
type WrittenContainer = Partial<Omit<DockerContainer, "networks">> & {
  readonly networks?: readonly (string | Partial<DockerAttachment>)[];
};

/** A Docker as a host of it tells of it. */
export function dockerOf({ version = "28.0.0", networks = [], containers = [] }: WrittenDocker) {
  const all = containers.map(containerOf);
  // A network tells of those that run.
  const inside = (name: string) => all.filter((c) => c.running && c.networks.some((n) => n.name === name));
  return {
    version,
    networks: networks.map(networkOf).map((n) => ({ ...n, containers: inside(n.name).map((c) => c.name) })),
    containers: all,
  };
}

export const containerOf = ({ networks = ["bridge"], ...written }: WrittenContainer, i: number): DockerContainer => ({
  id: `${i}`.padStart(64, "a"),
  ...{ name: "box", running: true, restart: "no", autoRemove: false, networkMode: "bridge", path: "" },
  ...written,
  networks: networks.map(attachmentOf),
});

function attachmentOf(written: string | Partial<DockerAttachment>): DockerAttachment {
  const [name = "", ...addresses] = typeof written === "string" ? written.split(" ") : [];
  const usual = { name, addresses, current: addresses, aliases: [], options: {} };
  return typeof written === "string" ? usual : { ...usual, ...written };
}

const networkOf = (written: Partial<DockerNetworkFact>, i: number): DockerNetworkFact => ({
  id: `${i}`.padStart(64, "0"),
  name: `net${i}`,
  driver: "bridge",
  internal: false,
  attachable: false,
  ipv6: false,
  options: {},
  labels: {},
  containers: [],
  ...written,
  subnets: (written.subnets ?? []).map((one) => ({ ...one, auxAddresses: one.auxAddresses ?? {} })),
});

/** A daemon that runs unless the case says what else it does. */
export const daemonOf = ({ engine: { bridge, ...engine } = {}, ...written }: WrittenDaemon): DockerDaemonFact => ({
  ...{ path: "/etc/docker/daemon.json", argv: ["/usr/sbin/dockerd", "-H", "fd://"], state: "active" },
  ...written,
  ...((written.state ?? "active") === "active" && {
    engine: {
      ...{ version: "26.1.5", liveRestore: false, swarm: false, logDriver: "json-file", storageDriver: "overlay2" },
      addressPools: [],
      ...engine,
      networks: [
        { ...defaultBridge, options: { ...defaultBridge.options, ...bridge } },
        ...(engine.networks ?? []),
      ].map(networkOf),
      containers: (engine.containers ?? []).map(containerOf),
    },
  }),
});

const defaultBridge: Partial<DockerNetworkFact> = {
  name: "bridge",
  options: Object.fromEntries(
    Object.entries({
      "bridge.default_bridge": "true",
      "bridge.enable_icc": "true",
      "bridge.enable_ip_masquerade": "true",
      "bridge.name": "docker0",
      "driver.mtu": "1500",
    }).map(([name, value]) => [`com.docker.network.${name}`, value]),
  ),
};
