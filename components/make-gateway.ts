import type * as pulumi from "@pulumi/pulumi";
import { ForwardRule, Macvlan, Masquerade, Sysctl, type VlanInterface } from "hostnet/resources";
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
    // Both would answer for all addresses of the host, and packets would come by the link that no rule is about.
    const answersForItself = (resource: string, of: VlanInterface | Macvlan) =>
      new Sysctl(
        resource,
        { host, name: of.name.apply((its) => `net.ipv4.conf.${its.replaceAll(".", "/")}.arp_ignore`), value: "1" },
        { parent, dependsOn: of },
      );
    answersForItself(`${own}-vlan${vlanId}-arp`, vlan);
    answersForItself(`${own}-${link}-arp`, gateway);
    made.set(network, gateway);
  }
  const after = { parent, dependsOn: [...made.values()] };
  const set = setName("trunk", name);
  new ForwardRule(`${own}-forward`, { host, name: set, rules: [...forward] }, after);
  if (masquerade.length > 0) new Masquerade(`${own}-masquerade`, { host, name: set, rules: [...masquerade] }, after);
  return made;
}
