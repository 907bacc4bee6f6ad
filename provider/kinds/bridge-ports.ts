import { type Facts, type Link, ownerOf } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";

/** What tells the ports of a bridge: those that it joins, and the one that it takes over. */
export interface Joined {
  readonly ports?: Readonly<Record<string, unknown>> | undefined;
  readonly inheritFrom?: string | undefined;
}

/** The names of the ports, the one that it takes over first. */
export const portsOf = (bridge: Joined | undefined): string[] =>
  Object.keys(bridge?.ports ?? {}).sort(
    (a, b) => Number(b === bridge?.inheritFrom) - Number(a === bridge?.inheritFrom),
  );

/** The ports that are there, in the same order. */
export const portLinks = (bridge: Joined, { links }: Pick<Facts, "links">): Link[] =>
  portsOf(bridge).flatMap((port) => links.find((l) => l.name === port) ?? []);

/**
 * The ports of a bridge that are its own to join and to let go: not the ends of cables into containers, which Docker or an
 * attachment has put there.
 */
export const ownPorts = (bridge: string, links: readonly Link[]): Link[] =>
  links.filter((port) => port.master === bridge && !isCable(port));

const isCable = (port: Link) =>
  port.kind === "veth" && port.elsewhere !== undefined && (port.name.startsWith("veth") || ownerOf(port) !== undefined);

/** What stands in the way of a link becoming a port of a bridge, or makes it useless there. */
export function portFindings(
  port: Link,
  bridge: Joined & { readonly name: string },
  facts: Pick<Facts, "links">,
  { changes }: Pick<Around, "changes">,
): Finding[] {
  const property = `ports.${port.name}`;
  if (port.name === "lo") return [refusal(property, "must not be the loopback link")];
  if (port.kind === "bridge") return [refusal(property, "must not be a bridge itself")];
  if (port.master && port.master !== bridge.name && !changes(link(port.master)))
    return [refusal(property, `must be a link of its own, and is a port of ${port.master} already`)];
  const above = facts.links.filter(({ parent }) => parent === port.name);
  // A device has one receiver only.
  const rival = above.find(({ kind = "" }) => ["macvlan", "macvtap", "ipvlan"].includes(kind));
  if (rival && !changes(link(rival.name)))
    return [refusal(property, `must not carry ${rival.kind} links, and carries ${rival.name}`)];
  const vlans = above.flatMap(({ name, vlan }) =>
    vlan ? [warning(property, `brings ${bridge.name} no frame of VLAN ${vlan.id}, which ${name} takes`)] : [],
  );
  if (changes(link(port.name))) return vlans;
  const lost = port.ips.filter(
    ({ family, scope }) => port.name !== bridge.inheritFrom && !(family === 6 && scope === "link"),
  );
  const addresses = lost.map(({ address, prefix }) => `${address}/${prefix}`).join(", ");
  return [
    ...vlans,
    ...(port.up ? [] : [warning(property, "is down: nothing will pass it until it is up")]),
    ...(addresses ? [warning(property, `has ${addresses}, which will not answer any more: see inheritFrom`)] : []),
  ];
}
