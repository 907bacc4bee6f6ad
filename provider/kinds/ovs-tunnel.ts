import { type Command, ip } from "../host/command.ts";
import { faultOf, ovsBridges, ovsMark } from "../host/facts.ts";
import { hostAddress, ovsBridge, ovsPort } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { vlanModeOf } from "./ovs-port-fields.ts";
import { type Besides, backInTree, portParts, removePort } from "./ovs-port-row.ts";
import { propertiesOf } from "./ovs-port-state.ts";
import { checkTunnel, overheadOf, ovsTunnelFields } from "./ovs-tunnel-fields.ts";
import { ovsTunnelFindings } from "./ovs-tunnel-findings.ts";
import { portWith, tunnelOf } from "./ovs-tunnel-row.ts";
import { ovsVsctl } from "./ovs-words.ts";
import { endsOf, room } from "./tunnel-mtu.ts";

export const OvsTunnel = defineKind({
  type: "OvsTunnel",
  summary:
    "A port of a bridge of Open vSwitch whose frames go to another host, in packets of GRE, VXLAN, Geneve or ERSPAN.",
  inputs: ovsTunnelFields,
  outputs: {
    mtu: s
      .int(
        "The largest packet that it carries whole: what the link that its packets leave by leaves of its MTU; left out where no route tells that link.",
        {
          min: 0,
          max: 65535,
        },
      )
      .optional(),
    ofport: s.int("Its number for OpenFlow.", { min: -1, max: 65535 }).optional(),
    error: s.string("Why it does not work; left out when it does.").optional(),
  },
  renews: ["mtu", "ofport"],
  fault: "error",
  judgesProgram: true,
  facts: ["links", "routes", "ovs"],

  derive: (given) => ({ vlanMode: vlanModeOf(given) }),
  check: checkTunnel,
  id: ({ name }) => name,
  edges: ({ name, bridge, local }) => ({
    makes: [ovsPort(name)],
    needs: [ovsBridge(bridge), ...(local ? [hostAddress(local)] : [])],
  }),

  read: (name, facts) => {
    const bridge = ovsBridges(facts.ovs).find((one) => one.ports.some((port) => port.name === name));
    const found = bridge?.ports.find((port) => port.name === name);
    const [first] = found?.interfaces ?? [];
    const tunnel = first && tunnelOf(first);
    if (!bridge || !found || !first || !tunnel) return undefined;
    const { vlanMode, tag, trunks, customerVlans, protected: isolated, externalIds } = propertiesOf(found);
    const said = { ...tunnel, ...{ name, bridge: bridge.name, vlanMode, tag, trunks, customerVlans } };
    const mtu = room(endsOf(said), overheadOf(said), facts, { host: "", program: [] })?.left;
    const error = faultOf(first);
    const besides: Besides = {
      ...{ row: found.settings, interfaces: { [name]: first.settings } },
      ...{ mac: undefined, mtu: undefined },
    };
    return {
      ...{ ...said, protected: isolated, externalIds, owner: found.settings.external_ids[ovsMark], besides },
      ...(mtu !== undefined && { mtu: Math.max(mtu, 0) }),
      ...(first.ofport !== undefined && { ofport: first.ofport }),
      ...(error && { error }),
    };
  },

  examine: ({ want, have }, facts, around) => (want ? ovsTunnelFindings(want, have, facts, around) : []),

  plan: (want, have, { owner, facts }): Command[] => {
    if (!want) return have ? removePort(have, facts) : [];
    const optionsOf = (one: { readonly besides?: Besides | undefined } | undefined) =>
      one?.besides?.interfaces[want.name]?.options;
    const there = have && { ...portWith(have, optionsOf(have)), owner: have.owner };
    const parts = portParts(portWith(want, optionsOf(want) ?? optionsOf(have)), there, owner, "");
    return ovsVsctl([...parts, ...(have ? [] : backInTree(want, facts))]);
  },
  // Open vSwitch brings back what is in its database.
  boot: () => [],

  samples: {
    given: [
      { argv: ["ovs-vsctl", "add-br", "ovs0", "--", "set", "Bridge", "ovs0", "datapath_type=netdev"] },
      ip`link add base0 type veth peer name base1`,
      ...["base0", "base1"].map((name) => ip`link set ${name} up`),
      ip`address add 192.168.1.10/24 dev base0`,
      ip`address add 192.168.1.11/24 dev base0`,
    ],
    a: { ...{ bridge: "ovs0", name: "to-node2", type: "gre", remote: "192.168.1.20", key: 7 }, vlanMode: "trunk" },
    b: {
      ...{ bridge: "ovs0", name: "to-node2", type: "gre", remote: "192.168.1.30", local: "192.168.1.11", key: 8 },
      ...{ checksum: true, pmtudisc: false, ttl: 9, tos: 32, vlanMode: "access", tag: 100, protected: true },
      externalIds: { rack: "2 left" },
    },
  },
});
