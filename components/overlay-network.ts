import * as pulumi from "@pulumi/pulumi";
import {
  DockerConnection,
  DockerNetwork,
  type OverlayNetworkArgs as GeneratedArgs,
  type types,
} from "hostnet/resources";
import { makeMembership } from "./make-membership.ts";
import { planOverlay } from "./overlay-network-plan.ts";
import type { Narrowed, Only } from "./types.ts";

/** A container in the network, which runs. */
export type OverlayContainer = types.input.OverlayContainerArgs;

/** A host with containers in the network. */
export type OverlayHost = Narrowed<
  types.input.OverlayHostArgs,
  { containers: { [container: string]: OverlayContainer } }
>;

/** What an overlay network is made from. All but `underlayMtu`, and `container` and `aliases` of containers, must be plain: addresses are computed from it. */
export type OverlayNetworkArgs<Host extends string = string> = Narrowed<
  GeneratedArgs,
  { hosts: { [H in Host]: OverlayHost }; first: Only<Host> }
>;

/**
 * One overlay network for containers of several hosts, in tunnels between the hosts: the swarm or the key-value store by
 * which Docker keeps it, the network, and the connections of the containers, with addresses that are planned here for
 * all of them.
 */
export class OverlayNetwork<Host extends string = string> extends pulumi.ComponentResource {
  /** Docker's name of the network: what a container joins. */
  declare readonly network: pulumi.Output<string>;
  /** Docker's ID of it. */
  declare readonly networkId: pulumi.Output<string>;
  /** The addresses of the containers, by host and container: `addresses.node1.web`. */
  declare readonly addresses: { readonly [H in Host]: { readonly [container: string]: string } };

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: OverlayNetworkArgs<Host>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for a network that is there already.
    const plan = opts?.urn ? undefined : planOverlay(name, args);
    super("hostnet:index:OverlayNetwork", name, args, opts);
    if (!plan) return;

    const { first, subnet, hosts } = plan;
    const members: ReadonlyMap<string, pulumi.Resource> =
      args.membership === false ? new Map() : makeMembership(this, name, plan, args);
    const docker = new DockerNetwork(
      `${name}-network`,
      {
        ...{ host: first, name: plan.network, driver: "overlay", subnets: [subnet] },
        ...{ encrypted: args.encrypted, underlayMtu: args.underlayMtu },
        // Of a store every container joins every network.
        ...(args.control !== "keyValueStore" && { attachable: true }),
      },
      // Before a host leaves, the managers must have heard that nobody of it is in the network any more.
      { parent: this, dependsOn: [...members.values()] },
    );
    for (const [host, { addresses }] of hosts)
      for (const [box, ipv4Address] of Object.entries(addresses)) {
        const { container, aliases } = args.hosts[host as Host].containers?.[box] ?? {};
        const known = pulumi.output(container).apply((id = box) => id);
        new DockerConnection(
          `${name}-${host}-${box}`,
          { host, container: known, network: docker.name, ipv4Address, aliases },
          { parent: this, dependsOn: members.get(host) ?? [] },
        );
      }
    this.network = docker.name;
    this.networkId = docker.networkId;
    this.addresses = Object.fromEntries([...hosts].map(([host, { addresses }]) => [host, addresses])) as never;
    this.registerOutputs({ network: this.network, networkId: this.networkId, addresses: this.addresses });
  }
}
