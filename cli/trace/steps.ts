import type { OvsBridgeFact } from "../../provider/host/facts.ts";
import { listed } from "../../provider/schema/words.ts";
import { leavingOf, type Scene, taggedWith } from "./leaving.ts";
import type { Event, Pass } from "./parse.ts";
import { dropped, type Step, stepFor } from "./remarks.ts";
import { carries, tagsOf, vlanBy } from "./vlans.ts";

/** The way of a frame, a sentence for each step. */
export const stepsOf = (passes: readonly Pass[], scene: Scene): string[] =>
  passes.flatMap((pass) => {
    const way = pass.events.flatMap((event, i) => stepOf(event, packetIn(pass, i), pass, scene));
    const leaving = leavingOf(pass, scene);
    const isToldWhy = way.some(({ drops }) => drops) || /\brecirc\(/.test(pass.actions);
    const end = leaving.length > 0 || isToldWhy ? leaving : [dropped(reasonOf(pass, scene))];
    const says = [{ says: beginOf(pass, scene) }, ...way, ...end, ...outsideOf(pass, scene)].map((step) => step.says);
    return [...new Set(says)];
  });

function beginOf({ frame, resumed, events }: Pass, { bridge, port, link }: Scene): string {
  if (resumed !== undefined) {
    const state = /ct_state=(\S+)/.exec(resumed)?.[1];
    return state ? `goes on, tracked as a connection (${state})` : "goes on from where it was set aside";
  }
  const tags = tagsOf(frame);
  const vlan = isSwitched(events, bridge) ? vlanBy(port, tags) : undefined;
  return `enters ${bridge.name} at ${link}${taggedWith(tags) || " without a tag"}${vlan ? `, in VLAN ${vlan}` : ""}`;
}

/** Whether a bridge forwards as switches do, which is when VLANs of ports count. */
const isSwitched = (events: readonly Event[], { name }: OvsBridgeFact) =>
  events.some((event) => event.sort === "flow" && event.bridge === name && event.actions.includes("NORMAL"));

/** The packet of a tunnel that what happens is about, by whom it is for; undefined when it is the frame itself. */
function packetIn({ events }: Pass, index: number): string | undefined {
  const bridge = events.findLastIndex((event, i) => i <= index && event.sort === "bridge");
  const before = events[bridge - 1];
  if (events[index]?.bridge !== events[bridge]?.bridge || before?.sort !== "remark") return undefined;
  return /^tunneling from \S+ \S+ to (\S+) /.exec(before.text)?.[1];
}

function stepOf(event: Event, packet: string | undefined, pass: Pass, scene: Scene): Step[] {
  const { bridge } = event;
  if (event.sort === "bridge") {
    if (packet !== undefined) return [{ says: `the packet of the tunnel goes on in ${bridge}` }];
    return bridge === scene.bridge.name ? [] : [{ says: `goes on in ${bridge}` }];
  }
  if (event.sort === "remark") {
    const destination = packet ?? (pass.isUnchanged ? /\bdl_dst=([0-9a-f:]+)/.exec(pass.frame)?.[1] : undefined);
    const about = { bridge, port: scene.link, ...(destination !== undefined && { destination }) };
    return [stepFor(event.text, about) ?? []].flat();
  }
  const { table, match, cookie, actions } = event;
  const isDropped = actions.length === 1 && actions[0] === "drop";
  if (match === undefined) {
    const none = `no flow of table ${table} of ${bridge} is for it`;
    return [isDropped ? dropped(none) : { says: none }];
  }
  // The one that every new bridge has, and one that is not asked.
  if ((match === "priority 0" && !cookie && actions.join() === "NORMAL") || actions.length === 0) return [];
  const owner = cookie && scene.owners.get(cookie);
  const flow = `the flow "${match}" of table ${table}${cookie ? `, cookie ${cookie}` : ""}${owner ? ` of ${owner},` : ""}`;
  if (isDropped) return [dropped(`${flow} says so`)];
  // What follows the last action is nothing.
  const does = actions.filter((action) => action !== "drop").map((action) => withPort(action, bridge, scene));
  return [{ says: `${flow} says: ${does.join(", ")}` }];
}

const withPort = (action: string, bridge: string, { datapath }: Scene) =>
  action.replace(/^output:(\d+)$/, (all, number) => {
    const port = datapath.find((one) => one.bridge === bridge && one.ofport === Number(number));
    return port ? `output to ${port.name}` : all;
  });

/** Why a frame goes nowhere. */
function reasonOf(pass: Pass, scene: Scene): string {
  const { failed, events, frame } = pass;
  const { bridge, port, link } = scene;
  const tree = bridge.settings.rstp_enable ? "RSTP" : bridge.settings.stp_enable ? "STP" : undefined;
  if (failed === "Forwarding is disabled" || (failed === undefined && isUntaken(events)))
    return tree ? `the spanning tree (${tree}) blocks ${link}` : `${link} is set to take nothing in`;
  if (failed !== undefined) return `Open vSwitch gives up: ${failed}`;
  const vlan = vlanBy(port, tagsOf(frame)) ?? 0;
  const carriesNone = bridge.ports.every((one) => one === port || !carries(one, vlan));
  return isFlooded(pass, bridge) && carriesNone
    ? `no other port of ${bridge.name} carries ${framesOf(vlan)}`
    : "no other way out is left";
}

const framesOf = (vlan: number) => (vlan ? `VLAN ${vlan}` : "frames without a VLAN");

/** Whether the flow was found and then not asked, as is done with what comes by a port that takes nothing. */
const isUntaken = (events: readonly Event[]) =>
  events.every((event) => event.sort === "bridge" || (event.sort === "flow" && event.actions.length === 0));

const isFlooded = ({ events }: Pass, { name }: OvsBridgeFact) =>
  events.some((event) => event.sort === "remark" && event.bridge === name && event.text.endsWith("flooding"));

/** The ports that a flooded frame does not leave by, for they are not in its VLAN. */
function outsideOf(pass: Pass, { bridge, port }: Scene): Step[] {
  const vlan = vlanBy(port, tagsOf(pass.frame));
  if (!isFlooded(pass, bridge) || pass.resumed !== undefined || vlan === undefined) return [];
  const others = bridge.ports.filter((one) => one !== port);
  const outside = others.filter((one) => !carries(one, vlan)).map(({ name }) => name);
  if (outside.length === 0 || outside.length === others.length) return [];
  const few = outside.length > 8 ? [...outside.slice(0, 7), `${outside.length - 7} others`] : outside;
  return [
    { says: `not by ${listed(few, "and")}, which ${few.length === 1 ? "does" : "do"} not carry ${framesOf(vlan)}` },
  ];
}
