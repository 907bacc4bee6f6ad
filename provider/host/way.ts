import type { Ask, Facts } from "./facts.ts";

/** The tables that tell the way of SSH. */
export const wayFacts = ["links", "sshWay"] as const satisfies readonly Ask[];

/** The links that answers to us pass: the one they leave by, and all that it stands on or is a part of. */
export function linksOnWay({ sshWay, links }: Pick<Facts, "sshWay" | "links">): Set<string> {
  const names = new Set<string>();
  const visit = (name: string | undefined) => {
    const link = links.find((l) => l.name === name);
    if (!link || names.has(link.name)) return;
    names.add(link.name);
    visit(link.parent);
    // All ports of all bridges of Open vSwitch have one master in the kernel.
    if (link.portOf !== "openvswitch") visit(link.master);
    for (const port of links.filter(({ master }) => master === link.name)) visit(port.name);
  };
  visit(sshWay.device);
  sshWay.ovsPorts?.forEach(visit);
  return names;
}

/** What has changed of the way of SSH, in words; none: nothing was risked. */
export function changesOfWay(before: Facts, now: Facts): string[] {
  const [was, is] = [before, now].map((facts) => ({ way: facts.sshWay, names: linksOnWay(facts), facts }));
  if (!was || !is) return [];
  const names = [...new Set([...was.names, ...is.names])];
  const changed = names.filter((name) => aspect(was.facts, name) !== aspect(is.facts, name));
  const rules = JSON.stringify(was.facts.rules) !== JSON.stringify(is.facts.rules);
  const [wasState, isState] = [was, is].map(({ way }) => way.state.split("\n"));
  return [
    ...changed,
    ...(rules ? ["the policy rules"] : []),
    ...(wasState?.[0] !== isState?.[0] ? [`the route to ${is.way.client}`] : []),
    ...(wasState?.at(-1) !== isState?.at(-1) ? ["the firewall, the VLANs of bridges, or sysctls on the way"] : []),
  ];
}

/** What of a link matters to what passes it. */
function aspect({ links }: Facts, name: string): string {
  const link = links.find((l) => l.name === name);
  if (!link) return "";
  const { index: _number, alias: _alias, ips, ...rest } = link;
  // How long a lease is still good for changes with each look.
  return JSON.stringify({ ...rest, ips: ips.map(({ validLife: _v, preferredLife: _p, ...ip }) => ip) });
}
