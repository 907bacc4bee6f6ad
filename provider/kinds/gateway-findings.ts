import type { Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, warning } from "../kind.ts";
import { addressesIn } from "./routed-hosts.ts";

interface Network {
  readonly driver: string;
  readonly ipvlanMode?: string | undefined;
  readonly parent?: string | undefined;
  readonly subnets?: readonly { readonly gateway?: string | undefined }[] | undefined;
}

/** Whether anybody answers to the gateways of a network on the wire: Docker gives them to nobody. */
export function gatewayFindings(
  { driver, parent, subnets = [], ipvlanMode = "l2" }: Network,
  { links }: Pick<Facts, "links">,
  { host, program, changes }: Pick<Around, "host" | "program" | "changes">,
): Finding[] {
  // Where the host routes, containers send to it, whatever address they know.
  if (driver === "bridge" || driver === "overlay" || (driver === "ipvlan" && ipvlanMode !== "l2")) return [];
  const instead = driver === "macvlan" ? `: give it to a Macvlan on ${parent}` : "";
  return subnets.flatMap(({ gateway }, i) => {
    if (gateway === undefined) return [];
    const has = `subnets[${i}].gateway`;
    const there = links.filter(({ name, ips }) => !changes(link(name)) && ips.some((ip) => ip.address === gateway));
    const declared = program.filter((one) => addressesIn(one).includes(gateway));
    const holders = [
      ...there.map(({ name }) => ({ host, name })),
      ...declared.map((one) => ({ host: one.host, name: String(one.want.name) })),
    ];
    if (holders.some((holder) => holder.host === host && holder.name === parent))
      return [
        warning(has, `is on ${parent}, which containers of ${host} itself never reach, got ${gateway}${instead}`),
      ];
    if (holders.length > 0) return [];
    return [
      warning(
        has,
        `should be an address that somebody has, and no host of the program has ${gateway}: other networks are reached only if a router on ${parent} does`,
      ),
    ];
  });
}
