import { X509Certificate } from "node:crypto";
import { Failure } from "../../errors.ts";
import { type Command, docker, render, tool } from "../command.ts";
import { told } from "./lines.ts";

/** What a host has to do with a swarm. */
export interface SwarmFact {
  /** Of the engine. */
  readonly version: string;
  /** `inactive`, `pending`, `active`, `locked` or `error`, as Docker calls it. */
  readonly state: string;
  /** What Docker says is wrong; empty when nothing is. */
  readonly error: string;
  /** Whether it takes what only managers do. */
  readonly manager: boolean;
  readonly nodeId: string;
  /** As the node's certificate says, which workers have too; undefined where it is part of none. */
  readonly clusterId?: string;
  /** By which address others know it. */
  readonly address?: string;
  /** Where it listens, where others reach it, and its address for containers; undefined where it was not told. */
  readonly listen?: string;
  readonly advertise?: string;
  readonly dataPath?: string;
  /** The managers that it knows: addresses with ports. */
  readonly managers: readonly string[];
  /** What holds for the whole swarm; managers only. */
  readonly cluster?: SwarmSettings;
  /** Managers only, and as long as they are enough to decide. */
  readonly nodes?: readonly SwarmNodeFact[];
  /** Why the nodes are not told. */
  readonly silence?: string;
  /** What a swarm cannot be beside. */
  readonly liveRestore: boolean;
  readonly clusterStore?: string;
}

export interface SwarmSettings {
  readonly autolock: boolean;
  readonly taskHistoryLimit: number;
  readonly addressPools: readonly string[];
  readonly addressPoolLength: number;
  readonly dataPathPort: number;
}

/** A node, as managers see it. */
export interface SwarmNodeFact {
  readonly id: string;
  readonly hostname: string;
  readonly role: "manager" | "worker";
  readonly availability: "active" | "pause" | "drain";
  readonly labels: Readonly<Record<string, string>>;
  /** `ready`, `down`, `disconnected` or `unknown`. */
  readonly state: string;
  readonly address: string;
  /** Of a manager: `reachable`, `unreachable` or `unknown`. */
  readonly reachability?: string;
}

/** What admits to a swarm. */
export interface SwarmTokensFact {
  readonly worker?: string;
  readonly manager?: string;
  readonly unlockKey?: string;
}

const nodeFormat = `node {${[
  '"id":{{json .ID}}',
  '"spec":{{json .Spec}}',
  '"hostname":{{json .Description.Hostname}}',
  '"status":{{json .Status}}',
  '"manager":{{json .ManagerStatus}}',
].join(",")}}`;

/** Shell text that asks `docker info`. Where no engine runs it fails on its own format, and `docker version` says why. */
const info = (format: string): string =>
  `$(${render(docker`info --format ${format}`)} 2>/dev/null) || { ${render(docker`version`)} >/dev/null; exit 1; }`;

/** Prints lines that begin with what they tell. Without a leader Docker answers after twenty seconds. */
export const swarmCommand: Command = tool("sh")`-c ${`said=${info("{{.DockerRootDir}}\ninfo {{json .}}")}
printf '%s\\n' "$said" | sed 1d
folder=$(printf '%s\\n' "$said" | sed 1q)/swarm
[ ! -e "$folder/docker-state.json" ] || { sed 's/^/told /' "$folder/docker-state.json" && echo; }
[ ! -e "$folder/certificates/swarm-node.crt" ] || sed 's/^/certificate /' "$folder/certificates/swarm-node.crt"
case $said in *'"ControlAvailable":true'*) ;; *) exit 0 ;; esac
if ids=$(timeout 30 ${render(docker`node ls --quiet`)} 2>&1); then
  ${render(docker`node inspect --format ${nodeFormat}`)} $ids
else
  printf '%s\\n' "$ids" | sed 's/^/silence /'
fi`}`;

/** Prints the tokens of a swarm on its managers, and nothing elsewhere. */
export const swarmTokensCommand: Command = tool("sh")`-c ${`manager=${info("{{.Swarm.ControlAvailable}}")}
[ "$manager" = true ] || exit 0
for role in worker manager; do
  token=$(${render(docker`swarm join-token --quiet`)} "$role") || exit
  printf '%s %s\\n' "$role" "$token"
done
# It says so where there is none.
key=$(${render(docker`swarm unlock-key --quiet`)} 2>/dev/null) && printf 'unlockKey %s\\n' "$key"
:`}`;

/** Reads what `swarmTokensCommand` printed. Nothing that it prints may stand in a message. */
export function parseSwarmTokens(stdout: string): SwarmTokensFact {
  const names = ["worker", "manager", "unlockKey"] as const;
  return Object.fromEntries(names.flatMap((name) => told(stdout, name).map((value) => [name, value])));
}

