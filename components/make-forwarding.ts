import type * as pulumi from "@pulumi/pulumi";
import { ForwardPolicy, IpForwarding, type RoutedBridgesArgs } from "hostnet/resources";

/** What a component was told of forwarding. */
export type ForwardingArgs = Pick<RoutedBridgesArgs, "forwarding" | "forwardPolicy">;

/** Makes a host forward, unless the program does; answers what else comes after that. `own` begins the resources' names. */
export function makeForwarding(
  parent: pulumi.Resource,
  own: string,
  host: string,
  { forwarding, forwardPolicy: policy }: ForwardingArgs,
): pulumi.Resource[] {
  const closed = policy ? [new ForwardPolicy(`${own}-policy`, { host, family: "ipv4", policy }, { parent })] : [];
  return forwarding === false
    ? closed
    : [new IpForwarding(`${own}-forwarding`, { host, family: "ipv4" }, { parent, dependsOn: closed })];
}
