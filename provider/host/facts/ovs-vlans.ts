import type { OvsSettings } from "./ovs-columns.ts";

const modes = ["access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel"] as const;

/** How frames with and without a tag pass a port of Open vSwitch. */
export interface PortVlans {
  readonly vlanMode: (typeof modes)[number];
  readonly tag?: number;
  /** None stands for all. */
  readonly trunks?: readonly number[];
  /** None stands for all. */
  readonly customerVlans?: readonly number[];
}

/** The VLANs of a port as Open vSwitch takes what is in its row: what it ignores there is left out. */
export function portVlans({ tag, trunks, vlan_mode, cvlans }: OvsSettings<"Port">): PortVlans {
  const vlanMode = modes.find((mode) => mode === vlan_mode) ?? (tag === undefined ? "trunk" : "access");
  return {
    vlanMode,
    ...(vlanMode !== "trunk" && tag !== undefined && { tag }),
    ...(["trunk", "native-tagged", "native-untagged"].includes(vlanMode) && { trunks }),
    ...(vlanMode === "dot1q-tunnel" && { customerVlans: cvlans }),
  };
}
