import { type Command, ip } from "../host/command.ts";
import { type Facts, ovsMark } from "../host/facts.ts";
import { link, linkWith, ovsBridge, ovsPort } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { localMac } from "../schema/net.ts";
import { lasting, moveLayer3, takeOver } from "./inherit.ts";
import { checkLink, linkOutputs, planLink } from "./link.ts";
import { bridgeFindings } from "./ovs-bridge-findings.ts";
import { type Besides, bridgeParts, localOf, ovsBridgeFields, uplinkParts } from "./ovs-bridge-row.ts";
import { bridgePort, readBridge } from "./ovs-bridge-state.ts";
import { inheritsMark, mtuBack, ovsVsctl } from "./ovs-words.ts";

export const OvsBridge = defineKind({
  type: "OvsBridge",
  summary:
    "A bridge of Open vSwitch. It can take over a network interface with its addresses and routes, also the one that carries SSH.",
  inputs: ovsBridgeFields,
  outputs: {
    ifindex: linkOutputs.ifindex.optional(),
    ports: s.list(bridgePort, "Its ports, but for its own."),
    error: s.string("Why it does not work; left out when it does.").optional(),
  },
  renews: ["ports"],
  fault: "error",
  judgesProgram: true,
  facts: ["links", "routes", "ovs"],

  check: (want) => ({
    ...(want.inheritFrom === want.name && { inheritFrom: "must be another link than the bridge itself" }),
    ...(want.inheritFrom && !want.up && { up: `must be true to take over ${want.inheritFrom}, got false` }),
    // It would speak one of them, and does not say which.
    ...(want.stp && want.rstp && { rstp: "must be false beside stp: a bridge speaks one of the two, got both" }),
    ...(Object.keys(want.externalIds ?? {}).some((key) => key.startsWith(ovsMark)) && {
      externalIds: `must have no names that begin with ${ovsMark}`,
    }),
    ...checkLink(want),
  }),
  id: ({ name }) => name,
  edges: ({ name, inheritFrom, addresses }) => ({
    makes: [
      ...linkWith(name, addresses),
      ovsBridge(name),
      ...[name, ...(inheritFrom ? [inheritFrom] : [])].map(ovsPort),
    ],
    needs: inheritFrom ? [link(inheritFrom)] : [],
  }),

  read: readBridge,

  examine: ({ want, have }, facts, around) => bridgeFindings(want, have, facts, around),

  plan: (want, have, { owner, facts }) => {
    if (!want) return have ? remove(have, facts) : [];
    const { name, inheritFrom, besides } = want;
    const mac = facts.links.find((l) => l.name === inheritFrom)?.mac ?? localMac(owner);
    const held = (one: Besides | undefined) => inheritFrom !== undefined && one?.own[inheritFrom] !== undefined;
    // One that was observed had lost it, or has it put back.
    const joins =
      inheritFrom !== undefined && (besides ? held(besides) : true) && !(have && (held(have.besides) || !have.besides));
    const leaves =
      inheritFrom !== undefined &&
      have &&
      besides &&
      !held(besides) &&
      (held(have.besides) || have.besides === besides);
    const { moves, ...rest } = layer3(want, have, facts);
    // The database holds it already, so that writing it changes nothing.
    const strayed =
      have?.besides && want.mac && have.mac !== want.mac && have.besides.row.other_config.hwaddr === want.mac;
    return [
      ...(besides && have ? mtuBack(name, want.mtu, besides.own[name]?.interface, localOf(have, have.besides)) : []),
      ...ovsVsctl(bridgeParts(want, have, owner, mac)),
      ...(strayed ? [ip`link set dev ${name} address ${want.mac ?? ""}`] : []),
      // Up before it has ports: what a port received while the bridge is down would be lost.
      ...(!have && want.up ? [ip`link set dev ${name} up`] : []),
      ...(joins ? ovsVsctl(uplinkParts(name, inheritFrom, besides, owner)) : []),
      ...(leaves ? ovsVsctl([["--if-exists", "del-port", name, inheritFrom]]) : []),
      ...moves,
      ...rest.settings,
    ];
  },
  // Open vSwitch brings back what is in its database. The link that it takes over is the host's configuration's no more.
  boot: (want, _, { facts }) => {
    const { moves, settings } = layer3(want, undefined, { ...lasting(facts), ovs: facts.ovs });
    const nic = facts.links.find((l) => l.name === want.inheritFrom);
    return [
      ...(nic ? [ip`link set dev ${nic.name} mtu ${nic.mtu} ${nic.up ? ["up"] : []}`] : []),
      ...(want.up ? [ip`link set dev ${want.name} up`] : []),
      ...moves,
      ...settings,
    ];
  },
  takes: ({ inheritFrom }) => (inheritFrom ? [inheritFrom] : []),

  samples: {
    given: [
      ip`link add base0 type veth peer name base1`,
      ip`link set base0 up`,
      ip`link set base1 up`,
      ip`address add 192.168.1.10/24 brd + dev base0`,
      ip`address add 192.168.1.11/24 dev base0`,
      ip`route add default via 192.168.1.1 dev base0 metric 100 mtu 1400`,
    ],
    a: { name: "ovs0", inheritFrom: "base0", datapathType: "netdev", up: true },
    b: {
      ...{ name: "ovs0", inheritFrom: "base0", datapathType: "netdev", up: true, mtu: 1400, failMode: "standalone" },
      ...{ protocols: ["OpenFlow10", "OpenFlow13"], controllers: ["ptcp:6653"], rstp: true, multicastSnooping: true },
      externalIds: { rack: "2 left" },
      addresses: ["192.168.1.10/24", "192.168.1.11/24"],
    },
  },
});

type Want = Values<typeof ovsBridgeFields>;
type Network = Pick<Facts, "links" | "routes" | "ovs">;

function remove({ name, inheritFrom }: Want, facts: Network): Command[] {
  const taken = facts.ovs.bridges.find((b) => b.name === name && b.settings.external_ids[inheritsMark] === inheritFrom);
  const heir = taken && facts.links.find((l) => l.name === inheritFrom)?.name;
  return [...(heir ? moveLayer3(name, heir, facts) : []), ...ovsVsctl([["--if-exists", "del-br", name]])];
}

/** The addresses and routes of its link: those that it takes over, and those that it is to have. */
function layer3(want: Want, have: Want | undefined, facts: Network) {
  const { name, inheritFrom, up, addresses } = want;
  const taker = facts.ovs.bridges.find(({ settings }) => settings.external_ids[inheritsMark] === inheritFrom)?.name;
  const { moves, there } = takeOver(
    want,
    have,
    inheritFrom ? facts.links.find((l) => l.name === taker) : undefined,
    facts,
  );
  // Its MTU is said to Open vSwitch, which would set it back otherwise.
  return { moves, settings: planLink(name, { up, addresses }, there, facts) };
}
