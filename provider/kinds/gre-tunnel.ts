import { type Command, ip } from "../host/command.ts";
import { ownerOf } from "../host/facts.ts";
import { hostAddress, link, linkWith } from "../host/graph.ts";
import { defineKind, type Finding, refusal } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { family } from "../schema/net.ts";
import { greOverhead } from "../schema/overhead.ts";
import { checkLink, linkOutputs, readLink } from "./link.ts";
import { bridgeOf } from "./loop-graph.ts";
import { checkEnds, option, planTunnel, toggle, tunnelFindings, tunnelInputs } from "./tunnel.ts";
import { endsOf } from "./tunnel-mtu.ts";

/** The kernel makes these by itself, with the first tunnel of a host. */
const kernelsOwn = ["gre0", "gretap0", "erspan0", "ip6gre0"];

const inputs = {
  name: s.ifname("Interface name.").replaces(),
  mode: s
    .oneOf("What it carries: IP packets between two hosts, or frames, so that it can be a port of a bridge.", [
      "gre",
      "gretap",
    ])
    .default("gre")
    .replaces(),
  local: s.address("The host's own address, IPv4 or IPv6, that its packets come from."),
  remote: s.address("The address of the other host."),
  key: s
    .int("A number that tells it from other tunnels between the two hosts.", { min: 0, max: 2 ** 32 - 1 })
    .optional()
    .replaces(),
  checksum: s.bool("Whether its packets have a checksum, and only such are taken.").default(false).replaces(),
  pmtudisc: s
    .bool(
      "Whether outer packets are marked not to be fragmented (DF), over IPv4; as the kernel has it, which is true, when left out at create.",
    )
    .optional(),
  ...tunnelInputs,
};

type Want = Values<typeof inputs>;

/** The kind of link: those over IPv6 are others. */
const kindOf = ({ mode, local }: Want) => (family(local) === 4 ? mode : `ip6${mode}`);

export const GreTunnel = defineKind({
  type: "GreTunnel",
  summary: "A GRE tunnel between two hosts without Open vSwitch, for packets (gre) or for frames (gretap).",
  inputs,
  // The hardware address of one that carries packets is its own end.
  outputs: { ifindex: linkOutputs.ifindex },
  judgesProgram: true,
  facts: ["links", "routes"],

  check: (want) => {
    const { name, mode, local, remote, mac, pmtudisc } = want;
    return {
      ...checkEnds({ local, remote }),
      ...(kernelsOwn.includes(name) && { name: `must not be one that the kernel makes by itself, got ${name}` }),
      ...(mac && mode === "gre" && { mac: `must be left out in mode gre, which carries no frames, got ${mac}` }),
      ...(pmtudisc !== undefined &&
        family(local) === 6 && { pmtudisc: `must be left out over IPv6, which knows no other way, got ${pmtudisc}` }),
      ...checkLink(want),
    };
  },
  id: ({ name }) => name,
  edges: ({ name, local, addresses }) => ({ makes: linkWith(name, addresses), needs: [hostAddress(local)] }),

  read: (name, { links }) => {
    const found = links.find((l) => l.name === name);
    // One for many hosts is there and cannot be said.
    if (!found?.gre?.local || !found.gre.remote) return undefined;
    const { mode, local, remote, key, ttl, checksum, pmtudisc } = found.gre;
    const { mac, ...shared } = readLink(found);
    return {
      ...shared,
      ...{ name, mode, local, remote, key, ttl, checksum, pmtudisc, mac: mode === "gretap" ? mac : undefined },
      owner: ownerOf(found),
    };
  },

  examine: ({ want, have }, facts, around) => {
    if (!want) return [];
    const { links } = facts;
    const there = links.flatMap(({ name, gre }) => (gre && !around.changes(link(name)) ? [{ name, ...gre }] : []));
    const twin = [...around.siblings, ...there].find((other) => other.name !== want.name && isSame(other, want));
    const findings: Finding[] = twin
      ? [refusal("key", `must tell it from ${twin.name}, which has the same ends, got ${want.key ?? "none"} for both`)]
      : [];
    const bridge = want.mode === "gre" ? bridgeOf(want.name, around.host, facts, around) : undefined;
    if (bridge)
      findings.push(refusal("mode", `must be gretap for a port of ${bridge.name}, which takes frames, got gre`));
    const made = { ends: endsOf(want), overhead: greOverhead(want.local, want) };
    return [...findings, ...tunnelFindings({ type: "GreTunnel", want }, have, made, facts, around)];
  },

  plan: function plan(want, have, around): Command[] {
    if (!want) return have ? [ip`link delete dev ${have.name}`] : [];
    // A tunnel over the other family is another kind of link.
    if (have && family(have.local) !== family(want.local))
      return [...plan(undefined, have, around), ...plan(want, undefined, around)];
    const { local, remote, key, checksum, ttl, pmtudisc, mode } = want;
    const options = [
      ...option("local", local, have?.local),
      ...option("remote", remote, have?.remote),
      ...option("ttl", ttl, have?.ttl),
      ...toggle("pmtudisc", pmtudisc, have?.pmtudisc),
    ];
    // Without it each packet would have an option that routers drop, and 8 bytes less (RFC 2473, section 4.1.1).
    const limit = family(local) === 6 ? ["encaplimit", "none"] : [];
    const fixed = [...option("key", key, undefined), ...(checksum ? ["csum"] : []), ...limit];
    return planTunnel(
      want,
      have,
      {
        ...{ ends: endsOf(want), overhead: greOverhead(local, want), ethernet: mode === "gretap" },
        type: [kindOf(want), ...options, ...fixed],
        options: options.length > 0 ? [kindOf(want), ...options] : [],
      },
      around,
    );
  },

  samples: {
    given: [
      ip`link add base0 type veth peer name base1`,
      ...["base0", "base1"].map((name) => ip`link set ${name} up`),
      ip`address add 192.168.1.10/24 dev base0`,
      ip`address add 192.168.1.11/24 dev base0`,
    ],
    a: {
      ...{ name: "tap1", mode: "gretap", local: "192.168.1.10", remote: "192.168.1.20", key: 7, checksum: false },
      ...{ up: true, addresses: ["10.0.0.1/24"] },
    },
    b: {
      ...{ name: "tap1", mode: "gretap", local: "192.168.1.11", remote: "192.168.1.30", key: 7, checksum: false },
      ...{ ttl: 9, pmtudisc: false, mac: "02:00:00:00:00:07", mtu: 1400, up: true },
      addresses: ["10.0.0.2/24", "fd00::1/64"],
    },
  },
});

type Ends = Partial<Pick<Want, "mode" | "local" | "remote" | "key">>;

/** Whether the kernel could not tell which of two a packet is for. */
const isSame = (a: Ends, b: Ends): boolean =>
  a.mode === b.mode && a.local === b.local && a.remote === b.remote && a.key === b.key;
