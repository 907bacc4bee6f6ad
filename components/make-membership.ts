import type * as pulumi from "@pulumi/pulumi";
import { DockerDaemon, SwarmCluster, SwarmMember } from "hostnet/resources";
import { family } from "../provider/schema/net.ts";
import type { OverlayNetworkArgs } from "./overlay-network.ts";
import type { OverlayPlan } from "./overlay-network-plan.ts";

/** Where hosts are told to reach each other's Docker. For an overlay network none of them does. */
const advertisedPort = 2376;

/** Makes the hosts of an overlay network know of it: answers, by host, what makes each do so. */
export function makeMembership(
  parent: pulumi.Resource,
  name: string,
  { first, hosts }: OverlayPlan,
  args: Pick<OverlayNetworkArgs, "control" | "hosts" | "store" | "dataPathPort">,
): Map<string, pulumi.Resource> {
  const made = new Map<string, pulumi.Resource>();
  let swarm: SwarmCluster | undefined;
  for (const [host, { role }] of hosts) {
    const own = `${name}-${host}`;
    const { link, address, dataPathLink, dataPathAddress } = args.hosts[host] ?? {};
    if (args.control === "keyValueStore") {
      const place = address && family(address) === 6 ? `[${address}]` : (address ?? link);
      const store = { clusterStore: args.store, clusterAdvertise: `${place}:${advertisedPort}` };
      made.set(host, new DockerDaemon(own, { host, ...store }, { parent }));
      continue;
    }
    const places = { advertiseLink: link, advertiseAddress: address, dataPathLink, dataPathAddress };
    // The first comes first.
    if (host === first) {
      swarm = new SwarmCluster(own, { host, ...places, dataPathPort: args.dataPathPort }, { parent });
      made.set(host, swarm);
    } else if (swarm) {
      const token = role === "manager" ? swarm.managerToken : swarm.workerToken;
      const join = { swarm: swarm.clusterId, manager: swarm.address, token };
      made.set(host, new SwarmMember(own, { host, ...join, ...places }, { parent }));
    }
  }
  return made;
}
