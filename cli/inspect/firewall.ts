import type { FirewallChain, FirewallFact } from "../../provider/host/facts.ts";
import { ownerOfChain } from "../../provider/host/firewall.ts";
import { firewallChain } from "../../provider/host/graph.ts";
import { listed } from "../../provider/schema/words.ts";
import { type Found, type Item, keeperOf } from "./item.ts";

/** Our chains and Docker's as items; the kernel's own, and what others have in them, are left to their tools. */
export function firewallItems(found: Found): Item[] {
  const { firewall } = found;
  if (!firewall) return [];
  const byName = Map.groupBy(
    firewall.chains.filter(({ name }) => /^(HOSTNET-|DOCKER)/.test(name)),
    ({ table, name }) => `${table} ${name}`,
  );
  return [...byName.values()].map((chains) => itemOf(chains, found, firewall));
}

function itemOf(chains: readonly FirewallChain[], found: Found, firewall: FirewallFact): Item {
  const [{ name, table } = { name: "", table: "filter" }] = chains;
  const owner = ownerOfChain(firewall, name) ?? keeperOf(found, firewallChain(name))?.owner;
  const count = (chain: FirewallChain) => `${chain.rules.length} in IPv${chain.family}`;
  const theirs = name.startsWith("DOCKER") ? "docker" : "unknown";
  return {
    ...(owner === undefined ? { whose: theirs } : { whose: "ours", owner }),
    sort: "firewall chain",
    name,
    says: `${table} of ${firewall.backend}, rules: ${listed(chains.map(count), "and")}`,
    notes: [],
  };
}