interface RawInfo {
  ServerErrors?: string[];
  ServerVersion: string;
  LiveRestoreEnabled: boolean;
  ClusterStore?: string;
  Swarm: {
    NodeID: string;
    NodeAddr: string;
    LocalNodeState: string;
    ControlAvailable: boolean;
    Error: string;
    RemoteManagers: { Addr: string }[] | null;
    Cluster?: {
      Spec: {
        Orchestration: { TaskHistoryRetentionLimit?: number };
        EncryptionConfig: { AutoLockManagers: boolean };
      };
      DefaultAddrPool?: string[] | null;
      SubnetSize?: number;
      DataPathPort?: number;
    } | null;
  };
}

/** What a node was told when it became one. What Docker was told by link stands here as an address. */
interface RawState {
  ListenAddr: string;
  AdvertiseAddr: string;
  DataPathAddr: string;
}

/** Reads what `swarmCommand` printed. */
export function parseSwarm(stdout: string): SwarmFact {
  const [line] = told(stdout, "info");
  if (line === undefined) throw new Error("it lacks what docker info says");
  const { ServerErrors, ServerVersion, Swarm: swarm, LiveRestoreEnabled, ClusterStore } = JSON.parse(line) as RawInfo;
  if (typeof ServerVersion !== "string") throw new Error(ServerErrors?.join("; ") ?? "it lacks ServerVersion");
  const [state] = told(stdout, "told").map((text) => JSON.parse(text) as RawState);
  const certificate = told(stdout, "certificate").join("\n");
  const clusterId = certificate && /^O=(.+)$/m.exec(new X509Certificate(certificate).subject)?.[1];
  const silence = told(stdout, "silence").join("\n");
  const nodes = told(stdout, "node").map((text) => parseNode(JSON.parse(text) as RawNode));
  return {
    version: ServerVersion,
    state: swarm.LocalNodeState || "inactive",
    error: swarm.Error,
    manager: swarm.ControlAvailable,
    nodeId: swarm.NodeID,
    ...(clusterId && { clusterId }),
    ...(swarm.NodeAddr && { address: swarm.NodeAddr }),
    ...(state?.ListenAddr && { listen: state.ListenAddr }),
    ...(state?.AdvertiseAddr && { advertise: state.AdvertiseAddr }),
    ...(state?.DataPathAddr && { dataPath: state.DataPathAddr }),
    managers: (swarm.RemoteManagers ?? []).map(({ Addr }) => Addr),
    // Without a leader it is there, and empty.
    ...(swarm.Cluster && swarm.ControlAvailable && !silence && { cluster: parseSettings(swarm.Cluster) }),
    ...(swarm.ControlAvailable && !silence && { nodes }),
    ...(silence && { silence }),
    liveRestore: LiveRestoreEnabled,
    ...(ClusterStore && { clusterStore: ClusterStore }),
  };
}

const parseSettings = ({
  Spec,
  DefaultAddrPool,
  SubnetSize,
  DataPathPort,
}: NonNullable<RawInfo["Swarm"]["Cluster"]>) => ({
  autolock: Spec.EncryptionConfig.AutoLockManagers,
  taskHistoryLimit: Spec.Orchestration.TaskHistoryRetentionLimit ?? 5,
  addressPools: DefaultAddrPool ?? [],
  addressPoolLength: SubnetSize ?? 24,
  dataPathPort: DataPathPort || 4789,
});

interface RawNode {
  id: string;
  hostname: string;
  spec: {
    Role: SwarmNodeFact["role"];
    Availability: SwarmNodeFact["availability"];
    Labels: Record<string, string> | null;
  };
  status: { State: string; Addr: string };
  manager: { Reachability: string } | null;
}

const parseNode = ({ id, hostname, spec, status, manager }: RawNode): SwarmNodeFact => ({
  ...{ id, hostname, role: spec.Role, availability: spec.Availability, labels: spec.Labels ?? {} },
  ...{ state: status.State, address: status.Addr },
  ...(manager && { reachability: manager.Reachability }),
});

/** The nodes of a swarm, as its managers tell. Throws a Failure where the host does not know them. */
export function swarmNodes({ nodes, silence, state }: SwarmFact): readonly SwarmNodeFact[] {
  if (nodes) return nodes;
  const why = silence ?? (state === "active" ? "the host is a worker" : `the host is in none (${state})`);
  throw new Failure("refused", `the nodes of a swarm are told by its managers: ${why}`);
}
