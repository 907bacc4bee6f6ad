import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planNetwork } from "../../components/macvlan-network-plan.ts";
import { contains } from "../../provider/schema/net.ts";
import { runs } from "../seed.ts";

const node1 = { parent: "ens33", access: "10.0.0.201" };
const node2 = { parent: "ens32", access: "10.0.0.202" };
const lab = { hosts: { node1, node2 }, subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: "10.0.0.64/26" };
const planOf = (changed: Record<string, unknown> = {}, name = "mac_net1") => planNetwork(name, { ...lab, ...changed });
const rangesOf = (shares: ReturnType<typeof planOf>["shares"]) =>
  Object.fromEntries([...shares].map(([host, { ipRange }]) => [host, ipRange]));

describe("the plan", () => {
  test("each host hands out a range of its own", () => {
    const { network, shares } = planOf();
    expect(network).toBe("mac_net1");
    expect(Object.fromEntries(shares)).toEqual({
      node1: { subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: "10.0.0.64/28" },
      node2: { subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: "10.0.0.80/28" },
    });
  });

  test("a network has the component's name, or one of its own", () => {
    expect(planOf({ network: "boxes" })).toMatchObject({ network: "boxes", access: { link: "boxes" } });
    expect(planOf({}, "containers-of-the-lab").access.link).toMatch(/^net-[0-9a-f]{11}$/);
  });

  test("hosts reach the ranges by their own link, and after all other routes the rest of the subnet", () => {
    expect(planOf().access).toEqual({
      link: "mac_net1",
      ways: [
        { to: "to-node1", destination: "10.0.0.64/28" },
        { to: "to-node2", destination: "10.0.0.80/28" },
        { to: "rest", destination: "10.0.0.0/24", metric: 30_000 },
      ],
    });
  });

  test("a range that is all of the subnet has no route that would take the place of the parent's own", () => {
    const { access } = planOf({ hosts: { node1 }, ipRange: undefined, slots: 1 });
    expect(access.ways).toEqual([{ to: "rest", destination: "10.0.0.0/24", metric: 30_000 }]);
  });

  test("traps 25 and 28: no engine hands out an address that a host has, or that is reserved", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 2, max: 254 }), { minLength: 3, maxLength: 3 }), (numbers) => {
        const [one, two, third] = numbers.map((n) => `10.0.0.${n}`) as [string, string, string];
        const hosts = { node1: { ...node1, access: one }, node2: { ...node2, access: two } };
        const { shares } = planOf({ hosts, ipRange: undefined, reserved: [one, third] });
        for (const { ipRange, auxAddresses = {} } of shares.values())
          expect(Object.values(auxAddresses).toSorted()).toEqual(
            [one, two, third].filter((address) => contains(ipRange, address)).toSorted(),
          );
      }),
      { numRuns: runs(50) },
    );
  });

  test("the order in which hosts are written means nothing, and one that joins moves no range", () => {
    const before = planOf();
    expect([...planOf({ hosts: { node2, node1 } }).shares]).toEqual([...before.shares]);
    const { shares } = planOf({ hosts: { node10: { parent: "eth0" }, node2, node1 } });
    expect(rangesOf(shares)).toEqual({ ...rangesOf(before.shares), node10: "10.0.0.96/28" });
  });
});

