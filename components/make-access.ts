import type * as pulumi from "@pulumi/pulumi";
import { Macvlan, type MacvlanNetworkArgs, type Nic, Route, type types } from "hostnet/resources";
import { answerForItself } from "./answer-for-itself.ts";
import type { Access } from "./macvlan-network-plan.ts";

/** A host of a macvlan network, and what is made for it. */
interface Where {
  readonly component: pulumi.Resource;
  /** How the names of its resources begin. */
  readonly own: string;
  readonly host: string;
  readonly nic: Nic;
}

/** Gives a host an address of its own in a macvlan network, and the ways to the containers by it. */
export function makeAccess(
  { component, own, host, nic }: Where,
  { parent, mtu }: types.input.MacvlanHostArgs,
  { mode }: Pick<MacvlanNetworkArgs, "mode">,
  address: string,
  { link: name, ways }: Access,
): void {
  const link = new Macvlan(
    `${own}-access`,
    // Its network is not on it: that would lead to the parent's neighbours too.
    { host, name, parent, mode, mtu, addresses: [`${address}/32`] },
    { parent: component, dependsOn: nic },
  );
  answerForItself(`${own}-parent-arp`, host, parent, { parent: component, dependsOn: nic });
  answerForItself(`${own}-access-arp`, host, link.name, { parent: component, dependsOn: link });
  for (const { to, ...way } of ways)
    new Route(`${own}-${to}`, { host, ...way, dev: link.name, src: address }, { parent: component });
}
