import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignSlots, room, type SharedSubnet, shareOf, slotCount } from "../../components/address-plan.ts";
import { contains, nth, overlap, prefixLength } from "../../provider/schema/net.ts";

const lab = { subnet: "172.16.11.0/24", gateway: "172.16.11.1", taken: {} };

/** The shares of hosts that have the first slots. */
const shares = (shared: SharedSubnet, hosts: number, slots?: number) =>
  Array.from({ length: hosts }, (_, slot) => shareOf(shared, slot, slotCount(hosts, slots)));

/** A subnet somewhere, the part of it that is shared out, and hosts that fit. */
const situations = fc
  .record({
    base: fc.nat({ max: 0xffffffff }),
    length: fc.integer({ min: 8, max: 26 }),
    narrower: fc.integer({ min: 0, max: 2 }),
    hosts: fc.integer({ min: 1, max: 8 }),
    spare: fc.integer({ min: 0, max: 8 }),
    taken: fc.array(fc.nat({ max: 62 }), { maxLength: 5 }),
  })
  .map(({ base, length, narrower, hosts, spare, taken }) => {
    const size = 2 ** (32 - length);
    const subnet = `${nth("0.0.0.0/0", base - (base % size))}/${length}`;
    const ipRange = `${subnet.slice(0, subnet.indexOf("/"))}/${length + narrower}`;
    const addresses = Object.fromEntries(taken.map((n) => [`n${n}`, nth(subnet, n)]));
    return { shared: { subnet, gateway: nth(subnet, 1), ipRange, taken: addresses }, hosts, slots: hosts + spare };
  });

/** Docker's rule: 02:42 and the four bytes of the address. */
const macOf = (address: string) =>
  ["02", "42", ...address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"))].join(":");

/** Some of the addresses that a host may hand out, the first and the last among them. */
const samples = (range: string) => {
  const last = 2 ** (32 - prefixLength(range)) - 1;
  return [0, 1, 2, last - 1, last].filter((n) => n >= 0 && n <= last).map((n) => nth(range, n));
};

describe("shares of one subnet", () => {
  test("are disjoint, and so are the hardware addresses that Docker makes (traps 28, 70)", () => {
    fc.assert(
      fc.property(situations, ({ shared, hosts, slots }) => {
        const ranges = shares(shared, hosts, slots).map((share) => share?.ipRange ?? "");
        for (const [i, a] of ranges.entries())
          for (const b of ranges.slice(i + 1)) {
            expect(overlap(a, b)).toBe(false);
            const macs = new Set(samples(a).map(macOf));
            expect(
              samples(b)
                .map(macOf)
                .some((mac) => macs.has(mac)),
            ).toBe(false);
          }
      }),
    );
  });

  test("lie in the subnet and in the part of it that is shared out", () => {
    fc.assert(
      fc.property(situations, ({ shared, hosts, slots }) => {
        for (const share of shares(shared, hosts, slots)) {
          expect(contains(shared.subnet, share?.ipRange ?? "")).toBe(true);
          expect(contains(shared.ipRange, share?.ipRange ?? "")).toBe(true);
        }
      }),
    );
  });

  test("stay as they are when a host joins and there is a slot for it", () => {
    fc.assert(
      fc.property(situations, ({ shared, hosts, slots }) => {
        const now = shares(shared, hosts, slots);
        fc.pre(hosts < slotCount(hosts, slots));
        expect(shares(shared, hosts + 1, slots).slice(0, hosts)).toEqual(now);
      }),
    );
  });

  test("keep out what is taken, on the host that would hand it out and nowhere else", () => {
    fc.assert(
      fc.property(situations, ({ shared, hosts, slots }) => {
        const all = shares(shared, hosts, slots);
        for (const address of Object.values(shared.taken)) {
          const holders = all.filter((share) => share && contains(share.ipRange, address));
          const keepers = all.filter((share) => Object.values(share?.auxAddresses ?? {}).includes(address));
          // Docker keeps the gateway out by itself.
          expect(keepers).toEqual(address === shared.gateway ? [] : holders);
        }
      }),
    );
  });

  test("have as much room as there are addresses left", () => {
    fc.assert(
      fc.property(situations, ({ shared, hosts, slots }) => {
        fc.pre(prefixLength(shared.subnet) >= 22);
        for (const share of shares(shared, hosts, slots)) {
          const { subnet, ipRange, auxAddresses = {} } = share as NonNullable<typeof share>;
          const size = (range: string) => 2 ** (32 - prefixLength(range));
          const unusable = [
            shared.gateway,
            nth(subnet, 0),
            nth(subnet, size(subnet) - 1),
            ...Object.values(auxAddresses),
          ];
          const all = Array.from({ length: size(ipRange) }, (_, n) => nth(ipRange, n));
          expect(room({ ...shared, ipRange, auxAddresses })).toBe(all.filter((a) => !unusable.includes(a)).length);
        }
      }),
    );
  });
});

test("the tutorial's network, for two hosts", () => {
  expect(shares(lab, 2)).toEqual([
    { subnet: "172.16.11.0/24", gateway: "172.16.11.1", ipRange: "172.16.11.0/26" },
    { subnet: "172.16.11.0/24", gateway: "172.16.11.1", ipRange: "172.16.11.64/26" },
  ]);
});

test.each([
  [1, undefined, 4],
  [4, undefined, 4],
  [5, undefined, 8],
  [2, 2, 2],
  [2, 1, 1],
  [2, 5, 8],
  [2, 16, 16],
])("%i hosts with slots %s share out %i ranges", (hosts, slots, count) => {
  expect(slotCount(hosts, slots)).toBe(count);
});

test("a host has the range of its place, or the one it names", () => {
  expect([...assignSlots({ a: {}, b: { slot: 3 }, c: {} })]).toEqual([
    ["a", 0],
    ["b", 3],
    ["c", 2],
  ]);
});

test("the order in which hosts are written means nothing, and numbers in names count by their value", () => {
  const slots = assignSlots({ other: {}, node10: {}, node2: {}, node010: {} });
  expect([...slots]).toEqual([
    ["node2", 0],
    ["node010", 1],
    ["node10", 2],
    ["other", 3],
  ]);
  expect([...assignSlots({ node010: {}, node2: {}, node10: {}, other: {} })]).toEqual([...slots]);
});

test("a host that leaves moves no range when those after it name theirs", () => {
  const before = assignSlots({ a: {}, b: {}, c: {} });
  before.delete("b");
  expect(assignSlots({ a: {}, c: { slot: 2 } })).toEqual(before);
});

test("an address that is taken twice is told once: Docker would refuse it", () => {
  const taken = { "172.16.11.9": "172.16.11.9", node1: "172.16.11.9", router: "172.16.11.1" };
  expect(shareOf({ ...lab, taken }, 0, 4)?.auxAddresses).toEqual({ "172.16.11.9": "172.16.11.9" });
});

test("there is no share where a range would hold no address", () => {
  expect(shareOf({ ...lab, subnet: "172.16.11.0/31" }, 0, 4)).toBeUndefined();
  expect(room({ ...lab, ipRange: "172.16.11.0/31" })).toBe(0);
});
