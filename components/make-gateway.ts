import type * as pulumi from "@pulumi/pulumi";
import { ForwardRule, Macvlan, Masquerade, type VlanInterface } from "hostnet/resources";
import { answerForItself } from "./answer-for-itself.ts";
import { type ForwardingArgs, makeForwarding } from "./make-forwarding.ts";
import { setName } from "./set-name.ts";
import type { GatewayHost } from "./trunk-gateways.ts";

/** What a trunk has made, or says, of a VLAN on a host. */
interface Below {
  readonly vlan: VlanInterface;
  readonly mtu: pulumi.Input<number | undefined> | undefined;
}

/** Makes a host of a trunk the gateway of VLANs; answers the links that have the gateways' addresses, by VLAN. */
export function makeGateway(
  parent: pulumi.Resource,
  name: string,
  host: string,
  { links, forward, masquerade }: GatewayHost,
  forwarding: ForwardingArgs,
  below: (network: string) => Below,
): Map<string, Macvlan> {
  const own = `${name}-${host}`;
  makeForwarding(parent, own, host, forwarding);
  const made = new Map<string, Macvlan>();
  for (const { network, vlanId, link, address } of links) {
    const { vlan, mtu } = below(network);
    // Not on the VLAN interface: a macvlan never reaches its own parent, so the host's own containers would not.
    const gateway = new Macvlan(
      `${own}-${link}`,
      { host, name: link, parent: vlan.name, mtu, addresses: [address] },
      { parent },
    );
    answerForItself(`${own}-vlan${vlanId}-arp`, host, vlan.name, { parent, dependsOn: vlan });
    answerForItself(`${own}-${link}-arp`, host, gateway.name, { parent, dependsOn: gateway });
    made.set(network, gateway);
  }
  const after = { parent, dependsOn: [...made.values()] };
  const set = setName("trunk", name);
  new ForwardRule(`${own}-forward`, { host, name: set, rules: [...forward] }, after);
  if (masquerade.length > 0) new Masquerade(`${own}-masquerade`, { host, name: set, rules: [...masquerade] }, after);
  return made;
}
