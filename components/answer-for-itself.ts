import * as pulumi from "@pulumi/pulumi";
import { Sysctl } from "hostnet/resources";

/**
 * Has a link answer for its own addresses only. A link and the macvlan link of the same host on it are on one wire: both
 * would answer for all addresses of the host, and packets would come by the one that they are not for.
 */
export const answerForItself = (
  resource: string,
  host: string,
  link: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): Sysctl =>
  new Sysctl(
    resource,
    {
      host,
      name: pulumi.output(link).apply((its) => `net.ipv4.conf.${its.replaceAll(".", "/")}.arp_ignore`),
      value: "1",
    },
    options,
  );
