import { ip } from "../host/command.ts";
import { ovsBridges, ovsMark } from "../host/facts.ts";
import { ovsBridge, ovsPort } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import {
  type Besides,
  checkMirror,
  mirrorFields,
  mirrorFindings,
  mirrorParts,
  portsIn,
  settingsIn,
} from "./ovs-mirror-row.ts";
import { ovsVsctl } from "./ovs-words.ts";

export const OvsMirror = defineKind({
  type: "OvsMirror",
  summary:
    "A mirror of a bridge of Open vSwitch: what passes by some ports is sent to one more, or into a VLAN (RSPAN).",
  inputs: mirrorFields,
  outputs: {},
  judgesProgram: true,
  facts: ["ovs"],

  check: checkMirror,
  id: ({ name }) => name,
  edges: (want) => ({
    makes: [`ovs-mirror ${want.name}`],
    needs: [ovsBridge(want.bridge), ...portsIn(want).map(ovsPort)],
  }),

  read: (name, { ovs }) => {
    const bridge = ovsBridges(ovs).find(({ mirrors }) => mirrors.some((one) => one.others.name === name));
    const found = bridge?.mirrors.find((one) => one.others.name === name);
    if (!bridge || !found) return undefined;
    const nameOf = (uuid: string | undefined) => bridge.ports.find((port) => port.uuid === uuid)?.name;
    const namesOf = (uuids: readonly string[]) => uuids.flatMap((uuid) => nameOf(uuid) ?? []).sort();
    const { settings: row, others } = found;
    const outputPort = nameOf(others.output_port);
    const besides: Besides = { row };
    return {
      ...{ name, bridge: bridge.name, all: row.select_all, vlans: row.select_vlan },
      ...{ from: namesOf(others.select_src_port), to: namesOf(others.select_dst_port) },
      ...(outputPort && { outputPort }),
      ...(row.output_vlan !== undefined && { outputVlan: row.output_vlan }),
      ...(row.snaplen !== undefined && { snaplen: row.snaplen }),
      ...{ owner: row.external_ids[ovsMark], besides },
    };
  },

  examine: ({ want }, facts, around) => (want ? mirrorFindings(want, facts, around) : []),

  plan: (want, have, { owner }) => {
    if (!want)
      return have
        ? ovsVsctl([
            [`--id=@${have.name}`, "get", "Mirror", have.name],
            ["remove", "Bridge", have.bridge, "mirrors", `@${have.name}`],
          ])
        : [];
    return ovsVsctl(
      mirrorParts(want, have, settingsIn(want, want.besides ?? have?.besides, want.besides ? undefined : owner)),
    );
  },
  // Open vSwitch brings back what is in its database.
  boot: () => [],

  samples: {
    given: [
      { argv: ["ovs-vsctl", "add-br", "ovs0", "--", "set", "Bridge", "ovs0", "datapath_type=netdev"] },
      ...["eth1", "eth2", "eth3"].flatMap((name) => [
        ip`link add ${name} type veth peer name ${name}x`,
        { argv: ["ovs-vsctl", "add-port", "ovs0", name] },
      ]),
    ],
    a: { ...{ bridge: "ovs0", name: "m0", all: true, vlans: [], from: [], to: [] }, outputPort: "eth3" },
    b: {
      ...{ bridge: "ovs0", name: "m0", all: false, vlans: [10, 20], from: ["eth1"], to: ["eth1", "eth2"] },
      ...{ outputVlan: 999, snaplen: 128 },
    },
  },
});
