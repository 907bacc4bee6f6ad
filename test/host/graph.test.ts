import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Facts } from "../../provider/host/facts.ts";
import { dockerNetwork, link, linkWith, missing, type Node, order, shared } from "../../provider/host/graph.ts";
import { runs } from "../seed.ts";

interface Thing {
  readonly name: string;
  readonly edges: { readonly makes: readonly Node[]; readonly needs: readonly Node[] };
  readonly removes: boolean;
}
const thing = (name: string, needs: readonly string[], removes = false): Thing => ({
  name,
  edges: { makes: [link(name)], needs: needs.map(link) },
  removes,
});

/** Things that stand on things of lower numbers, in any order: no cycles. */
const forest = (removes: boolean) =>
  fc
    .array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 20 })
    .map((needs) =>
      needs.map((below, i) => thing(`l${i}`, i === 0 ? [] : [...new Set(below.map((n) => `l${n % i}`))], removes)),
    )
    .chain((things) => fc.shuffledSubarray(things, { minLength: things.length }));

/** Things that stand on anything, themselves too; made and removed. */
const anything = fc.array(
  fc
    .record({ name: fc.nat(6), needs: fc.array(fc.nat(6), { maxLength: 3 }), removes: fc.boolean() })
    .map(({ name, needs, removes }) =>
      thing(
        `l${name}`,
        needs.map((n) => `l${n}`),
        removes,
      ),
    ),
  { maxLength: 12 },
);

const names = (ordered: readonly { operation: Thing }[]) => ordered.map(({ operation }) => operation.name);

describe("the order of a group", () => {
  test("makes everything after what it stands on, and waits for it", () => {
    fc.assert(
      fc.property(forest(false), (things) => {
        const ordered = order(things);
        ordered.forEach(({ operation, after }, i) => {
          const below = operation.edges.needs.map((node) =>
            ordered.findIndex((o) => o.operation.edges.makes.includes(node)),
          );
          for (const k of below) expect(k).toBeLessThan(i);
          expect([...after].sort()).toEqual([...below].sort());
        });
      }),
    );
  });

  test("removes everything before what it stood on, and keeps the lower when the upper could not be removed", () => {
    fc.assert(
      fc.property(forest(true), (things) => {
        const ordered = order(things);
        ordered.forEach(({ operation }, i) => {
          for (const node of operation.edges.needs) {
            const below = ordered.findIndex((o) => o.operation.edges.makes.includes(node));
            expect(below).toBeGreaterThan(i);
            expect(ordered[below]?.after).toContain(i);
          }
        });
      }),
    );
  });

  test("removes in the reverse of an order in which it would have made", () => {
    const stack = [thing("docker", ["vlan"]), thing("vlan", ["nic"]), thing("nic", [])];
    expect(names(order(stack))).toEqual(["nic", "vlan", "docker"]);
    expect(names(order(stack.map((t) => ({ ...t, removes: true }))))).toEqual(["docker", "vlan", "nic"]);
    expect(names(order(stack.toReversed().map((t) => ({ ...t, removes: true }))))).toEqual(["docker", "vlan", "nic"]);
  });

  test("holds every operation once, each after what it waits for, whatever stands on what", () => {
    fc.assert(
      fc.property(anything, (things) => {
        const ordered = order(things);
        expect(new Set(ordered.map(({ operation }) => operation))).toEqual(new Set(things));
        expect(ordered.length).toBe(things.length);
        ordered.forEach(({ after }, i) => {
          for (const k of after) {
            expect(k).toBeGreaterThanOrEqual(0);
            expect(k).toBeLessThan(i);
          }
          expect(new Set(after).size).toBe(after.length);
        });
      }),
      { numRuns: runs(500) },
    );
  });

  test("leaves what has nothing to do with each other as it came", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(50)), (numbers) => {
        const things = numbers.map((n) => thing(`l${n}`, []));
        expect(names(order(things))).toEqual(things.map(({ name }) => name));
        for (const { after } of order(things)) expect(after).toEqual([]);
      }),
    );
  });

  test("does not hang on a cycle, and breaks it where it is entered", () => {
    expect(names(order([thing("a", ["c"]), thing("b", ["a"]), thing("c", ["b"])]))).toEqual(["b", "c", "a"]);
    expect(names(order([thing("a", ["a"])]))).toEqual(["a"]);
  });

  test("removes the old of a name before the new of that name is made, and before what the new carries", () => {
    const old = thing("v", ["nic"], true);
    const made = thing("v", ["nic"]);
    const upper = thing("net", ["v"]);
    expect(order([upper, made, old]).map(({ operation }) => [operation.name, operation.removes])).toEqual([
      ["v", true],
      ["v", false],
      ["net", false],
    ]);
  });

  test("trap 31: lets an adopted link, which makes and needs itself, go before what stands on it", () => {
    const nic = thing("ens33", ["ens33"]);
    const vlan = thing("ens33.10", ["ens33"]);
    expect(order([vlan, nic])).toEqual([
      { operation: nic, after: [] },
      { operation: vlan, after: [0] },
    ]);
  });
});

