import * as pulumi from "@pulumi/pulumi";
import { Bridge, ForwardRule, type VxlanFabricArgs as GeneratedArgs, type types, VxlanTunnel } from "hostnet/resources";
import { setName } from "./set-name.ts";
import type { Narrowed, Only } from "./types.ts";
import { planFabric } from "./vxlan-fabric-plan.ts";

/** A host of the fabric. */
export type FabricHost = types.input.FabricHostArgs;

/** A network of the fabric. */
export type FabricNetwork<Host extends string = string> = Narrowed<
  types.input.FabricNetworkArgs,
  { addresses: { [H in Only<Host>]?: string | undefined }; nics: { [H in Only<Host>]?: string | undefined } }
>;

/** What a fabric is made from. All of it must be plain: lists of peers and an MTU are computed from it. */
export type VxlanFabricArgs<Host extends string = string, Network extends string = string> = Narrowed<
  GeneratedArgs,
  { hosts: { [H in Host]: FabricHost }; networks: { [N in Network]: FabricNetwork<Host> } }
>;

/**
 * Networks across hosts that only have to reach each other by IP: on every host a Linux bridge for each network, joined by
 * VXLAN tunnels in which each host sends to all others what is for all (head-end replication). No loop comes of it, no
 * multicast and no Open vSwitch is needed, and one MTU is computed for all.
 */
export class VxlanFabric<
  Host extends string = string,
  Network extends string = string,
> extends pulumi.ComponentResource {
  /** The bridges, by network and host: `fabric.bridges.lan10.node1`. */
  declare readonly bridges: { readonly [N in Network]: { readonly [H in Host]: pulumi.Output<string> } };
  /** The largest packet that passes between hosts, in bytes: to be that of what joins the bridges. */
  declare readonly mtu: number;

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: VxlanFabricArgs<Host, Network>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for a fabric that is there already.
    const plan = opts?.urn ? undefined : planFabric(name, args);
    super("hostnet:index:VxlanFabric", name, args, opts);
    if (!plan) return;

    const { hosts, networks, port, forward, mtu } = plan;
    const bridges: Record<string, Record<string, pulumi.Output<string>>> = {};
    for (const [host, local] of hosts) {
      const own = `${name}-${host}`;
      const peers = [...hosts.values()].filter((address) => address !== local);
      const rules: { action: string; inInterface: pulumi.Output<string>; outInterface: pulumi.Output<string> }[] = [];
      for (const [network, { vni, tunnel, bridge, stp, addresses, nics }] of networks) {
        const joined = new VxlanTunnel(
          // Not by the network: two networks that swap their numbers would be in each other's way.
          `${own}-vni${vni}`,
          { host, name: tunnel, vni, local, peers, port, mtu },
          { parent: this },
        );
        const ports = [tunnel, ...(nics[host] ? [nics[host]] : [])];
        const made = new Bridge(
          `${own}-${bridge}`,
          {
            ...{ host, name: bridge, ports: Object.fromEntries(ports.map((port) => [port, {}])), mtu, stp },
            addresses: addresses[host] === undefined ? undefined : [addresses[host]],
          },
          { parent: this, dependsOn: joined },
        );
        bridges[network] ??= {};
        bridges[network][host] = made.name;
        rules.push({ action: "accept", inInterface: made.name, outInterface: made.name });
      }
      if (forward) new ForwardRule(`${own}-forward`, { host, name: setName("fabric", name), rules }, { parent: this });
    }
    this.bridges = bridges as typeof this.bridges;
    this.mtu = mtu;
    this.registerOutputs({ bridges, mtu });
  }
}
