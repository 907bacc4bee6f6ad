import { dockerNetwork, link } from "../../provider/host/graph.ts";
import type { Found, Item } from "./item.ts";

/** The boot files of which nothing is there: what they make has gone, or they make nothing that has a name. */
export function fragmentItems({ fragments, links, docker }: Found): Item[] {
  const there = new Set([
    ...links.map(({ name }) => link(name)),
    ...(docker?.networks ?? []).map(({ name }) => dockerNetwork(name)),
  ]);
  return fragments
    .filter(({ makes }) => !makes.some((node) => there.has(node)))
    .map(({ kind, name, owner, makes }) => ({
      whose: "ours",
      owner,
      sort: "boot file",
      name: `${kind} ${name}`,
      says: makes.length > 0 ? `makes ${makes.join(", ")}, which is not there now` : "run at boot",
      notes: [],
    }));
}
