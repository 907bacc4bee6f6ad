import { type Command, render } from "../host/command.ts";
import { type Facts, faultOf, type Link, ovsBridges, ovsMark } from "../host/facts.ts";
import { ovsBridge } from "../host/graph.ts";
import { type Around, type Finding, refusal } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { type Attachment, sh } from "./attachment-words.ts";
import { lacksOvs, notWorking } from "./ovs-bridge-findings.ts";
import { checkVlans, vlanModeOf } from "./ovs-port-fields.ts";
import { portParts } from "./ovs-port-row.ts";
import { propertiesOf } from "./ovs-port-state.ts";
import { ovsVsctl } from "./ovs-words.ts";

/** The inputs for the end of a cable into a bridge of Open vSwitch: its VLANs are said as those of an OvsPort. */
export const ovsPlaceFields = {
  ovsBridge: s.ifname("The bridge of Open vSwitch that the other end of its cable is in.").optional(),
  vlanMode: s
    .oneOf(
      "ovsBridge: how frames with and without a tag pass: access with `tag` alone, trunk without, when left out.",
      ["access", "trunk", "native-tagged", "native-untagged"],
    )
    .optional(),
  tag: s.int("ovsBridge: the VLAN of frames without a tag.", { min: 1, max: 4094 }).optional(),
  trunks: s
    .set(
      s.int("A VLAN.", { min: 1, max: 4094 }),
      "ovsBridge: the VLANs whose frames pass with their tag; none stands for all.",
    )
    .optional(),
};

/** The mode of a port of which nobody says one; none where it is in no bridge of Open vSwitch. */
export const derivedMode = (given: Partial<Attachment>) =>
  given.ovsBridge === undefined ? {} : { vlanMode: vlanModeOf(given) };

/** What is wrong with its VLANs: reasons by path. */
export function ovsPlaceProblems(want: Attachment): Record<string, string> {
  const { ovsBridge, vlanMode = "trunk", tag, trunks, access, trunk, native } = want;
  const strays = Object.entries(ovsBridge === undefined ? { vlanMode: want.vlanMode, tag, trunks } : {});
  const kernels = Object.entries(ovsBridge === undefined ? {} : { access, trunk, native });
  return {
    ...reasons(strays, (value) => `is for ovsBridge only, got ${value}`),
    ...reasons(kernels, (value) => `is for a Linux bridge, and ovsBridge has vlanMode, tag and trunks, got ${value}`),
    ...(ovsBridge === undefined ? {} : checkVlans({ vlanMode, tag, trunks })),
  };
}

const reasons = (values: readonly (readonly [string, unknown])[], reason: (value: unknown) => string) =>
  Object.fromEntries(values.flatMap(([path, value]) => (value === undefined ? [] : [[path, reason(value)]])));

/** The end of a cable as a port of Open vSwitch; one that is made is forgotten with the start of Open vSwitch. */
const portOf = (one: Attachment & { readonly ovsBridge: string }, isNew: boolean) => ({
  ...{ bridge: one.ovsBridge, name: one.hostInterface, type: "system" as const },
  ...{ vlanMode: one.vlanMode ?? "trunk", tag: one.tag, trunks: one.trunks },
  ...{ transient: isNew && !one.besides ? true : undefined, besides: one.besides },
});

/** Makes the other end of the cable a port of Open vSwitch, or one as it is wanted. */
export function planOvsPort(want: Attachment, have: Attachment | undefined, owner: string): Command[] {
  const { ovsBridge } = want;
  if (ovsBridge === undefined) return [];
  const there =
    have?.ovsBridge === ovsBridge
      ? { ...portOf({ ...have, ovsBridge }, false), owner: have.besides?.row.external_ids[ovsMark] }
      : undefined;
  // Only links that Open vSwitch makes have a hardware address by it.
  return ovsVsctl(portParts(portOf({ ...want, ovsBridge }, !there), there, owner, ""));
}

