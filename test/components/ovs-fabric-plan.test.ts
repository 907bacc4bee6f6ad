import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planOvsFabric } from "../../components/ovs-fabric-plan.ts";

const hosts = { node1: { address: "192.168.1.102" }, node2: { address: "192.168.1.103" } };
const three = { ...hosts, node3: { address: "192.168.1.104" } };
const vlans = { red: 100, blue: 200 };
const test1 = { host: "node1", vlan: "red", addresses: ["10.0.0.1/24"] };
const gre = { hosts, tunnels: { type: "gre" }, vlans, containers: { test1 } };
const planOf = (changed: Record<string, unknown> = {}) => planOvsFabric("fabric", { ...gre, ...changed });
const pairs = (changed: Record<string, unknown>) => planOf(changed).ends.map(({ host, peer }) => `${host} ${peer}`);

describe("the plan", () => {
  test("names the tunnels by bridge and other host, and containers by themselves unless told", () => {
    const { hosts, containers, ...rest } = planOf();
    expect(rest).toEqual({
      bridge: "ovs0",
      rstp: true,
      ends: [
        { host: "node1", peer: "node2", name: "ovs0-node2", local: "192.168.1.102", remote: "192.168.1.103" },
        { host: "node2", peer: "node1", name: "ovs0-node1", local: "192.168.1.103", remote: "192.168.1.102" },
      ],
      trunks: [100, 200],
      mtu: 1458,
    });
    expect([...hosts]).toEqual([
      ["node1", undefined],
      ["node2", undefined],
    ]);
    expect(Object.fromEntries(containers)).toEqual({
      test1: {
        host: "node1",
        container: "test1",
        interface: "eth1",
        tag: 100,
        addresses: ["10.0.0.1/24"],
        gateways: [],
      },
    });
  });

  test.each([
    ["gre", {}, 1500 - 38 - 4],
    ["gre", { key: 7 }, 1500 - 42 - 4],
    ["vxlan", { key: 7 }, 1500 - 50 - 4],
    ["geneve", {}, 1500 - 50 - 4],
  ])("trap 63: what a tunnel of %s with %o leaves, less the tag inside", (type, more, mtu) => {
    expect(planOf({ tunnels: { type, ...more } }).mtu).toBe(mtu);
  });

  test("trap 63: without VLANs there is no tag, without tunnels nothing is lost, over IPv6 20 bytes more", () => {
    const bare = { test1: { ...test1, vlan: undefined } };
    expect(planOf({ vlans: {}, containers: bare }).mtu).toBe(1462);
    expect(planOf({ tunnels: undefined, hosts: { node1: {} }, underlayMtu: 9000 }).mtu).toBe(9000);
    const six = { node1: { address: "fd00::1" }, node2: { address: "fd00::2" } };
    expect(planOf({ hosts: six }).mtu).toBe(1438);
  });

  test("a mesh has a tunnel for each pair, a star for each host but its hub", () => {
    expect(pairs({ hosts: three })).toHaveLength(6);
    const star = { type: "gre", topology: "star", hub: "node2" };
    expect(pairs({ hosts: three, tunnels: star })).toEqual([
      "node1 node2",
      "node2 node1",
      "node2 node3",
      "node3 node2",
    ]);
  });

  test("one host more changes nothing of the others but their tunnel to it, however they are written", () => {
    const all = ["node1", "node2", "node3", "node10", "a-host-with-a-long-name"];
    const of = (names: readonly string[], tunnels: object) =>
      planOf({
        ...{
          hosts: Object.fromEntries(names.map((name) => [name, { address: `192.168.1.${all.indexOf(name) + 1}` }])),
        },
        ...{ tunnels, containers: {} },
      }).ends;
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 2 }), fc.boolean(), (names, isStar) => {
        const [last = "", ...others] = names;
        const tunnels = isStar ? { type: "vxlan", topology: "star", hub: others[0] } : { type: "vxlan" };
        const kept = of(names, tunnels).filter(({ host, peer }) => host !== last && peer !== last);
        expect(kept).toEqual(of(others, tunnels));
        for (const { name } of of(names, tunnels)) expect(name.length).toBeLessThanOrEqual(15);
      }),
    );
  });
});

