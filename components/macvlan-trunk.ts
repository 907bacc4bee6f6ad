import * as pulumi from "@pulumi/pulumi";
import { DockerNetwork, Nic, VlanInterface } from "hostnet/resources";
import type { HostSubnet } from "./address-plan.ts";
import { planTrunk } from "./macvlan-trunk-plan.ts";

/** A host on the trunk. */
export interface TrunkHost {
  /** The link that carries all VLANs, like `ens33`. It is set up; deleting the trunk puts it back to what it was. */
  parent: pulumi.Input<string>;
  /** Largest frame of the parent, in bytes; left as it is when left out. */
  mtu?: pulumi.Input<number> | undefined;
  /** Whether the parent takes frames for all hardware addresses; left as it is when left out. */
  promiscuous?: pulumi.Input<boolean> | undefined;
  /**
   * Which range of every subnet this host hands out, counted from 0; its place among the hosts when left out. Name it
   * for the hosts that come after one that leaves, so that their ranges stay where they are.
   */
  slot?: number | undefined;
}

/** A VLAN of the trunk, and the containers' network on it. All but `mtu` must be plain: addresses are computed from it. */
export interface TrunkVlan<Host extends string = string> {
  /** The VLAN tag, 1 to 4094. */
  vlanId: number;
  /** The containers' network, like `172.16.11.0/24`. IPv4. */
  subnet: string;
  /**
   * The address that containers send to for other networks. Required, also where there is no router: left out, every
   * host's Docker would choose one by itself.
   */
  gateway: string;
  /** The part of the subnet that the hosts share out; all of it when left out. The rest is free for fixed addresses. */
  ipRange?: string | undefined;
  /** Addresses in the subnet that no host hands out. The gateway and the hosts' own addresses need not be named. */
  reserved?: readonly string[] | undefined;
  /** The address of each host's VLAN interface, with its prefix length; a host left out has none in this VLAN. */
  addresses?: { [H in Only<Host>]?: string | undefined } | undefined;
  /** Largest frame of this VLAN's interfaces, in bytes; that of the trunk when left out. */
  mtu?: pulumi.Input<number> | undefined;
}

/** What a trunk is made from. `hosts`, `vlans` and the names in them must be plain. */
export interface MacvlanTrunkArgs<Host extends string = string, Network extends string = string> {
  /** The hosts, by their names in the provider's `hosts`. Add new ones at the end: the order says who has which range. */
  hosts: { [H in Host]: TrunkHost };
  /** The VLANs, by the name that their Docker network has on every host. */
  vlans: { [N in Network]: TrunkVlan<Host> };
  /**
   * Into how many ranges each subnet is cut, one per host; rounded up to a power of two. Up to as many hosts can join
   * without a change for the others. The number of hosts when left out, and at least 4.
   */
  slots?: number | undefined;
  /** Largest frame of the VLAN interfaces, in bytes; the parent's, and unmanaged, when left out. */
  mtu?: pulumi.Input<number> | undefined;
}

/** The Docker network of one VLAN on one host. */
export interface TrunkNetwork {
  /** Docker's name of it: what a container is attached to. */
  readonly name: pulumi.Output<string>;
  /** Docker's ID of it. */
  readonly networkId: pulumi.Output<string>;
  /** The VLAN interface below it, like `ens33.10`. */
  readonly interface: pulumi.Output<string>;
  /** The addresses that this host, and no other, hands out, like `172.16.11.64/26`. */
  readonly ipRange: string;
}

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

    const networks: Record<string, Record<string, TrunkNetwork>> = {};
    for (const [host, { parent, mtu, promiscuous }] of Object.entries<TrunkHost>(args.hosts)) {
      const nic = new Nic(`${name}-${host}`, { host, name: parent, up: true, mtu, promiscuous }, { parent: this });
      for (const [network, { vlanId, addresses, subnets }] of plan) {
        const vlan = new VlanInterface(
          // Not by the network: two networks that swap their VLANs would be in each other's way.
          `${name}-${host}-vlan${vlanId}`,
          {
            host,
            parent,
            vlanId,
            mtu: args.vlans[network as Network].mtu ?? args.mtu,
            addresses: addresses[host] === undefined ? [] : [addresses[host]],
          },
          { parent: this, dependsOn: nic },
        );
        const subnet = subnets[host] as HostSubnet;
        const docker = new DockerNetwork(
          `${name}-${host}-${network}`,
          { host, name: network, driver: "macvlan", parent: vlan.name, subnets: [subnet] },
          { parent: this },
        );
        networks[network] ??= {};
        networks[network][host] = {
          name: docker.name,
          networkId: docker.networkId,
          interface: vlan.name,
          ipRange: subnet.ipRange,
        };
      }
    }
    this.networks = networks as typeof this.networks;
    this.registerOutputs({ networks });
  }
}

/** `T`, without taking part in finding out what `T` is: a host is what `hosts` names. */
type Only<T extends string> = [T][T extends string ? 0 : never];
