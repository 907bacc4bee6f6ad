import { ip } from "../host/command.ts";
import { type Facts, faultOf, type Link, lostLink, ovsBridges, ovsMark } from "../host/facts.ts";
import { link, linkWith, ovsBridge, ovsPort } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { localMac } from "../schema/net.ts";
import { lasting } from "./inherit.ts";
import { planLink } from "./link.ts";
import { checkPort, ovsPortFields, vlanModeOf } from "./ovs-port-fields.ts";
import { portFindings } from "./ovs-port-findings.ts";
import { type Besides, backInTree, linkRows, portParts, removePort } from "./ovs-port-row.ts";
import { propertiesOf } from "./ovs-port-state.ts";
import { tunnelTypes } from "./ovs-tunnel-fields.ts";
import { mtuBack, ovsVsctl } from "./ovs-words.ts";

export const OvsPort = defineKind({
  type: "OvsPort",
  summary: "A port of a bridge of Open vSwitch.",
  inputs: ovsPortFields,
  outputs: {
    ofport: s.int("Its number for OpenFlow; of a bond that of its first link.", { min: -1, max: 65535 }).optional(),
    error: s.string("Why it does not work; left out when it does.").optional(),
  },
  renews: ["ofport"],
  fault: "error",
  judgesProgram: true,
  facts: ["links", "routes", "ovs"],

  derive: (given) => ({
    vlanMode: vlanModeOf(given),
    ...(given.type === "internal" && given.up === undefined && { up: true }),
  }),
  check: checkPort,
  id: ({ name }) => name,
  edges: ({ name, type, bridge, addresses, members = [] }) => ({
    makes: [...(type === "internal" ? linkWith(name, addresses) : []), ovsPort(name)],
    needs: [
      ovsBridge(bridge),
      ...(type === "system" ? [link(name)] : []),
      ...(type === "bond" ? members.map(link) : []),
    ],
  }),

  read: (name, { links, ovs }) => {
    const bridge = ovsBridges(ovs).find((one) => one.name !== name && one.ports.some((port) => port.name === name));
    const found = bridge?.ports.find((port) => port.name === name);
    // A tunnel is another kind's.
    if (!bridge || !found || tunnelTypes.some((type) => type === found.interfaces[0]?.settings.type)) return undefined;
    const properties = propertiesOf(found);
    const there = links.find((l) => l.name === name);
    const { interfaces, settings: row } = found;
    // An end of a patch may be there before the other, and works as soon as both are.
    const waits =
      properties.peer !== undefined &&
      !ovs.bridges.some(({ ports }) => ports.some((one) => one.name === properties.peer));
    const faults = interfaces.map((one) => faultOf(one) ?? lostLink(one, links));
    const error = waits ? undefined : faults.find(Boolean);
    const ofport = interfaces[0]?.ofport;
    const besides: Besides = {
      ...{ row, interfaces: Object.fromEntries(interfaces.map((one) => [one.name, one.settings])) },
      ...{ mac: there?.mac, mtu: there?.mtu },
    };
    return {
      ...properties,
      ...{ name, bridge: bridge.name, owner: row.external_ids[ovsMark], besides },
      ...linkOf(properties.type, there),
      ...(ofport !== undefined && { ofport }),
      ...(error && { error }),
    };
  },

  examine: ({ want, have }, facts, around) => (want ? portFindings(want, have, facts, around) : []),

  plan: (want, have, { owner, facts }) => {
    if (!want) return have ? removePort(have, facts) : [];
    const mac = localMac(owner);
    // The database holds it already, so that writing it changes nothing.
    const told = have?.besides?.interfaces[want.name]?.mac;
    const strayed = want.mac !== undefined && have?.mac !== want.mac && told === want.mac;
    return [
      ...(want.besides && have ? mtuBack(want.name, want.mtu, ...linkRows(want, have)) : []),
      ...ovsVsctl([...portParts(want, have, owner, mac), ...(have ? [] : backInTree(want, facts))]),
      ...(strayed ? [ip`link set dev ${want.name} address ${want.mac ?? ""}`] : []),
      ...link3(want, have, facts),
    ];
  },
  // Open vSwitch brings back what is in its database.
  boot: (want, _, { owner, facts }) => [
    ...(want.transient ? ovsVsctl(portParts(want, undefined, owner, localMac(owner))) : []),
    ...link3(want, undefined, lasting(facts)),
  ],

  samples: {
    given: [{ argv: ["ovs-vsctl", "add-br", "ovs0", "--", "set", "Bridge", "ovs0", "datapath_type=netdev"] }],
    a: { ...{ bridge: "ovs0", name: "in0", type: "internal", vlanMode: "access", tag: 100, up: true } },
    b: {
      ...{ bridge: "ovs0", name: "in0", type: "internal", vlanMode: "native-untagged", tag: 200, trunks: [10, 20] },
      ...{ up: true, mtu: 1400, addresses: ["10.0.0.1/24", "fd00::1/64"], protected: true, transient: true },
      ...{ ingressPolicing: { rate: 1000, burst: 100 }, externalIds: { rack: "2 left" }, mac: "02:00:00:00:00:22" },
    },
  },
});

type Port = Values<typeof ovsPortFields>;

/** What of a port is its link's. */
function linkOf(type: Port["type"], there: Link | undefined) {
  if (!there || type !== "internal") return {};
  return { mtu: there.mtu, mac: there.mac, up: there.up, addresses: there.addresses };
}

/** Its MTU is said to Open vSwitch, which would set it back otherwise. */
const link3 = ({ name, type, up, addresses }: Port, have: Port | undefined, facts: Pick<Facts, "links" | "routes">) =>
  type === "internal" ? planLink(name, { up, addresses }, have, facts) : [];
