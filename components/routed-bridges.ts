import * as pulumi from "@pulumi/pulumi";
import {
  DockerDaemon,
  ForwardRule,
  type RoutedBridgesArgs as GeneratedArgs,
  Masquerade,
  Route,
  type types,
} from "hostnet/resources";
import { type ForwardingArgs, makeForwarding } from "./make-forwarding.ts";
import { type BridgePlan, pairRules, planBridges } from "./routed-bridges-plan.ts";
import { setName } from "./set-name.ts";
import type { Narrowed } from "./types.ts";

/** A host whose containers others reach by routes. */
export type BridgesHost = types.input.BridgesHostArgs;

/** What routed bridges are made from. All but `dev` must be plain: routes and rules are computed from it. */
export type RoutedBridgesArgs<Host extends string = string> = Narrowed<
  GeneratedArgs,
  { hosts: { [H in Host]: BridgesHost } }
>;

/**
 * Containers on the Docker bridges of several hosts, each with a range of its own, that reach each other by routes and
 * keep their own addresses: on every host docker0's address, forwarding, a route to the range of each other host, and
 * rules that let these packets pass and keep Docker from masquerading them.
 */
export class RoutedBridges<Host extends string = string> extends pulumi.ComponentResource {
  /** The range of each host's containers, by host: `10.100.0.0/24`. */
  declare readonly subnets: { readonly [H in Host]: string };

  /** Throws one RunError that names every mistake in the arguments. */
  constructor(name: string, args: RoutedBridgesArgs<Host>, opts?: pulumi.ComponentResourceOptions) {
    // With a URN this stands for bridges that are there already.
    const plan = opts?.urn ? undefined : planBridges(name, args);
    super("hostnet:index:RoutedBridges", name, args, opts);
    if (!plan) return;

    const before = new Map([...plan].map(([host, bridge]) => [host, makeHost(this, name, host, bridge, args)]));
    for (const [host, { peers }] of plan)
      for (const { name: peer, subnet, via } of peers)
        new Route(
          `${name}-${host}-to-${peer}`,
          { host, destination: subnet, via, dev: args.hosts[host as Host].dev },
          // Not before both ends let its packets keep their addresses.
          { parent: this, dependsOn: [...(before.get(host) ?? []), ...(before.get(peer) ?? [])] },
        );
    const subnets = Object.fromEntries([...plan].map(([host, { subnet }]) => [host, subnet]));
    this.subnets = subnets as typeof this.subnets;
    this.registerOutputs({ subnets });
  }
}

/** Makes what a host needs besides routes; answers what these come after. */
function makeHost(
  parent: pulumi.Resource,
  name: string,
  host: string,
  bridge: BridgePlan,
  args: ForwardingArgs & Pick<RoutedBridgesArgs, "daemon">,
): pulumi.Resource[] {
  const own = `${name}-${host}`;
  // Before Docker's restart: it sets the policy of FORWARD by whether it finds forwarding on.
  const forwards = makeForwarding(parent, own, host, args);
  const daemons =
    args.daemon === false
      ? []
      : [new DockerDaemon(`${own}-docker`, { host, bip: bridge.bip }, { parent, dependsOn: forwards })];
  // After Docker's restart, with which it puts its own rules before all others.
  const after = { parent, dependsOn: daemons };
  const set = setName("routed", name);
  const rules = [
    new ForwardRule(`${own}-forward`, { host, name: set, rules: pairRules("accept", bridge) }, after),
    new Masquerade(`${own}-masquerade`, { host, name: set, rules: pairRules("exempt", bridge) }, after),
  ];
  // Where nobody here says whose the ranges are, routes and rules tell it each other: all at once.
  return args.daemon === false ? [] : rules;
}
