import { child } from "../provider/schema/field.ts";
import { overlap, prefixLength } from "../provider/schema/net.ts";
import { listed } from "../provider/schema/words.ts";
import { inOrder } from "./address-plan.ts";
import type { Named, Report } from "./arguments.ts";

/** A VLAN, as far as its gateway goes, and as far as it is known. */
export type GatewayVlan = Named<{
  readonly vlanId?: number | undefined;
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
  readonly gatewayOn?: string | undefined;
  readonly reaches?: readonly string[] | undefined;
  readonly outside?: string | undefined;
  readonly addresses?: Readonly<Record<string, string | undefined>> | undefined;
}>;

/** The link of a host that has a VLAN's gateway address. */
export interface GatewayLink {
  readonly network: string;
  readonly vlanId: number;
  readonly link: string;
  /** The gateway's address, with the prefix of the containers' network. */
  readonly address: string;
}

/** A rule for what a gateway host forwards, in the words of its kind. */
export interface GatewayRule {
  readonly action: string;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly states?: string[];
}

/** What a host does as the gateway of VLANs. */
export interface GatewayHost {
  readonly links: readonly GatewayLink[];
  readonly forward: readonly GatewayRule[];
  readonly masquerade: readonly GatewayRule[];
}

/** What is wrong with the gateway of a VLAN beside the others. */
export function checkGateway(
  vlan: GatewayVlan,
  vlans: readonly GatewayVlan[],
  hosts: readonly string[],
  report: Report,
): void {
  const { path, name, subnet, gateway, gatewayOn, reaches = [], outside, addresses = {} } = vlan;
  if (gatewayOn === undefined) {
    const needs = "must come with gatewayOn, the host that forwards for this VLAN";
    if (reaches.length > 0) report(`${path}.reaches`, `${needs}, got ${listed(reaches, "and")}`);
    if (outside !== undefined) report(`${path}.outside`, `${needs}, got ${outside}`);
    return;
  }
  if (hosts.length > 0 && !hosts.includes(gatewayOn))
    report(`${path}.gatewayOn`, `must be one of hosts (${listed(hosts)}), got ${gatewayOn}`);
  const own = addresses[gatewayOn];
  if (own !== undefined && subnet !== undefined && overlap(own, subnet))
    report(
      child(`${path}.addresses`, gatewayOn),
      `must be outside of ${subnet}, which ${gatewayOn} reaches as its gateway by ${linkOf(vlan)}, got ${own}`,
    );
  const holder = Object.keys(addresses).find((host) => addresses[host]?.startsWith(`${gateway}/`));
  if (holder !== undefined && holder !== gatewayOn)
    report(child(`${path}.addresses`, holder), `must not be the gateway's, which ${gatewayOn} has, got ${gateway}`);
  for (const [i, other] of reaches.entries()) {
    const at = `${path}.reaches[${i}]`;
    const found = vlans.find((one) => one.name === other);
    const names = vlans.map((one) => one.name).filter((one) => one !== name);
    if (!found || other === name) report(at, `must be another of vlans (${listed(names)}), got ${other}`);
    else if (found.gatewayOn !== gatewayOn)
      report(
        at,
        `must be a VLAN whose gateway is on ${gatewayOn} too, got ${other}, ${found.gatewayOn ? `whose is on ${found.gatewayOn}` : "which has no gatewayOn"}`,
      );
  }
}

/** A VLAN that has a gateway, whole. */
type Gateway = { readonly [P in "name" | "subnet" | "gateway" | "gatewayOn"]: string } & {
  readonly vlanId: number;
  readonly reaches: readonly string[];
  readonly outside: string | undefined;
};

/** The hosts that are gateways, and what they let pass: what is declared, and nothing else. */
export function planGateways(vlans: readonly GatewayVlan[]): Map<string, GatewayHost> {
  const gateways = vlans.flatMap(wholeOf);
  const hosts = inOrder([...new Set(gateways.map(({ gatewayOn }) => gatewayOn))]);
  return new Map(
    hosts.map((host) => {
      const own = gateways.filter(({ gatewayOn }) => gatewayOn === host);
      return [host, { links: own.map(gatewayLink), forward: forwardRules(own), masquerade: masqueradeRules(own) }];
    }),
  );
}

/** As a list: empty when something of it is wrong, or when it has no gateway. */
function wholeOf({ name, vlanId, subnet, gateway, gatewayOn, reaches = [], outside }: GatewayVlan): Gateway[] {
  if (vlanId === undefined || subnet === undefined || gateway === undefined || gatewayOn === undefined) return [];
  return [{ name, vlanId, subnet, gateway, gatewayOn, reaches, outside }];
}

const linkOf = ({ vlanId }: Pick<GatewayVlan, "vlanId">) => `gw${vlanId}`;

const gatewayLink = ({ name, vlanId, subnet, gateway }: Gateway): GatewayLink => ({
  ...{ network: name, vlanId, link: linkOf({ vlanId }) },
  address: `${gateway}/${prefixLength(subnet)}`,
});

function forwardRules(vlans: readonly Gateway[]): GatewayRule[] {
  const opened = vlans.flatMap((vlan) => {
    const here = { link: linkOf(vlan), subnet: vlan.subnet };
    const others = inOrder(vlan.reaches).flatMap((name) => vlans.filter((other) => other.name === name));
    const there = [
      ...others.map((other) => ({ link: linkOf(other), subnet: other.subnet })),
      ...(vlan.outside === undefined ? [] : [{ link: vlan.outside, subnet: undefined }]),
    ];
    return there.flatMap((other) => [pass(here, other), { ...pass(other, here), states: ["ESTABLISHED", "RELATED"] }]);
  });
  const closed = vlans.flatMap((vlan) => [
    { action: "drop", inInterface: linkOf(vlan) },
    { action: "drop", outInterface: linkOf(vlan) },
    // What comes in the name of its containers by another link.
    { action: "drop", source: vlan.subnet },
  ]);
  return [...opened, ...closed];
}

interface End {
  readonly link: string;
  /** The outside has none. */
  readonly subnet: string | undefined;
}

const pass = (from: End, to: End): GatewayRule => ({
  ...{ action: "accept", inInterface: from.link, outInterface: to.link },
  ...(from.subnet && { source: from.subnet }),
  ...(to.subnet && { destination: to.subnet }),
});

const masqueradeRules = (vlans: readonly Gateway[]): GatewayRule[] =>
  vlans.flatMap(({ subnet, outside }) =>
    outside === undefined ? [] : [{ action: "masquerade", source: subnet, outInterface: outside }],
  );