/** A state of what is asked upon what was there may name two bridges: its rows are then of that which it has left. */
export const inOneBridge = (one: Attachment): Attachment =>
  one.bridge === undefined || one.ovsBridge === undefined
    ? one
    : { ...one, ...(one.besides ? { ovsBridge: undefined } : { bridge: undefined }) };

/** Takes the other end of the cable out of its bridge of Open vSwitch. */
export const leaveOvs = ({ ovsBridge, hostInterface }: Attachment): Command[] =>
  ovsBridge === undefined ? [] : ovsVsctl([["--if-exists", "del-port", ovsBridge, hostInterface]]);

/**
 * Before a cable is made anew: takes away the row that one of its name has left. Open vSwitch would take the new link under
 * it with the old tag, or not at all (in user space). As long as the link is there, the row is no remainder.
 */
export const forgetRow = ({ ovsBridge, hostInterface }: Attachment, { ovs }: Pick<Facts, "ovs">): Command[] =>
  ovsBridge !== undefined && rowOf(hostInterface, ovs)
    ? [{ ...sh(`ip link show dev "$1" >/dev/null 2>&1 || ${forget}`, hostInterface), seconds: 35 }]
    : [];
const forget = `${ovsVsctl([["--if-exists", "del-port"]])
  .map(render)
  .join("")} "$1"`;

const rowOf = (name: string, { bridges }: Facts["ovs"]) =>
  bridges
    .flatMap((bridge) => bridge.ports.map((port) => ({ bridge, port })))
    .find(({ port, bridge }) => port.name === name && bridge.name !== name);

/** Which port of Open vSwitch a link is; throws a Failure where that cannot be known. */
export function readOvsPlace(link: Link | undefined, { ovs }: Pick<Facts, "ovs">) {
  const nowhere = { ovsBridge: undefined, vlanMode: undefined, tag: undefined, trunks: undefined };
  // One that is in a bridge of the kernel is in no other, whatever does not answer.
  if (!link || (link.master !== undefined && link.portOf !== "openvswitch")) return nowhere;
  const found = rowOf(link.name, { ...ovs, bridges: ovsBridges(ovs) });
  if (!found) return nowhere;
  const { bridge, port } = found;
  const { vlanMode, tag, trunks } = propertiesOf(port);
  const error = port.interfaces.map(faultOf).find(Boolean);
  const interfaces = Object.fromEntries(port.interfaces.map((one) => [one.name, one.settings]));
  return {
    ...{ ovsBridge: bridge.name, vlanMode: vlanMode as NonNullable<Attachment["vlanMode"]>, tag, trunks },
    ...(error && { error }),
    besides: { row: port.settings, interfaces, mac: undefined, mtu: undefined },
  };
}

/** What stands in the way of a port of Open vSwitch, or makes it useless. */
export function ovsPlaceFindings(
  { ovsBridge: name, bridge, hostInterface }: Attachment,
  have: Attachment | undefined,
  { links, ovs }: Pick<Facts, "links" | "ovs">,
  { owner, changes }: Pick<Around, "owner" | "changes">,
): Finding[] {
  if (bridge !== undefined && ovs.bridges.some((one) => one.name === bridge) && !changes(ovsBridge(bridge)))
    return [refusal("bridge", `must be a Linux bridge, and ${bridge} is one of Open vSwitch: say ovsBridge`)];
  if (name === undefined) return [];
  const lacking = lacksOvs({ ovs });
  if (lacking.length > 0) return lacking;
  if (links.some((one) => one.name === name && one.kind === "bridge"))
    return [refusal("ovsBridge", `must be a bridge of Open vSwitch, and ${name} is a Linux bridge: say bridge`)];
  const left = have ? undefined : rowOf(hostInterface, ovs);
  const whose = left?.port.settings.external_ids[ovsMark];
  return [
    ...(have ? notWorking(have) : []),
    ...(left && whose !== owner
      ? [refusal("hostInterface", `${hostInterface} is a port of ${left.bridge.name} already, which is not ours`)]
      : []),
  ];
}
