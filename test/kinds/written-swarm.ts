import type { SwarmFact, SwarmNodeFact } from "../../provider/host/facts.ts";

/** Each node by its hostname, which is its ID too; what is not said is as of a worker that is ready. */
export type WrittenSwarm = Partial<Omit<SwarmFact, "nodes">> & {
  readonly nodes?: Readonly<Record<string, Partial<SwarmNodeFact>>>;
};

const none = { version: "26.1.5", error: "", nodeId: "", managers: [], liveRestore: false };

/** A swarm as a host of it tells of it. */
export function swarmOf({ nodes, ...more }: WrittenSwarm = { state: "inactive" }): SwarmFact {
  if (more.state === "inactive") return { ...none, manager: false, ...more, state: "inactive" };
  const manager = more.manager ?? true;
  return {
    ...{ ...none, state: "active", manager, nodeId: "node1", clusterId: "c1", managers: ["192.168.1.10:2377"] },
    ...{ address: "192.168.1.10", listen: "0.0.0.0:2377", advertise: "192.168.1.10:2377" },
    ...(manager && {
      cluster: { autolock: false, taskHistoryLimit: 5, addressPools: [], addressPoolLength: 24, dataPathPort: 4789 },
    }),
    ...more,
    ...(manager && more.silence === undefined && { nodes: Object.entries(nodes ?? {}).map(nodeOf) }),
  };
}

const nodeOf = ([name, written]: [string, Partial<SwarmNodeFact>]): SwarmNodeFact => ({
  ...{ id: name, hostname: name, role: "worker", availability: "active", labels: {}, state: "ready", address: name },
  ...(written.role === "manager" && { reachability: "reachable" }),
  ...written,
});
