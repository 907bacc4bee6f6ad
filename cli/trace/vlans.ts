import { type OvsPortFact, portVlans } from "../../provider/host/facts.ts";

/** The tags of a frame, the outer one first, from the fields that `ofproto/trace` prints. */
export const tagsOf = (frame: string): number[] =>
  [...frame.matchAll(/\bdl_vlan\d?=(\d+)/g)].map(([, vlan]) => Number(vlan));

/** The VLAN in which a frame with such tags is switched when it comes by a port; 0: without one; undefined: it is not taken. */
export function vlanBy({ settings }: OvsPortFact, [tag = 0]: readonly number[]): number | undefined {
  const { vlanMode, tag: own = 0, trunks = [], customerVlans = [] } = portVlans(settings);
  const takes = (vlans: readonly number[], vlan: number) => vlans.length === 0 || vlans.includes(vlan);
  if (vlanMode === "access") return tag === 0 ? own : undefined;
  if (vlanMode === "dot1q-tunnel") return takes(customerVlans, tag) ? own : undefined;
  if (vlanMode !== "trunk" && (tag === 0 || tag === own)) return own;
  return takes(trunks, tag) ? tag : undefined;
}

/** Whether frames of a VLAN leave by a port. */
export function carries({ settings }: OvsPortFact, vlan: number): boolean {
  const { vlanMode, tag, trunks = [] } = portVlans(settings);
  if (vlanMode === "access" || vlanMode === "dot1q-tunnel") return tag === vlan;
  return trunks.length === 0 || trunks.includes(vlan) || tag === vlan;
}
