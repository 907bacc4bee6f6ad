import type * as pulumi from "@pulumi/pulumi";
import type { DockerNetwork, types } from "hostnet/resources";
import type { HostSubnet } from "./address-plan.ts";

/** A component's Docker network on one host. */
export type HostNetwork = {
  readonly [P in keyof types.output.HostNetwork]: P extends "ipRange" ? string : pulumi.Output<string>;
};

/** What a component puts out of a network that it has made. */
export const hostNetwork = ({ name, networkId }: DockerNetwork, { ipRange }: HostSubnet): HostNetwork => ({
  ...{ name, networkId },
  ipRange,
});