describe("mistakes in its arguments", () => {
  const second = (more: object) => ({
    containers: { test1, test2: { ...test1, addresses: ["10.0.0.2/24"], ...more } },
  });
  const tunnels = (more: object) => ({ tunnels: { type: "gre", ...more } });
  const alone = (node1: object, more: object = {}) => ({ hosts: { node1 }, tunnels: undefined, ...more });

  test.each<[string, Record<string, unknown>, string]>([
    ["no host", { hosts: {}, containers: {} }, "hosts must name at least one host"],
    [
      "a host that nothing joins to the others",
      { hosts: { node1: { inheritFrom: "ens33" }, node2: {} }, tunnels: undefined },
      "hosts.node2 must have inheritFrom, or the fabric tunnels: nothing joins it to the other hosts",
    ],
    [
      "a NIC in the bridge of tunnels",
      { hosts: { ...hosts, node2: { address: "192.168.1.103", inheritFrom: "ens33" } } },
      "hosts.node2.inheritFrom must be left out with tunnels, whose packets would go into themselves, got ens33",
    ],
    [
      "no address for tunnels",
      { hosts: { ...hosts, node2: {} } },
      "hosts.node2.address is required with tunnels: the other hosts reach it by it",
    ],
    ["an address without tunnels", alone(hosts.node1), "hosts.node1.address is for tunnels only, got 192.168.1.102"],
    [
      "an address of another family",
      { hosts: { ...hosts, node2: { address: "fd00::2" } } },
      "hosts.node2.address must be an IPv4 address like that of node1, got fd00::2",
    ],
    [
      "an address twice",
      { hosts: { ...hosts, node2: hosts.node1 } },
      "hosts.node2.address must differ from that of node1, got 192.168.1.102",
    ],
    ["a star without a hub", tunnels({ topology: "star" }), "tunnels.hub is required for a star: node1 or node2"],
    [
      "a hub that is no host",
      tunnels({ topology: "star", hub: "node9" }),
      "tunnels.hub must be one of hosts (node1 or node2), got node9",
    ],
    ["a hub of a mesh", tunnels({ hub: "node1" }), "tunnels.hub is for topology star only, got node1"],
    ["a port of GRE", tunnels({ port: 4789 }), "tunnels.port is for vxlan and geneve only, got 4789"],
    [
      "a VNI of too many bits",
      { tunnels: { type: "vxlan", key: 2 ** 24 } },
      "tunnels.key must be at most 16777215 for vxlan, got 16777216",
    ],
    [
      "trap 33: a mesh without RSTP",
      { rstp: false },
      "rstp must be true for a mesh: frames would go round for ever; topology star does without",
    ],
    ["a VLAN twice", { vlans: { red: 100, blue: 100 } }, "vlans.red must differ from that of blue, got 100"],
    [
      "trap 65: a VLAN that cannot be",
      { vlans: { red: 4095 } },
      "vlans.red must be an integer from 1 to 4094, got 4095",
    ],
    [
      "a container on no host",
      second({ host: "node9" }),
      "containers.test2.host must be one of hosts (node1 or node2), got node9",
    ],
    [
      "a container in no VLAN of the fabric",
      second({ vlan: "green" }),
      "containers.test2.vlan must be one of vlans (blue or red), got green",
    ],
    [
      "a container whose frames no tunnel carries",
      second({ vlan: undefined }),
      "containers.test2.vlan is required (blue or red): tunnels carry no frames without a tag",
    ],
    [
      "an interface twice",
      second({ container: "test1" }),
      "containers.test2 must be another interface than that of test1, got test1/eth1 on node1 for both",
    ],
    [
      "an address of two containers",
      second({ addresses: ["10.0.0.1/16"] }),
      "containers.test2.addresses[0] must differ from that of test1, got 10.0.0.1/16",
    ],
    [
      "a gateway out of reach",
      second({ gateways: ["10.0.1.1"] }),
      "containers.test2.gateways must lie in a network of addresses, got 10.0.1.1",
    ],
    ["a misspelled property", { vlan: {} }, "vlan is unknown; did you mean vlans?"],
  ])("%s", (_, wrong, message) => {
    expect(() => planOf(wrong)).toThrow(expect.objectContaining({ message: `OvsFabric fabric: ${message}` }));
  });
});
