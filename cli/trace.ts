import { Failure } from "../provider/errors.ts";
import { tool } from "../provider/host/command.ts";
import {
  factCommands,
  faultOf,
  type Link,
  lostLink,
  type OvsBridgeFact,
  ovsBridges,
  parseFacts,
} from "../provider/host/facts.ts";
import { listed, nearest } from "../provider/schema/words.ts";
import type { Speaker } from "./look.ts";
import type { Scene } from "./trace/leaving.ts";
import { askOwners, cookiesIn, parseOwners } from "./trace/owners.ts";
import { parseTrace } from "./trace/parse.ts";
import { parsePorts } from "./trace/ports.ts";
import { stepsOf } from "./trace/steps.ts";

/** Which way a frame goes through Open vSwitch. */
export interface TraceReport {
  readonly host: string;
  readonly bridge: string;
  readonly port: string;
  readonly flow: string;
  readonly steps: readonly string[];
  /** As Open vSwitch prints it. */
  readonly raw: string;
}

const appctl = tool("ovs-appctl");

/**
 * Asks Open vSwitch which way a frame would go that comes by a port. The frame is told in the words of its flows, as
 * `icmp,dl_dst=02:00:00:00:00:05`. It sends no frame, and learns nothing.
 */
export async function trace(host: string, speaker: Speaker, port: string, flow: string): Promise<TraceReport> {
  const tables = ["links", "ovs"] as const;
  const look = await speaker.run(factCommands(tables).map((command) => ({ command })));
  const { links, ovs } = parseFacts(host, tables, look);
  if (ovs.state === "absent")
    throw new Failure("refused", `${host} has no Open vSwitch, and frames are traced through its bridges only`);
  const bridges = ovsBridges(ovs);
  const { link, ofport, ...place } = placeOf(port, bridges, links);
  const commands = [
    appctl`--timeout=10 ofproto/trace ${place.bridge.name} ${`in_port=${ofport},${flow}`}`,
    appctl`--timeout=10 dpif/show`,
  ];
  const [traced, shown] = await speaker.run(commands.map((command) => ({ command })));
  const raw = traced?.stdout ?? "";
  if (traced?.status !== 0) throw refusal(host, flow, traced?.stderr.trim() ?? "");
  if (shown?.status !== 0)
    throw new Failure("refused", `${host}: \`dpif/show\` does not answer: ${shown?.stderr.trim()}`);
  const passes = passesOf(host, raw);
  const cookies = cookiesIn(passes);
  const [kept] = cookies.length > 0 ? await speaker.run([askOwners(cookies)]) : [];
  const datapath = parsePorts(shown.stdout, place.bridge.name);
  const scene: Scene = { ...place, link, bridges, datapath, owners: parseOwners(kept) };
  return { host, bridge: place.bridge.name, port, flow, steps: stepsOf(passes, scene), raw };
}

/** Throws a Failure where a host need not be asked to know that a flow is wrong. */
export function checkFlow(flow: string): void {
  const example = "fields of a frame, as dl_dst=02:00:00:00:00:05 or icmp,dl_vlan=10";
  if (flow.trim() === "" || /[()]/.test(flow))
    throw new Failure("invalid", `flow must be ${example}, got ${flow || '""'}`);
  if (/(^|[\s,])in_port\b/.test(flow))
    throw new Failure("invalid", `flow must not have in_port, which is the port before it, got ${flow}`);
}

/** Where a frame comes in that comes by a port, or by a link of a bond. */
function placeOf(name: string, bridges: readonly OvsBridgeFact[], links: readonly Link[]) {
  for (const bridge of bridges)
    for (const port of bridge.ports) {
      const one = port.interfaces.find((link) => link.name === name);
      if (one) {
        const fault = faultOf(one) ?? lostLink(one, links);
        if (fault) throw new Failure("refused", `port ${name} of ${bridge.name} does not work: ${fault}`);
        return { bridge, port, link: name, ofport: one.ofport ?? 0 };
      }
      if (port.name === name)
        throw new Failure(
          "invalid",
          `port must be a link of the bond ${name}, by which the frame comes: ${listed(port.interfaces.map((link) => link.name))}`,
        );
    }
  const names = bridges.flatMap(({ ports }) => ports.flatMap((port) => port.interfaces.map((link) => link.name)));
  const near = nearest(name, names);
  const master = links.find((link) => link.name === name && link.portOf === "bridge")?.master;
  const why = master
    ? `; ${name} is a port of ${master}, a bridge of the kernel, of which \`bridge fdb show br ${master}\` tells who is where`
    : near
      ? `; did you mean ${near}?`
      : "";
  const there = names.length > 0 ? listed(names) : "one of Open vSwitch, which has none here";
  throw new Failure("invalid", `port must be ${there}, got ${name}${why}`);
}

/** Why Open vSwitch does not take a frame, in its own words. */
function refusal(host: string, flow: string, said: string): Failure {
  const [first = ""] = said.split("\n");
  const why = /^Bad openflow flow syntax: (?:in_port=\d+,.*?: )?(.*)$/.exec(first)?.[1];
  return why === undefined
    ? new Failure("refused", `${host}: \`ofproto/trace\` does not answer: ${first}`)
    : new Failure("invalid", `flow must be one that Open vSwitch takes, got ${flow}: ${why}`);
}

function passesOf(host: string, raw: string) {
  try {
    return parseTrace(raw);
  } catch (error) {
    throw new Failure(
      "unreadable",
      `${host}: cannot read what \`ofproto/trace\` printed (${(error as Error).message}): ${raw.slice(0, 200)}`,
    );
  }
}

/** The report as a person reads it. */
export const traceText = ({ host, port, flow, steps }: TraceReport): string[] => [
  `${host}: ${flow} by ${port}`,
  "",
  ...steps.map((step) => `  ${step}`),
];