describe("mistakes in its arguments", () => {
  const access = (address: string) => ({ hosts: { node1: { ...node1, access: address }, node2 } });

  test.each<[string, Record<string, unknown>, string]>([
    ["an address elsewhere", access("10.0.1.201"), "hosts.node1.access must lie in 10.0.0.0/24, got 10.0.1.201"],
    ["an IPv6 address", access("fd00::1"), "hosts.node1.access must lie in 10.0.0.0/24, got fd00::1"],
    [
      "the broadcast address",
      access("10.0.0.255"),
      "hosts.node1.access must be an address that a host can have, and no end of 10.0.0.0/24, got 10.0.0.255",
    ],
    ["the gateway's address", access("10.0.0.1"), "hosts.node1.access must differ from gateway, got 10.0.0.1"],
    [
      "trap 28: one address for two hosts",
      access("10.0.0.202"),
      "hosts.node2.access must differ from that of node1, got 10.0.0.202",
    ],
    [
      "an address with a prefix length",
      access("10.0.0.201/24"),
      'hosts.node1.access must be an address like 10.0.0.5, got "10.0.0.201/24"',
    ],
    [
      "access where nobody reaches anybody",
      { hosts: { node1, node2: { parent: "ens32" } }, mode: "private" },
      "hosts.node1.access must be left out in mode private, where no link reaches containers of its own host, got 10.0.0.201",
    ],
    ["passthru", { mode: "passthru" }, 'mode must be bridge, private or vepa, got "passthru"'],
    ["no gateway", { gateway: undefined }, "gateway is required"],
    ["a gateway elsewhere", { gateway: "10.0.1.1" }, "gateway must lie in 10.0.0.0/24, got 10.0.1.1"],
    [
      "a gateway that is the address of the network",
      { gateway: "10.0.0.0" },
      "gateway must be an address that a router can have, got 10.0.0.0, an end of 10.0.0.0/24",
    ],
    [
      "a subnet with host bits",
      { subnet: "10.0.0.5/24" },
      'subnet must have no host bits: 10.0.0.0/24, got "10.0.0.5/24"',
    ],
    [
      "IPv6",
      { subnet: "fd00::/64", gateway: "fd00::1", ipRange: undefined },
      "subnet must be an IPv4 network, got fd00::/64",
    ],
    ["a range elsewhere", { ipRange: "10.0.1.0/26" }, "ipRange must lie in 10.0.0.0/24, got 10.0.1.0/26"],
    ["a reserved address elsewhere", { reserved: ["10.0.1.9"] }, "reserved[0] must lie in 10.0.0.0/24, got 10.0.1.9"],
    ["a reserved address twice", { reserved: ["10.0.0.9", "10.0.0.9"] }, 'reserved[1] repeats reserved[0]: "10.0.0.9"'],
    [
      "a share without room",
      { ipRange: "10.0.0.200/30" },
      "ipRange must have an address for containers in each of its 4 ranges, got 10.0.0.200/30, which has none for node2",
    ],
    ["too few slots", { slots: 1 }, "slots must be at least 2, the number of hosts, got 1"],
    [
      "one slot for two hosts",
      { hosts: { node1: { ...node1, slot: 1 }, node2 } },
      "hosts.node2.slot must differ from that of node1, got 1: name the slots of both",
    ],
    [
      "a slot beyond the last",
      { hosts: { node1: { ...node1, slot: 4 } } },
      "hosts.node1.slot must be less than 4, the number of slots, got 4",
    ],
    [
      "a name that Docker does not take",
      { network: "mac net1" },
      'network must be a letter or digit, then letters, digits, `_`, `.` and `-`, got "mac net1"',
    ],
    ["no host", { hosts: {} }, "hosts must name at least one host"],
    [
      "a parent that cannot be",
      { hosts: { node1: { parent: "ens 33" } } },
      'hosts.node1.parent must hold only letters, digits, _ . + @ and - and begin with a letter, a digit or _, got "ens 33"',
    ],
    ["a misspelled property", { subnets: "10.0.0.0/24" }, "subnets is unknown; did you mean subnet?"],
  ])("%s", (_, wrong, message) => {
    expect(refusalOf(wrong)).toBe(`MacvlanNetwork mac_net1: ${message}`);
  });

  test("a component whose name Docker does not take says how its network is called", () => {
    expect(refusalOf({}, "my lab")).toBe(
      "MacvlanNetwork my lab: network must be given where the component's name is not a letter or digit, then letters, digits, `_`, `.` and `-`, got my lab",
    );
    expect(refusalOf({ network: "mac_net1" }, "my lab")).toBe("");
  });

  test("all are named in one error, which leaves out what follows from them", () => {
    const hosts = { node2: { parent: 32, access: "10.0.0.0" }, node1: { ...node1, access: "10.0.0.9/24" } };
    expect(refusalOf({ hosts, ipRange: "10.0.0.5/24", gateway: "10.0.1.1" })).toBe(
      `MacvlanNetwork mac_net1 has 5 problems:
  hosts.node2.parent must be text, got 32
  hosts.node1.access must be an address like 10.0.0.5, got "10.0.0.9/24"
  ipRange must have no host bits: 10.0.0.0/24, got "10.0.0.5/24"
  gateway must lie in 10.0.0.0/24, got 10.0.1.1
  hosts.node2.access must be an address that a host can have, and no end of 10.0.0.0/24, got 10.0.0.0`,
    );
  });
});

function refusalOf(changed: Record<string, unknown>, name?: string): string {
  try {
    planOf(changed, name);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}
