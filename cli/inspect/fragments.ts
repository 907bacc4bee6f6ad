import { routeName, ruleName } from "../../provider/host/facts.ts";
import { dockerNetwork, firewallChain, link, type Node, ovsBridge, ovsPort } from "../../provider/host/graph.ts";
import type { Found, Item } from "./item.ts";

/** The boot files of which nothing is there: what they make has gone, or they make nothing that has a name. */
export function fragmentItems({ fragments, links, routes, rules, ovs, docker, firewall }: Found): Item[] {
  const there = new Set<Node>([
    ...routes.map((route): Node => `route ${routeName(route)}`),
    ...rules.map((rule): Node => `rule ${ruleName(rule)}`),
    ...links.map(({ name }) => link(name)),
    ...ovs.flatMap(({ name, ports }) => [ovsBridge(name), ...ports.map((port) => ovsPort(port.name))]),
    ...(docker?.networks ?? []).map(({ name }) => dockerNetwork(name)),
    ...(firewall?.chains ?? []).map(({ name }) => firewallChain(name)),
  ]);
  return fragments
    .filter(({ makes }) => !makes.some((node) => there.has(node)))
    .map(({ kind, name, owner, makes }) => ({
      whose: "ours",
      owner,
      sort: "boot file",
      name: `${kind} ${name}`,
      says: saysOf(makes[0]),
      notes: [],
    }));
}

/** The first of what it makes is the thing itself. */
function saysOf(node: Node | undefined): string {
  if (node?.startsWith("sysctl ")) return `sets ${node}`;
  return node ? `makes ${node}, which is not there now` : "run at boot";
}
