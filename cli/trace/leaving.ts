import type { OvsBridgeFact, OvsPortFact } from "../../provider/host/facts.ts";
import { listed } from "../../provider/schema/words.ts";
import { type Outlet, outletsOf } from "./outlets.ts";
import type { Pass } from "./parse.ts";
import type { DatapathPort } from "./ports.ts";
import type { Step } from "./remarks.ts";
import { tagsOf } from "./vlans.ts";

/** Where the frame comes in, and what there is on the host. */
export interface Scene {
  readonly bridge: OvsBridgeFact;
  readonly port: OvsPortFact;
  /** The link of the port that it comes by: of a bond one of several. */
  readonly link: string;
  readonly bridges: readonly OvsBridgeFact[];
  readonly datapath: readonly DatapathPort[];
  /** Whose flows with a cookie are, by the cookie, of those that are ours. */
  readonly owners: ReadonlyMap<string, string>;
}

/** The ports by which a frame leaves, and whoever else takes it. */
export function leavingOf({ frame, actions, special, failed }: Pass, scene: Scene): Step[] {
  if (failed !== undefined) return [];
  const own = special
    .flatMap((reason) => /^Consists of (\w+) packets$/.exec(reason)?.[1] ?? [])
    .map((protocol) => `is ${protocol}, which Open vSwitch itself takes`);
  const outlets = outletsOf(actions, tagsOf(frame)).map((outlet) => leavesBy(outlet, scene));
  return [...own, ...outlets].map((says) => ({ says }));
}

function leavesBy(outlet: Outlet, scene: Scene): string {
  if (outlet.to === "controller") return "goes to the controller";
  if (outlet.to === "bond") return "leaves by a link of a bond, which is chosen when it is sent";
  if (outlet.to === "other") return `the datapath does: ${outlet.action}`;
  const ports = scene.datapath.filter(({ number }) => number === outlet.number);
  if (outlet.to === "end of a tunnel")
    return `is for a tunnel that ends on the host, ${nameOf(ports)}: what is in it is not followed`;
  if (outlet.to === "carrier") return `the packet of the tunnel leaves by ${nameOf(ports)}`;
  const { tunnel, tags } = outlet;
  const tagged = taggedWith(tags);
  const through = ports.filter(({ name }) => optionsOf(name, scene).remote_ip !== undefined);
  if (tunnel && through.length > 0) {
    // Tunnels of one sort have one port in the datapath. What a tunnel leaves to its flows is not said in its row.
    const there = through.filter(({ name }) => optionsOf(name, scene).remote_ip === tunnel.remote);
    const keyed = there.filter(({ name }) => Number(optionsOf(name, scene).key ?? 0) === Number(tunnel.key ?? 0));
    const [exact = through] = [keyed, there].filter((some) => some.length > 0);
    return `leaves by ${nameOf(exact)} to ${tunnel.remote}${tagged}`;
  }
  const [port] = ports;
  if (port && port.name === port.bridge) return `leaves by ${port.name}${tagged}, for the host itself`;
  const mirror = port && mirrorTo(port, scene);
  return mirror ? `a copy leaves by ${port.name} for the mirror ${mirror}` : `leaves by ${nameOf(ports)}${tagged}`;
}

/** The tags of a frame as words, none for none. */
export const taggedWith = (tags: readonly number[]): string => (tags.length > 0 ? ` tagged ${tags.join(" and ")}` : "");

const nameOf = (ports: readonly DatapathPort[]) => listed(ports.map(({ name }) => name)) || "a port that has just gone";

const optionsOf = (link: string, { bridges }: Scene): Readonly<Record<string, string>> =>
  bridges.flatMap(({ ports }) => ports.flatMap(({ interfaces }) => interfaces)).find(({ name }) => name === link)
    ?.settings.options ?? {};

function mirrorTo({ bridge, name }: DatapathPort, { bridges }: Scene): string | undefined {
  const { mirrors = [], ports = [] } = bridges.find((one) => one.name === bridge) ?? {};
  const uuid = ports.find((port) => port.name === name)?.uuid;
  return mirrors.find(({ others }) => others.output_port === uuid)?.others.name;
}
