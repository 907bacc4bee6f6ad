import { type Command, ip, tool } from "../host/command.ts";
import { ownerOf } from "../host/facts.ts";
import { hostAddress, link, linkWith } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { family } from "../schema/net.ts";
import { udpOverhead } from "../schema/overhead.ts";
import { linkOutputs, readLink } from "./link.ts";
import { option, planTunnel, toggle, tosOption, tunnelFindings } from "./tunnel.ts";
import { endsOf } from "./tunnel-mtu.ts";
import { collisions } from "./vxlan-findings.ts";
import { vxlanFields, vxlanProblems } from "./vxlan-options.ts";

const bridge = tool("bridge");

/** Stands for all whose place nobody knows, and for broadcasts. */
const anybody = "00:00:00:00:00:00";

export const VxlanTunnel = defineKind({
  type: "VxlanTunnel",
  summary:
    "A VXLAN tunnel without Open vSwitch: a link whose frames go to the other hosts of a network in UDP packets. A port of a Bridge, it joins the bridges of all its hosts.",
  inputs: vxlanFields,
  outputs: { ifindex: linkOutputs.ifindex },
  judgesProgram: true,
  facts: ["links", "routes", "fdb"],

  derive: ({ vni }) => (vni ? { name: `vxlan${vni}` } : {}),
  check: vxlanProblems,
  id: ({ name }) => name,
  edges: ({ name, dev, local, addresses }) => ({
    makes: linkWith(name, addresses),
    needs: [...(dev ? [link(dev)] : []), hostAddress(local)],
  }),

  read: (name, { links, fdb }) => {
    const found = links.find((l) => l.name === name);
    // One that leaves its address to the kernel, or its network to others, is there and cannot be said.
    if (!found?.vxlan?.local || found.vxlan.external) return undefined;
    const { vni, port, local, group, learning, ttl, tos, checksum } = found.vxlan;
    const all = fdb.filter((entry) => entry.link === name && entry.mac === anybody && entry.dst !== group);
    return {
      ...readLink(found),
      ...{ name, vni, port, local, group, learning, ttl, tos, dev: found.parent },
      peers: all.map(({ dst }) => dst).sort(),
      checksum: family(local) === 4 ? checksum : undefined,
      owner: ownerOf(found),
    };
  },

  examine: ({ want, have }, facts, around) => {
    if (!want) return [];
    const made = { ends: endsOf(want), overhead: udpOverhead(want.local) };
    return [
      ...collisions(want, facts, around),
      ...tunnelFindings({ type: "VxlanTunnel", want }, have, made, facts, around),
    ];
  },

  plan: function plan(want, have, around): Command[] {
    if (!want) return have ? [ip`link delete dev ${have.name}`] : [];
    // The kernel never changes the family of a tunnel.
    if (have && family(have.local) !== family(want.local))
      return [...plan(undefined, have, around), ...plan(want, undefined, around)];
    const { name, vni, local, group, dev, port, learning, checksum, peers, ttl, tos } = want;
    const fixed = [
      "id",
      `${vni}`,
      "dstport",
      `${port}`,
      ...option("dev", dev, undefined),
      ...option("group", group, undefined),
    ];
    const options = [
      ...option("local", local, have?.local),
      ...toggle("learning", learning, have?.learning),
      ...option("ttl", ttl, have?.ttl),
      ...tosOption(tos, have?.tos),
    ];
    const there = have?.peers ?? [];
    const fdb = (verb: string, peer: string) =>
      bridge`fdb ${verb} ${anybody} dev ${name} dst ${peer} self ${verb === "append" ? ["permanent"] : []}`;
    return planTunnel(
      want,
      have,
      {
        ...{ ends: endsOf(want), overhead: udpOverhead(local), ethernet: true },
        type: ["vxlan", ...fixed, ...options, ...toggle("udpcsum", checksum, undefined)],
        options: options.length > 0 ? ["vxlan", ...options] : [],
      },
      around,
      [
        ...(peers ?? []).filter((peer) => !there.includes(peer)).map((peer) => fdb("append", peer)),
        ...(peers ? there.filter((peer) => !peers.includes(peer)) : []).map((peer) => fdb("del", peer)),
      ],
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
      ...{ name: "vxlan100", vni: 100, local: "192.168.1.10", peers: ["192.168.1.20", "192.168.1.30"], port: 4789 },
      ...{ learning: true, up: true, addresses: ["10.0.0.1/24"] },
    },
    b: {
      ...{ name: "vxlan100", vni: 100, local: "192.168.1.11", peers: ["192.168.1.30", "192.168.1.40"], port: 4789 },
      ...{ learning: false, ttl: 9, tos: 32, mac: "02:00:00:00:00:07", mtu: 1400, up: true },
      addresses: ["10.0.0.2/24", "fd00::1/64"],
    },
  },
});
