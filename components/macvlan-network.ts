import * as pulumi from "@pulumi/pulumi";
import { DockerNetwork, type MacvlanNetworkArgs as GeneratedArgs, Nic, type types } from "hostnet/resources";
import { type HostNetwork, hostNetwork } from "./host-network.ts";
import { planNetwork } from "./macvlan-network-plan.ts";
import { makeAccess } from "./make-access.ts";
import type { Narrowed } from "./types.ts";

/** A host with containers in the network. */
export type MacvlanHost = types.input.MacvlanHostArgs;

/** What a macvlan network is made from. All but `parent`, `mtu` and `promiscuous` must be plain: addresses are computed from it. */
export type MacvlanNetworkArgs<Host extends string = string> = Narrowed<
  GeneratedArgs,
  { hosts: { [H in Host]: MacvlanHost } }
>;

/**
 * One macvlan network for containers of several hosts, on links that may be called otherwise on each. Docker hands out
 * addresses per host, so each host gets a range of its own, and no two containers get one address, or the hardware
 * address that Docker derives from it. Hosts reach the containers where they have an address among them.
 */
export class MacvlanNetwork<Host extends string = string> extends pulumi.ComponentResource {
  /** The Docker network of each host, by host: `networks.node1.name`. */
  declare readonly networks: { readonly [H in Host]: HostNetwork };

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: MacvlanNetworkArgs<Host>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for a network that is there already.
    const plan = opts?.urn ? undefined : planNetwork(name, args);
    super("hostnet:index:MacvlanNetwork", name, args, opts);
    if (!plan) return;

    const networks: Record<string, HostNetwork> = {};
    for (const [host, subnet] of plan.shares) {
      const its = args.hosts[host as Host];
      const { parent, mtu, promiscuous, access } = its;
      const own = `${name}-${host}`;
      const nic = new Nic(own, { host, name: parent, up: true, mtu, promiscuous }, { parent: this });
      const docker = new DockerNetwork(
        `${own}-network`,
        { host, name: plan.network, driver: "macvlan", macvlanMode: args.mode, parent, subnets: [subnet] },
        { parent: this, dependsOn: nic },
      );
      networks[host] = hostNetwork(docker, subnet);
      if (access) makeAccess({ component: this, own, host, nic }, its, args, access, plan.access);
    }
    this.networks = networks as typeof this.networks;
    this.registerOutputs({ networks });
  }
}
