import type { DockerNetworkFact } from "../../provider/host/facts.ts";
import { dockerNetwork } from "../../provider/host/graph.ts";
import { type Found, type Item, keeperOf } from "./item.ts";

/** Whose a network of Docker is, if it is ours. */
export const ownerOfNetwork = ({ labels }: DockerNetworkFact): string | undefined => labels["hostnet.owner"];

/** Docker's networks as items. */
export function networkItems(found: Found): Item[] {
  return (found.docker?.networks ?? []).map((network) => {
    const { name, driver, subnets, options, internal, containers } = network;
    const owner = ownerOfNetwork(network) ?? keeperOf(found, dockerNetwork(name))?.owner;
    const words = [
      [driver, ...subnets.map(({ subnet }) => subnet), ...(options.parent ? [`on ${options.parent}`] : [])].join(" "),
      ...(internal ? ["internal"] : []),
      ...(containers.length > 0 ? [`used by ${containers.toSorted().join(", ")}`] : []),
    ];
    return {
      whose: owner === undefined ? "docker" : "ours",
      ...(owner !== undefined && { owner }),
      sort: "docker network",
      name,
      says: words.join(", "),
      notes: [],
    };
  });
}
