import * as pulumi from "@pulumi/pulumi";
import {
  Bridge,
  DockerNetwork,
  ForwardRule,
  type BridgedLanArgs as GeneratedArgs,
  type types,
} from "hostnet/resources";
import { planLan } from "./bridged-lan-plan.ts";
import { type HostNetwork, hostNetwork } from "./host-network.ts";
import { setName } from "./set-name.ts";
import type { Narrowed } from "./types.ts";

/** A host whose containers stand in the LAN. */
export type LanHost = types.input.LanHostArgs;

/** What a bridged LAN is made from. All of it must be plain: addresses are computed from it. */
export type BridgedLanArgs<Host extends string = string> = Narrowed<GeneratedArgs, { hosts: { [H in Host]: LanHost } }>;

/**
 * Containers of several hosts in the LAN of these hosts: on every host a bridge that takes over the NIC, a Docker network
 * in it, and a rule that lets pass what stays on the bridge. Docker hands out addresses per host, so each host gets a
 * range of its own, and no two containers get one address, or the hardware address that Docker derives from it.
 */
export class BridgedLan<Host extends string = string> extends pulumi.ComponentResource {
  /** The Docker network of each host, by host: `networks.node1.name`. */
  declare readonly networks: { readonly [H in Host]: HostNetwork };

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: BridgedLanArgs<Host>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for a LAN that is there already.
    const plan = opts?.urn ? undefined : planLan(name, args);
    super("hostnet:index:BridgedLan", name, args, opts);
    if (!plan) return;

    const networks: Record<string, HostNetwork> = {};
    for (const [host, { nic, bridge, subnet }] of plan.hosts) {
      const own = `${name}-${host}`;
      const lan = new Bridge(own, { host, name: bridge, ports: { [nic]: {} }, inheritFrom: nic }, { parent: this });
      // Frames that stay on the bridge meet FORWARD too, where somebody may drop them: Docker does so with IPv6.
      const onBridge = { action: "accept", inInterface: lan.name, outInterface: lan.name };
      const rule = new ForwardRule(
        `${own}-forward`,
        { host, name: setName("lan", name), rules: [onBridge] },
        { parent: this },
      );
      const docker = new DockerNetwork(
        `${own}-network`,
        // The gateway is the LAN's router: the bridge keeps the host's address, and sources stay as they are.
        { host, name: plan.network, bridge: lan.name, inhibitIpv4: true, masquerade: false, subnets: [subnet] },
        { parent: this, dependsOn: rule },
      );
      networks[host] = hostNetwork(docker, subnet);
    }
    this.networks = networks as typeof this.networks;
    this.registerOutputs({ networks });
  }
}
