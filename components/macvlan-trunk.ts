import * as pulumi from "@pulumi/pulumi";
import {
  DockerNetwork,
  type MacvlanTrunkArgs as GeneratedArgs,
  type Macvlan,
  Nic,
  type types,
  VlanInterface,
} from "hostnet/resources";
import type { HostSubnet } from "./address-plan.ts";
import { planTrunk } from "./macvlan-trunk-plan.ts";
import { makeGateway } from "./make-gateway.ts";
import type { Narrowed, Only } from "./types.ts";

/** A host on the trunk. */
export type TrunkHost = types.input.TrunkHostArgs;

/** A VLAN of the trunk, and the containers' network on it. All but `mtu` must be plain: addresses are computed from it. */
export type TrunkVlan<Host extends string = string> = Narrowed<
  types.input.TrunkVlanArgs,
  { addresses: { [H in Only<Host>]?: string | undefined }; gatewayOn: Only<Host> }
>;

/** What a trunk is made from. `hosts`, `vlans` and the names in them must be plain. */
export type MacvlanTrunkArgs<Host extends string = string, Network extends string = string> = Narrowed<
  GeneratedArgs,
  { hosts: { [H in Host]: TrunkHost }; vlans: { [N in Network]: TrunkVlan<Host> } }
>;

/** The Docker network of one VLAN on one host. */
export type TrunkNetwork = {
  readonly [P in keyof types.output.TrunkNetwork]: P extends "ipRange" ? string : pulumi.Output<string>;
};

/**
 * Containers of several hosts on the VLANs of one 802.1Q trunk: on every host a VLAN interface per VLAN and a macvlan
 * Docker network on it. Docker hands out addresses per host, so each host gets a range of its own in every subnet, and
 * no two containers get one address, or the hardware address that Docker derives from it.
 */
export class MacvlanTrunk<
  Host extends string = string,
  Network extends string = string,
> extends pulumi.ComponentResource {
  /** The Docker networks, by VLAN and host: `trunk.networks.mac_net11.node1.name`. */
  declare readonly networks: { readonly [N in Network]: { readonly [H in Host]: TrunkNetwork } };

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: MacvlanTrunkArgs<Host, Network>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for a trunk that is there already.
    const plan = opts?.urn ? undefined : planTrunk(name, args);
    super("hostnet:index:MacvlanTrunk", name, args, opts);
    if (!plan) return;

    const { vlans, gateways } = plan;
    const networks: Record<string, Record<string, TrunkNetwork>> = {};
    const mtuOf = (network: string) => args.vlans[network as Network].mtu ?? args.mtu;
    const interfaces = new Map<string, VlanInterface>();
    for (const [host, { parent, mtu, promiscuous }] of Object.entries<TrunkHost>(args.hosts)) {
      const nic = new Nic(`${name}-${host}`, { host, name: parent, up: true, mtu, promiscuous }, { parent: this });
      for (const [network, { vlanId, addresses }] of vlans)
        interfaces.set(
          `${host} ${network}`,
          new VlanInterface(
            // Not by the network: two networks that swap their VLANs would be in each other's way.
            `${name}-${host}-vlan${vlanId}`,
            {
              host,
              parent,
              vlanId,
              mtu: mtuOf(network),
              addresses: addresses[host] === undefined ? [] : [addresses[host]],
            },
            { parent: this, dependsOn: nic },
          ),
        );
    }
    const below = (host: string, network: string) => interfaces.get(`${host} ${network}`) as VlanInterface;
    const links = new Map<string, Macvlan>();
    for (const [host, gateway] of gateways) {
      const on = (network: string) => ({ vlan: below(host, network), mtu: mtuOf(network) });
      const made = makeGateway(this, name, host, gateway, args, on);
      for (const [network, link] of made) links.set(network, link);
    }
    for (const host of Object.keys(args.hosts))
      for (const [network, { subnets }] of vlans) {
        const vlan = below(host, network);
        const subnet = subnets[host] as HostSubnet;
        const gateway = links.get(network);
        const docker = new DockerNetwork(
          `${name}-${host}-${network}`,
          { host, name: network, driver: "macvlan", parent: vlan.name, subnets: [subnet] },
          // So that its containers find their gateway.
          { parent: this, ...(gateway && { dependsOn: gateway }) },
        );
        networks[network] ??= {};
        networks[network][host] = {
          name: docker.name,
          networkId: docker.networkId,
          interface: vlan.name,
          ipRange: subnet.ipRange,
        };
      }
    this.networks = networks as typeof this.networks;
    this.registerOutputs({ networks });
  }
}
