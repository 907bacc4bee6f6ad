import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planFabric } from "../../components/vxlan-fabric-plan.ts";

const hosts = { node1: { address: "192.168.1.102" }, node2: { address: "192.168.1.103" } };
const blue = { vni: 100, addresses: { node1: "10.100.0.1/24" }, nics: { node2: "ens34" } };
const lab = { hosts, networks: { blue, green: { vni: 200, bridge: "br200", stp: true } } };
const planOf = (changed: Record<string, unknown> = {}) => planFabric("fabric", { ...lab, ...changed });

describe("the plan", () => {
  test("names tunnels by their numbers, and bridges by their networks unless told", () => {
    const { hosts, networks, ...shared } = planOf();
    expect(Object.fromEntries(networks)).toEqual({
      blue: {
        ...{ vni: 100, tunnel: "vxlan100", bridge: "blue", stp: false },
        ...{ addresses: { node1: "10.100.0.1/24" }, nics: { node2: "ens34" } },
      },
      green: { vni: 200, tunnel: "vxlan200", bridge: "br200", stp: true, addresses: {}, nics: {} },
    });
    expect(Object.fromEntries(hosts)).toEqual({ node1: "192.168.1.102", node2: "192.168.1.103" });
    expect(shared).toEqual({ port: 4789, forward: true, mtu: 1450 });
  });

  test("trap 63: the MTU is computed once, from the least on the ways and the family of the addresses", () => {
    expect(planOf({ underlayMtu: 9000 }).mtu).toBe(8950);
    const six = { node1: { address: "fd00::1" }, node2: { address: "fd00::2" } };
    expect(planOf({ hosts: six, underlayMtu: 1460 }).mtu).toBe(1390);
  });

  test("the order in which hosts are written means nothing", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(["node1", "node2", "node10"], { minLength: 3 }), (names) => {
        const written = Object.fromEntries(names.map((name) => [name, { address: `192.168.1.${name.slice(4)}` }]));
        expect([...planOf({ hosts: written }).hosts.keys()]).toEqual(["node1", "node2", "node10"]);
      }),
    );
  });
});

describe("mistakes in its arguments", () => {
  const host2 = (address: string) => ({ hosts: { ...hosts, node2: { address } } });
  const green = (more: object) => ({ networks: { blue, green: { vni: 200, ...more } } });

  test.each<[string, Record<string, unknown>, string]>([
    ["no host", { hosts: {} }, "hosts must name at least one host"],
    ["no network", { networks: {} }, "networks must name at least one network"],
    [
      "an address of another family",
      host2("fd00::2"),
      "hosts.node2.address must be an IPv4 address like that of node1, got fd00::2",
    ],
    [
      "an address twice",
      host2("192.168.1.102"),
      "hosts.node2.address must differ from that of node1, got 192.168.1.102",
    ],
    [
      "an address of a group",
      host2("239.1.1.1"),
      "hosts.node2.address must be an address that other hosts reach this one by, got 239.1.1.1",
    ],
    [
      "an address of nobody",
      host2("0.0.0.0"),
      "hosts.node2.address must be an address that other hosts reach this one by, got 0.0.0.0",
    ],
    ["trap 64: a number twice", green({ vni: 100 }), "networks.green.vni must differ from that of blue, got 100"],
    ["a bridge twice", green({ bridge: "blue" }), "networks.green.bridge must differ from that of blue, got blue"],
    [
      "a bridge that is called like a tunnel",
      green({ bridge: "vxlan100" }),
      "networks.green.bridge must differ from the tunnel of blue, got vxlan100",
    ],
    [
      "trap 34: a network whose name no link can have",
      { networks: { "the network of the lab": { vni: 100 } } },
      'networks["the network of the lab"].bridge must be given where no link can be called like the network, got the network of the lab',
    ],
    [
      "an address of nobody",
      green({ addresses: { node3: "10.0.0.3/24" } }),
      "networks.green.addresses.node3 must belong to one of hosts (node1 or node2), got node3",
    ],
    [
      "an address twice in a network",
      green({ addresses: { node1: "10.0.0.1/24", node2: "10.0.0.1/16" } }),
      "networks.green.addresses.node2 must differ from networks.green.addresses.node1, got 10.0.0.1/16",
    ],
    [
      "an address in the network that carries the fabric",
      green({ addresses: { node1: "192.168.1.9/24" } }),
      "networks.green.addresses.node1 must not be in one network with hosts.node1.address (192.168.1.102), or the tunnels' packets would go into themselves, got 192.168.1.9/24",
    ],
    [
      "a NIC in two bridges",
      green({ nics: { node2: "ens34" } }),
      "networks.green.nics.node2 must be in one bridge only, and blue has ens34 too",
    ],
    [
      "a number that is none",
      green({ vni: 2 ** 24 }),
      "networks.green.vni must be an integer from 1 to 16777215, got 16777216",
    ],
    ["a misspelled property", { network: {} }, "network is unknown; did you mean networks?"],
  ])("%s", (_, wrong, message) => {
    expect(() => planOf(wrong)).toThrow(expect.objectContaining({ message: `VxlanFabric fabric: ${message}` }));
  });

  test("all are named in one error", () => {
    expect(() => planOf({ ...host2("fd00::2"), ...green({ vni: 100, bridge: "blue" }) })).toThrow(/has 3 problems:/);
  });
});
