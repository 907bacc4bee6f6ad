import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRouting, type RoutedHost, type RoutedHosts, type SourceRule } from "../../provider/schema/routing.ts";

/** The tutorial's two hosts (T12), as they should be. */
const node1: RoutedHost = {
  addresses: ["192.168.100.135"],
  ranges: ["10.100.0.0/24"],
  routes: [{ destination: "10.200.0.0/24", via: "192.168.100.136" }],
  masquerades: true,
  sourceRules: [[{ action: "exempt", source: "10.100.0.0/24", destination: "10.200.0.0/24" }]],
};
const node2: RoutedHost = {
  addresses: ["192.168.100.136"],
  ranges: ["10.200.0.0/24"],
  routes: [{ destination: "10.100.0.0/24", via: "192.168.100.135" }],
  masquerades: true,
  sourceRules: [[{ action: "exempt", source: "10.200.0.0/24" }]],
};
const masqueraded =
  "node1: route to 10.200.0.0/24 is masqueraded: what comes from 10.100.0.0/24 arrives on node2 with the address of node1 as its source";
const found = (hosts: RoutedHosts) => checkRouting(hosts).map(({ host, text }) => `${host}: ${text}`);

describe("routes among hosts", () => {
  test("the tutorial's hosts, put right, have no mistake", () => {
    expect(found({ node1, node2 })).toEqual([]);
  });

  test("the tutorial's next hop, the default gateway, is no host's", () => {
    const routes = [{ destination: "10.200.0.0/24", via: "192.168.100.2" }];
    expect(found({ node1: { ...node1, routes }, node2 })).toEqual([
      "node1: next hop of the route to 10.200.0.0/24 must be an address of node2 (192.168.100.136), which has 10.200.0.0/24, got 192.168.100.2, which is no host's of the program",
    ]);
  });

  test("a next hop may be a host that knows the way on, and no other", () => {
    const routes = [{ destination: "10.200.0.0/24", via: "192.168.100.137" }];
    const node3 = {
      addresses: ["192.168.100.137"],
      routes: [{ destination: "10.200.0.0/16", via: "192.168.100.136" }],
    };
    expect(found({ node1: { ...node1, routes }, node2, node3 })).toEqual([]);
    expect(found({ node1: { ...node1, routes }, node2, node3: { ...node3, routes: [] } })).toEqual([
      "node1: next hop of the route to 10.200.0.0/24 must be an address of node2 (192.168.100.136), which has 10.200.0.0/24, got 192.168.100.137, which is node3's and leads nowhere from there",
    ]);
  });

  test("one direction only", () => {
    expect(found({ node1, node2: { ...node2, routes: [] } })).toEqual([
      "node1: route to 10.200.0.0/24 has no way back: node2 has no route to 10.100.0.0/24 of node1, and answers to its default gateway",
    ]);
  });

  test("traps 56 and 68: masquerading left on between the ranges", () => {
    const sourceRules = [[{ action: "exempt", source: "192.168.0.0/24" }]];
    expect(found({ node1: { ...node1, sourceRules }, node2 })).toEqual([masqueraded]);
  });

  test("of the rules of a set the first that fits counts, of several sets no exemption does", () => {
    const exempt = { action: "exempt", source: "10.100.0.0/24" };
    const by = (...sourceRules: SourceRule[][]) =>
      found({ node1: { ...node1, masquerades: false, sourceRules }, node2 });
    const part = { action: "masquerade", source: "10.100.0.128/25" };
    expect(by([exempt, part])).toEqual([]);
    expect(by([part, exempt])).toEqual([masqueraded]);
    expect(by([exempt], [{ action: "snat" }])).toEqual([masqueraded]);
    expect(
      by([
        { action: "masquerade", source: "10.101.0.0/16" },
        { action: "snat", family: "ipv6" },
      ]),
    ).toEqual([]);
    // A part is not exempt enough.
    expect(by([{ ...exempt, source: "10.100.0.0/25" }, { action: "masquerade" }])).toEqual([masqueraded]);
  });

  test("a rule of another link is no rule for a route, if it is known by which one that goes", () => {
    const by = (outInterface: string, dev?: string) =>
      found({
        node1: {
          ...node1,
          routes: [{ destination: "10.200.0.0/24", via: "192.168.100.136", dev }],
          masquerades: false,
          sourceRules: [[{ action: "masquerade", outInterface }]],
        },
        node2,
      });
    expect(by("ens34", "ens33")).toEqual([]);
    for (const link of ["ens33", "ens+"]) expect(by(link, "ens33")).toEqual([masqueraded]);
    expect(by("ens34")).toEqual([masqueraded]);
  });

  test("ranges that overlap, and one that holds a host's own address", () => {
    expect(found({ node1: { ranges: ["10.100.0.0/24"] }, node2: { ranges: ["10.0.0.0/8"] } })).toEqual([
      "node1: range 10.100.0.0/24 must not overlap with 10.0.0.0/8 of node2, got 10.100.0.0/24",
      "node2: range 10.0.0.0/8 must not overlap with 10.100.0.0/24 of node1, got 10.0.0.0/8",
    ]);
    expect(found({ node1: { addresses: ["10.1.0.1"] }, node2: { ranges: ["10.0.0.0/8"] } })).toEqual([
      "node2: range 10.0.0.0/8 must not hold 10.1.0.1, where other hosts reach node1, got 10.0.0.0/8",
    ]);
  });

  test("what is not known is not judged", () => {
    expect(found({ node1: { routes: node1.routes }, node2: { routes: node2.routes } })).toEqual([]);
    expect(found({ node1, node3: { addresses: ["192.168.100.2"] } })).toEqual([]);
    const routes = [{ destination: "0.0.0.0/0", via: "192.168.100.2" }];
    expect(found({ node1: { ...node1, routes }, node2: { ...node2, routes: [] } })).toEqual([]);
  });

  test("a full mesh of disjoint ranges has no mistake, whatever their number, and without any one route, one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.nat(), (count, chance) => {
        const names = Array.from({ length: count }, (_, i) => i);
        const mesh = (left: readonly [number, number] | undefined): RoutedHosts =>
          Object.fromEntries(
            names.map((i) => [
              `node${i}`,
              {
                addresses: [`192.168.100.${i + 1}`],
                ranges: [`10.${i}.0.0/24`],
                routes: names
                  .filter((j) => j !== i && !(left && left[0] === i && left[1] === j))
                  .map((j) => ({ destination: `10.${j}.0.0/24`, via: `192.168.100.${j + 1}` })),
              },
            ]),
          );
        expect(checkRouting(mesh(undefined))).toEqual([]);
        const from = chance % count;
        const to = (from + 1 + (chance % (count - 1))) % count;
        expect(checkRouting(mesh([from, to])).map(({ host, sort }) => [host, sort])).toEqual([
          [`node${to}`, "way back"],
        ]);
      }),
    );
  });
});
