import type { SwarmFact, SwarmNodeFact } from "../host/facts.ts";

/** Why a manager must stay one; undefined when enough others are left to decide, or it is none. */
export function neededAsManager(nodes: readonly SwarmNodeFact[], id: string): string | undefined {
  const managers = nodes.filter(({ reachability }) => reachability !== undefined);
  const one = managers.find((node) => node.id === id);
  if (!one) return undefined;
  const others = managers.length - 1;
  if (others === 0) return `${one.hostname} is the last manager, without which there is no swarm`;
  const reachable = managers.filter(({ reachability }) => reachability === "reachable");
  const left = reachable.filter((node) => node !== one).length;
  if (left > others / 2) return undefined;
  return `${reachable.length} of ${managers.length} managers are reachable, and removing ${one.hostname} loses the quorum: ${left} of ${others} cannot decide`;
}

/** Why nothing can be changed in a swarm; undefined when it can. */
export function stuck({ state, error, silence }: SwarmFact): string | undefined {
  if (state === "locked")
    return "is locked since Docker has restarted: run `docker swarm unlock` on it, with the unlockKey of its SwarmCluster";
  if (silence !== undefined) return `must find enough managers to decide (quorum), and Docker says: ${silence}`;
  return state === "error" ? `must find a node that works, and Docker says: ${error}` : undefined;
}
