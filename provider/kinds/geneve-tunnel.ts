import { type Command, ip } from "../host/command.ts";
import { ownerOf } from "../host/facts.ts";
import { link, linkWith } from "../host/graph.ts";
import { defineKind, type Finding, refusal } from "../kind.ts";
import { differs } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { family } from "../schema/net.ts";
import { udpOverhead } from "../schema/overhead.ts";
import { checkLink, linkOutputs, readLink } from "./link.ts";
import {
  checkEnds,
  option,
  planTunnel,
  toggle,
  tos,
  tosOption,
  tosProblem,
  tunnelFindings,
  tunnelInputs,
} from "./tunnel.ts";
import { endsOf } from "./tunnel-mtu.ts";

const inputs = {
  name: s.ifname("Interface name.").replaces(),
  vni: s.int("The number of the network.", { min: 1, max: 2 ** 24 - 1 }).replaces(),
  remote: s.address("The address of the other host, IPv4 or IPv6."),
  port: s.int("UDP port: 6081, that of the standard, when left out.", { min: 1, max: 65535 }).default(6081).replaces(),
  checksum: s
    .bool("Whether outer packets have a UDP checksum, over IPv4; as the kernel has it when left out at create.")
    .optional()
    .replaces(),
  tos,
  ...tunnelInputs,
};

/** What the kernel changes in place. */
const changeable = { remote: inputs.remote, ttl: inputs.ttl, tos };

export const GeneveTunnel = defineKind({
  type: "GeneveTunnel",
  summary:
    "A Geneve tunnel between two hosts without Open vSwitch, for frames, in UDP packets. The kernel chooses the host's own address by the route.",
  inputs,
  outputs: { ifindex: linkOutputs.ifindex },
  judgesProgram: true,
  facts: ["links", "routes"],

  check: (want) => ({
    ...checkEnds({ remote: want.remote }),
    ...(want.checksum !== undefined &&
      family(want.remote) === 6 && {
        checksum: `must be left out over IPv6, where there always is one, got ${want.checksum}`,
      }),
    ...tosProblem(want.tos),
    ...checkLink(want),
  }),
  id: ({ name }) => name,
  edges: ({ name, addresses }) => ({ makes: linkWith(name, addresses), needs: [] }),

  read: (name, { links }) => {
    const found = links.find((l) => l.name === name);
    if (!found?.geneve?.remote) return undefined;
    const { vni, port, remote, ttl, tos, checksum } = found.geneve;
    return {
      ...readLink(found),
      ...{ name, vni, port, remote, ttl, tos },
      checksum: family(remote) === 4 ? checksum : undefined,
      owner: ownerOf(found),
    };
  },

  examine: ({ want, have }, facts, around) => {
    if (!want) return [];
    const { vni, remote, port } = want;
    const there = facts.links.flatMap(({ name, geneve }) =>
      geneve && !around.changes(link(name)) ? [{ name, ...geneve }] : [],
    );
    const twin = [...around.siblings, ...there].find(
      (other) => other.name !== want.name && other.vni === vni && other.remote === remote && other.port === port,
    );
    const findings: Finding[] = twin
      ? [refusal("vni", `${vni} already leads to ${remote} by port ${port}, as ${twin.name}`)]
      : [];
    if (facts.links.some(({ name }) => name === `genev_sys_${port}`))
      findings.push(
        refusal("port", `${port} is all taken by genev_sys_${port} of Open vSwitch: one of the two needs another`),
      );
    const made = { ends: endsOf(want), overhead: udpOverhead(remote) };
    return [...findings, ...tunnelFindings({ type: "GeneveTunnel", want }, have, made, facts, around)];
  },

  plan: function plan(want, have, around): Command[] {
    if (!want) return have ? [ip`link delete dev ${have.name}`] : [];
    // The kernel never changes the family of a tunnel.
    if (have && family(have.remote) !== family(want.remote))
      return [...plan(undefined, have, around), ...plan(want, undefined, around)];
    const { vni, remote, port, checksum } = want;
    // Older versions of iproute2 take back what is not said again.
    const options = [
      ...["geneve", "id", `${vni}`, "remote", remote],
      ...option("ttl", want.ttl ?? have?.ttl, undefined),
      ...tosOption(want.tos ?? have?.tos, undefined),
    ];
    return planTunnel(
      want,
      have,
      {
        ...{ ends: endsOf(want), overhead: udpOverhead(remote), ethernet: true },
        type: [...options, "dstport", `${port}`, ...toggle("udpcsum", checksum, undefined)],
        options: have && differs(changeable, have, want) ? options : [],
      },
      around,
    );
  },

  samples: {
    given: [
      ip`link add base0 type veth peer name base1`,
      ...["base0", "base1"].map((name) => ip`link set ${name} up`),
      ip`address add 192.168.1.10/24 dev base0`,
    ],
    a: {
      ...{ name: "gnv100", vni: 100, remote: "192.168.1.20", port: 6081, up: true, addresses: ["10.0.0.1/24"] },
    },
    b: {
      ...{ name: "gnv100", vni: 100, remote: "192.168.1.30", port: 6081, ttl: 9, tos: 32, mac: "02:00:00:00:00:07" },
      ...{ mtu: 1400, up: true, addresses: ["10.0.0.2/24", "fd00::1/64"] },
    },
  },
});
