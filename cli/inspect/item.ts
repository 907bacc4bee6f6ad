import type { FragmentFact } from "../../provider/host/facts/fragments.ts";
import type { DockerFact, FirewallFact, Link, OvsBridgeFact, Route, Rule } from "../../provider/host/facts.ts";
import type { Node } from "../../provider/host/graph.ts";
import type { Renderer } from "../renderer.ts";

/** Whose a thing is. */
export type Whose = "ours" | "docker" | "openvswitch" | Renderer["name"] | "kernel" | "unknown";

/** A thing of a host's network. */
export interface Item {
  readonly whose: Whose;
  readonly sort:
    | "link"
    | "ovs bridge"
    | "ovs port"
    | "docker network"
    | "firewall chain"
    | "route"
    | "rule"
    | "boot file";
  readonly name: string;
  readonly says: string;
  /** `<project>/<stack>/<resource>`, of what is ours. */
  readonly owner?: string;
  /** What is worth knowing about it. */
  readonly notes: readonly string[];
}

/** All that was found on a host. */
export interface Found {
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** The bridges of Open vSwitch; none where it does not run. */
  readonly ovs: readonly OvsBridgeFact[];
  /** Undefined where no engine answers. */
  readonly docker: DockerFact | undefined;
  /** Undefined where there is none. */
  readonly firewall: FirewallFact | undefined;
  readonly renderers: readonly Renderer[];
  readonly fragments: readonly Kept[];
}

/** What is made again at boot. */
export type Kept = Pick<FragmentFact, "kind" | "name" | "owner" | "makes">;

/** Whose links are, by their names. */
export type Owners = ReadonlyMap<string, Pick<Item, "whose" | "owner">>;

/** The renderer that looks after a link. */
export const rendererOf = ({ renderers }: Found, link: string | undefined): Renderer["name"] | undefined =>
  renderers.find(({ manages }) => link !== undefined && manages.includes(link))?.name;

/** The boot file that makes a node. */
export const keeperOf = ({ fragments }: Pick<Found, "fragments">, node: Node): Kept | undefined =>
  fragments.find(({ makes }) => makes.includes(node));
