import { type Command, ip } from "../host/command.ts";
import { type Facts, noteOf, ownerOf } from "../host/facts.ts";
import { link, linkWith } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { findings } from "./bridge-findings.ts";
import { bridgeFields, create, planOptions, vlanProblems } from "./bridge-options.ts";
import { ownPorts, portLinks, portsOf } from "./bridge-ports.ts";
import { lasting, moveLayer3, takeOver, takerOf } from "./inherit.ts";
import { checkLink, linkOutputs, planLink, planOwner, readLink } from "./link.ts";
import { newPort, planPort, type portFields, readPort } from "./port-vlans.ts";

export const Bridge = defineKind({
  type: "Bridge",
  summary:
    "A Linux bridge. It can take over a network interface with its addresses and routes, also the one that carries SSH.",
  inputs: bridgeFields,
  outputs: { ifindex: linkOutputs.ifindex },
  facts: ["links", "routes", "bridgeVlans"],

  check: (want) => ({
    ...(want.ports?.[want.name] && { [`ports.${want.name}`]: "must be another link than the bridge itself" }),
    ...(want.inheritFrom &&
      !want.ports?.[want.inheritFrom] && { inheritFrom: `must be one of ports, got ${want.inheritFrom}` }),
    ...(want.inheritFrom && !want.up && { up: `must be true to take over ${want.inheritFrom}, got false` }),
    ...vlanProblems(want),
    ...checkLink(want),
  }),
  id: ({ name }) => name,
  edges: ({ name, ports = {}, addresses }) => ({
    makes: linkWith(name, addresses),
    needs: Object.keys(ports).map(link),
  }),

  read: (name, { links, bridgeVlans }) => {
    const found = links.find((l) => l.name === name);
    if (!found?.bridge) return undefined;
    const { stp, forwardDelay, ageing, vlanFiltering, defaultPvid } = found.bridge;
    const vlansOf = (of: string) =>
      defaultPvid === undefined ? {} : readPort(bridgeVlans.find((b) => b.link === of)?.vlans ?? []);
    const inheritFrom = noteOf(found, "inherits");
    return {
      ...readLink(found),
      ...{ name, stp, forwardDelay, ageing, vlanFiltering },
      ports: Object.fromEntries(ownPorts(name, links).map((l) => [l.name, vlansOf(l.name)])),
      ...(inheritFrom && { inheritFrom }),
      vlans: vlansOf(name),
      owner: ownerOf(found),
    };
  },

  examine: ({ want, have }, facts, around) => (want ? findings(want, have, facts, around) : []),

  plan,
  // As it was made. The link that it takes over is the host's configuration's no more: nobody else brings it up.
  boot: (want, _, around) => [
    ...portLinks(want, around.facts).map(
      ({ name, mtu, up }) => ip`link set dev ${name} mtu ${mtu} ${up ? ["up"] : []}`,
    ),
    ...plan(want, undefined, { ...around, facts: lasting(around.facts) }),
  ],
  takes: ({ inheritFrom }) => (inheritFrom ? [inheritFrom] : []),

  samples: {
    given: [
      ip`link add base0 type veth peer name base1`,
      ip`link add base2 type veth peer name base3`,
      ...["base0", "base1", "base2", "base3"].map((name) => ip`link set ${name} up`),
      ip`address add 192.168.1.10/24 brd + dev base0`,
      ip`address add 192.168.1.11/24 dev base0 label base0:second`,
      ip`route add default via 192.168.1.1 dev base0 metric 100 mtu 1400`,
      ip`route add 10.9.0.0/16 via 192.168.1.1 dev base0 src 192.168.1.11 table 99`,
    ],
    a: { name: "br0", ports: { base0: {} }, inheritFrom: "base0", up: true, stp: false, vlanFiltering: false },
    b: {
      name: "br0",
      ports: { base0: { trunk: [10, 20], native: 0 }, base2: { access: 10 } },
      inheritFrom: "base0",
      mtu: 1400,
      up: true,
      addresses: ["192.168.1.10/24", "192.168.1.11/24"],
      stp: false,
      forwardDelay: 4,
      ageing: 60,
      vlanFiltering: true,
      vlans: { access: 20 },
    },
  },
});

type Want = Values<typeof bridgeFields>;
interface Surroundings {
  readonly owner: string;
  readonly facts: Pick<Facts, "links" | "routes">;
}

function plan(
  want: Want | undefined,
  have: (Want & { owner?: string | undefined }) | undefined,
  { owner, facts }: Surroundings,
): Command[] {
  if (!want) {
    if (!have) return [];
    const taker = facts.links.find((l) => l.name === have.name && noteOf(l, "inherits") === have.inheritFrom);
    const heir = taker && facts.links.find((l) => l.name === have.inheritFrom)?.name;
    return [
      ...(heir ? moveLayer3(have.name, heir, facts) : []),
      ...portsOf(have).map((port) => ip`link set dev ${port} nomaster`),
      ip`link delete dev ${have.name}`,
    ];
  }
  const { name, inheritFrom, ports, vlans } = want;
  const joining = portsOf(want).filter((port) => !have?.ports?.[port]);
  const leaving = ports ? portsOf(have).filter((port) => !ports[port]) : [];
  const filters = ([port, wanted]: [string, Values<typeof portFields>]) =>
    planPort(port, wanted, have?.ports?.[port] ?? newPort, false);
  const { moves, there } = takeOver(want, have, inheritFrom ? takerOf(inheritFrom, facts.links) : undefined, facts);
  return [
    ...(have ? planOptions(want, have) : [create(want, owner, facts)]),
    ...planOwner(name, owner, have, inheritFrom ? ["inherits", inheritFrom] : undefined),
    // Up before it has ports: what a port received while the bridge is down would be lost.
    ...(!have && want.up ? [ip`link set dev ${name} up`] : []),
    ...leaving.map((port) => ip`link set dev ${port} nomaster`),
    ...joining.map((port) => ip`link set dev ${port} master ${name}`),
    ...Object.entries(ports ?? {}).flatMap(filters),
    ...(vlans ? planPort(name, vlans, have?.vlans ?? newPort, true) : []),
    ...moves,
    // With its ports the kernel may change its MTU, also one that was said when it was made.
    ...planLink(name, want, joining.length + leaving.length > 0 ? { ...there, mtu: undefined } : there, facts),
  ];
}