describe("what a host lacks", () => {
  const facts = {
    links: [{ name: "lo" }, { name: "ens33" }, { name: "docker0" }],
    docker: { version: "28.0.0", networks: [{ name: "bridge" }, { name: "mac_net1" }] },
    swarm: { state: "inactive", manager: false },
  } as unknown as Facts;

  test("is nothing when the node is there", () => {
    expect(missing(link("ens33"), "node1", facts)).toBeUndefined();
    expect(missing(dockerNetwork("mac_net1"), "node1", facts)).toBeUndefined();
  });

  test("is named with what is there instead and what was probably meant", () => {
    expect(missing(link("ens32"), "node1", facts)).toBe(
      "node1 has no link ens32: it has docker0, ens33 and lo; did you mean ens33?",
    );
    expect(missing(dockerNetwork("overlay"), "node1", facts)).toBe(
      "node1 has no docker network overlay: it has bridge and mac_net1",
    );
    expect(missing(link("a b"), "node1", { links: [] } as unknown as Facts)).toBe("node1 has no link a b: it has none");
  });
});

describe("addresses and gateways", () => {
  const route = (needs: readonly Node[], removes = false): Thing => ({
    ...{ name: "route", edges: { makes: ["route 10.9.0.0/16", "table 254"], needs }, removes },
  });
  const nic = (removes = false): Thing => ({
    ...{ name: "nic", edges: { makes: linkWith("ens33", ["10.0.0.1/24"]), needs: [] }, removes },
  });

  test("a route comes after the address that it goes by or speaks from, and goes before it", () => {
    for (const need of ["gateway 10.0.0.7", "address 10.0.0.1", "link ens33"] as const) {
      expect(names(order([route([need]), nic()]))).toEqual(["nic", "route"]);
      expect(names(order([nic(true), route([need], true)]))).toEqual(["route", "nic"]);
    }
    for (const need of ["gateway 10.0.1.7", "address 10.0.0.10"] as const)
      expect(order([route([need]), nic()]).map(({ after }) => after)).toEqual([[], []]);
  });

  test("a gateway is reached by what another route puts on the link", () => {
    const onLink: Thing = { name: "host", edges: { makes: ["network 172.31.1.1/32"], needs: [] }, removes: false };
    expect(names(order([route(["gateway 172.31.1.1"]), onLink]))).toEqual(["host", "route"]);
  });

  test("one address on two links, and one table of two routes, are no mistake", () => {
    expect(shared(linkWith("a", ["10.0.0.1/24"]), linkWith("b", ["10.0.0.1/24"]))).toBeUndefined();
    expect(shared(["route 10.0.0.0/8", "table 7"], ["route 10.1.0.0/16", "table 7"])).toBeUndefined();
    expect(shared(["route 10.0.0.0/8", "table 7"], ["route 10.0.0.0/8"])).toBe("route 10.0.0.0/8");
  });

  test("what is missing is told with the networks that are there", () => {
    const ips = [{ address: "10.0.0.1", prefix: 24 }];
    const facts = { links: [{ name: "ens33", up: true, ips }], routes: [] } as unknown as Facts;
    expect(missing("gateway 10.0.0.7", "node1", facts)).toBeUndefined();
    expect(missing("address 10.0.0.1", "node1", facts)).toBeUndefined();
    expect(missing("gateway 10.7.0.1", "node1", facts)).toBe(
      "node1 has no network that 10.7.0.1 is in: it has 10.0.0.0/24",
    );
    expect(missing("address 10.0.0.2", "node1", facts)).toBe(
      "node1 has no address 10.0.0.2: it has 10.0.0.1; did you mean 10.0.0.1?",
    );
  });
});
