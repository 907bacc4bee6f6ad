import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pairRules, planBridges } from "../../components/routed-bridges-plan.ts";
import { checkRouting, type RoutedHosts } from "../../provider/schema/routing.ts";
import { runs } from "../seed.ts";

const node1 = { address: "192.168.100.135", range: "10.100.0.1/24" };
const node2 = { address: "192.168.100.136", range: "10.200.0.1/24" };
const hosts = { node1, node2 };

describe("the plan", () => {
  test("each host knows its own range and the way to every other's", () => {
    expect(Object.fromEntries(planBridges("lab", { hosts }))).toEqual({
      node1: {
        ...{ bip: "10.100.0.1/24", subnet: "10.100.0.0/24" },
        peers: [{ name: "node2", subnet: "10.200.0.0/24", via: "192.168.100.136" }],
      },
      node2: {
        ...{ bip: "10.200.0.1/24", subnet: "10.200.0.0/24" },
        peers: [{ name: "node1", subnet: "10.100.0.0/24", via: "192.168.100.135" }],
      },
    });
  });

  test("rules are for both directions of each pair of ranges", () => {
    const plan = planBridges("lab", { hosts }).get("node1");
    expect(plan && pairRules("accept", plan)).toEqual([
      { action: "accept", source: "10.100.0.0/24", destination: "10.200.0.0/24" },
      { action: "accept", source: "10.200.0.0/24", destination: "10.100.0.0/24" },
    ]);
  });

  const meshes = fc
    .uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 2, maxLength: 6 })
    .map((numbers) =>
      numbers.map((n) => [`node${n}`, { address: `192.168.100.${n + 1}`, range: `10.${n}.0.1/24` }] as const),
    );

  test("whatever the hosts, there is no mistake in the routes among them", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const plans = [...planBridges("lab", { hosts: Object.fromEntries(mesh) })];
        const addresses = Object.fromEntries(mesh.map(([name, { address }]) => [name, address]));
        const routed: RoutedHosts = Object.fromEntries(
          plans.map(([name, plan]) => [
            name,
            {
              addresses: [addresses[name] ?? ""],
              ranges: [plan.subnet],
              routes: plan.peers.map(({ subnet, via }) => ({ destination: subnet, via })),
              masquerades: true,
              sourceRules: [pairRules("exempt", plan)],
            },
          ]),
        );
        expect(checkRouting(routed)).toEqual([]);
      }),
      { numRuns: runs(20) },
    );
  });

  test("the order in which hosts are written means nothing", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const [one, other] = [mesh, mesh.toReversed()].map((m) => planBridges("lab", { hosts: Object.fromEntries(m) }));
        expect([...(other ?? [])]).toEqual([...(one ?? [])]);
      }),
      { numRuns: runs(20) },
    );
  });

  test("a host that joins adds to each other one route and two rules, and changes nothing that was there", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const all = planBridges("lab", { hosts: Object.fromEntries(mesh) });
        const [[joined]] = mesh as [(typeof mesh)[0]];
        if (mesh.length < 3) return;
        for (const [name, before] of planBridges("lab", { hosts: Object.fromEntries(mesh.slice(1)) })) {
          const after = all.get(name);
          expect(after?.peers.filter((peer) => peer.name !== joined)).toEqual(before.peers);
          expect(after && pairRules("accept", after).length).toBe(pairRules("accept", before).length + 2);
        }
      }),
      { numRuns: runs(20) },
    );
  });
});

describe("mistakes in its arguments", () => {
  test.each<[string, unknown, string]>([
    [
      "the tutorial's bip=bip=",
      { node1: { ...node1, range: "bip=10.100.0.1/24" }, node2 },
      'hosts.node1.range must be an address with its prefix length, like 10.0.0.5/24, got "bip=10.100.0.1/24"',
    ],
    [
      "the tutorial's 10.300.0.2",
      { node1, node2: { ...node2, range: "10.300.0.2/24" } },
      'hosts.node2.range must be an address with its prefix length, like 10.0.0.5/24, got "10.300.0.2/24"',
    ],
    [
      "an address without its prefix length",
      { node1: { ...node1, range: "10.100.0.1" }, node2 },
      'hosts.node1.range must be an address with its prefix length, like 10.0.0.5/24, got "10.100.0.1"',
    ],
    [
      "the address of the network",
      { node1: { ...node1, range: "10.100.0.0/24" }, node2 },
      "hosts.node1.range must be the address of docker0 in its network, like 10.100.0.1/24, got 10.100.0.0/24, the address of the network itself",
    ],
    [
      "the broadcast address",
      { node1: { ...node1, range: "10.100.0.255/24" }, node2 },
      "hosts.node1.range must be the address of docker0 in its network, like 10.100.0.1/24, got 10.100.0.255/24, its broadcast address",
    ],
    [
      "no room",
      { node1: { ...node1, range: "10.100.0.1/31" }, node2 },
      "hosts.node1.range must leave room for containers, a prefix length of at most 30, got 10.100.0.1/31",
    ],
    [
      "IPv6",
      { node1: { ...node1, range: "fd00::1/64" }, node2 },
      "hosts.node1.range must be an IPv4 address with its prefix length, got fd00::1/64",
    ],
    [
      "ranges that overlap",
      { node1, node2: { ...node2, range: "10.100.0.129/25" } },
      "hosts.node2.range must not overlap with 10.100.0.0/24 of node1, got 10.100.0.128/25",
    ],
    [
      "one address for two hosts",
      { node1, node2: { ...node2, address: "192.168.100.135" } },
      "hosts.node2.address must differ from that of node1, got 192.168.100.135",
    ],
    [
      "an address in a range",
      { node1: { ...node1, address: "10.200.0.9" }, node2 },
      "hosts.node1.address must be outside of all ranges, where hosts reach each other without them, got 10.200.0.9, which is in 10.200.0.0/24 of node2",
    ],
    ["one host alone", { node1 }, "hosts must name at least two hosts, got 1"],
    [
      "a misspelled property",
      { node1: { ...node1, adress: "x" }, node2 },
      "hosts.node1.adress is unknown; did you mean address?",
    ],
  ])("%s", (_, wrong, message) => {
    expect(refusalOf({ hosts: wrong })).toBe(`RoutedBridges lab: ${message}`);
  });

  test("all are named in one error, in whatever order the hosts are written", () => {
    const wrong = {
      node10: { address: "192.168.100.135", range: "10.100.0.77/25" },
      node2: { address: "fe80::1", range: "10.200.0.0/24" },
      node1,
    };
    expect(refusalOf({ hosts: wrong })).toBe(
      `RoutedBridges lab has 4 problems:
  hosts.node2.address must be an IPv4 address, got fe80::1
  hosts.node2.range must be the address of docker0 in its network, like 10.200.0.1/24, got 10.200.0.0/24, the address of the network itself
  hosts.node10.address must differ from that of node1, got 192.168.100.135
  hosts.node10.range must not overlap with 10.100.0.0/24 of node1, got 10.100.0.0/25`,
    );
  });
});

function refusalOf(args: unknown): string {
  try {
    planBridges("lab", args);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}
