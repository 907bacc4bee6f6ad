import * as pulumi from "@pulumi/pulumi";
import {
  ContainerAttachment,
  type OvsFabricArgs as GeneratedArgs,
  OvsBridge,
  OvsTunnel,
  type types,
} from "hostnet/resources";
import { planOvsFabric } from "./ovs-fabric-plan.ts";
import type { Narrowed, Only } from "./types.ts";

/** A host of the fabric. */
export type OvsFabricHost = types.input.OvsFabricHostArgs;

/** How tunnels join the hosts. */
export type OvsFabricTunnels<Host extends string = string> = Narrowed<
  types.input.OvsFabricTunnelsArgs,
  { hub?: Only<Host> | undefined }
>;

/** A container of the fabric. */
export type OvsFabricContainer<Host extends string = string, Vlan extends string = string> = Narrowed<
  types.input.OvsFabricContainerArgs,
  { host: Only<Host>; vlan?: Only<Vlan> | undefined }
>;

/** What a fabric is made from. All of it must be plain: which tunnels there are and an MTU are computed from it. */
export type OvsFabricArgs<Host extends string = string, Vlan extends string = string> = Narrowed<
  GeneratedArgs,
  {
    hosts: { [H in Host]: OvsFabricHost };
    vlans?: { [V in Vlan]: number } | undefined;
    tunnels?: OvsFabricTunnels<Host> | undefined;
    containers?: { [name: string]: OvsFabricContainer<Host, Vlan> } | undefined;
  }
>;

/**
 * VLANs across hosts on Open vSwitch: on every host one bridge, joined by a NIC into the switch or by tunnels, with the
 * containers in their VLANs at their addresses; one MTU is computed for all.
 */
export class OvsFabric<Host extends string = string, Vlan extends string = string> extends pulumi.ComponentResource {
  /** The bridges, by host: `fabric.bridges.node1`. */
  declare readonly bridges: { readonly [H in Host]: pulumi.Output<string> };
  /** The largest packet that passes between its containers, in bytes; they have it as their MTU. */
  declare readonly mtu: number;

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: OvsFabricArgs<Host, Vlan>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for a fabric that is there already.
    const plan = opts?.urn ? undefined : planOvsFabric(name, args);
    super("hostnet:index:OvsFabric", name, args, opts);
    if (!plan) return;

    const { bridge, hosts, rstp, ends, trunks, containers, mtu } = plan;
    const { datapathType, tunnels } = args;
    const made = new Map(
      [...hosts].map(([host, inheritFrom]) => [
        host,
        new OvsBridge(`${name}-${host}`, { host, name: bridge, inheritFrom, rstp, datapathType }, { parent: this }),
      ]),
    );
    const nameOf = (host: string) => made.get(host)?.name ?? bridge;
    for (const { host, peer, name: port, local, remote } of tunnels ? ends : []) {
      const { type = "gre", key, port: udp } = tunnels ?? {};
      new OvsTunnel(
        `${name}-${host}-${peer}`,
        { host, bridge: nameOf(host), name: port, type, local, remote, key, port: udp, trunks: trunks && [...trunks] },
        // A ring would be open on one side only until the last of its bridges speaks RSTP.
        { parent: this, dependsOn: [...made.values()] },
      );
    }
    for (const [container, { host, interface: eth = "eth1", addresses = [], gateways = [], ...rest }] of containers)
      new ContainerAttachment(
        `${name}-${container}`,
        {
          ...{ ...rest, host, interface: eth, ovsBridge: nameOf(host), mtu },
          ...{ addresses: [...addresses], gateways: [...gateways] },
        },
        { parent: this },
      );
    this.bridges = Object.fromEntries([...made].map(([host, one]) => [host, one.name])) as typeof this.bridges;
    this.mtu = mtu;
    this.registerOutputs({ bridges: this.bridges, mtu });
  }
}
