import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planOverlay } from "../../components/overlay-network-plan.ts";
import { contains } from "../../provider/schema/net.ts";

const node1 = { link: "ens33", containers: { "bbox-1": {}, "bbox-10": {}, "bbox-2": {} } };
const node2 = { link: "ens32", containers: { "bbox-3": {} } };
const lab = { hosts: { node1, node2 }, subnet: "10.22.1.0/24" };
const planOf = (changed: Record<string, unknown> = {}, name = "ov_net1") => planOverlay(name, { ...lab, ...changed });
const addressesOf = ({ hosts }: ReturnType<typeof planOf>) =>
  Object.fromEntries([...hosts].map(([host, { addresses }]) => [host, addresses]));
const rolesOf = ({ hosts }: ReturnType<typeof planOf>) => [...hosts].map(([host, { role }]) => `${host} ${role}`);

describe("the addresses", () => {
  test("each host has a range of the upper half, and its containers are in it by their names", () => {
    const plan = planOf();
    expect(plan.subnet).toEqual({ subnet: "10.22.1.0/24", ipRange: "10.22.1.0/25" });
    expect(addressesOf(plan)).toEqual({
      node1: { "bbox-1": "10.22.1.128", "bbox-2": "10.22.1.129", "bbox-10": "10.22.1.130" },
      node2: { "bbox-3": "10.22.1.160" },
    });
  });

  test("what is given or reserved is nobody else's", () => {
    const hosts = {
      node1: { link: "ens33", containers: { web: {}, "web-2": {} } },
      node2: { link: "ens32", containers: { db: { address: "10.22.1.128" } } },
    };
    expect(addressesOf(planOf({ hosts, reserved: ["10.22.1.130"] }))).toEqual({
      node1: { web: "10.22.1.129", "web-2": "10.22.1.131" },
      node2: { db: "10.22.1.128" },
    });
  });

  test("are all different, outside of what Docker hands out, and ones that somebody can have", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), { maxLength: 12 });
    const ranges = fc.constantFrom(undefined, "10.22.0.0/17", "10.22.128.0/17", "10.22.192.0/20");
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 8 }), ranges, (all, ipRange) => {
        const containers = (mine: string[]) => Object.fromEntries(mine.map((name) => [name, {}]));
        const hosts = Object.fromEntries(all.map((mine, i) => [`n${i}`, { link: "a", containers: containers(mine) }]));
        const plan = planOf({ hosts, subnet: "10.22.0.0/16", ipRange });
        const given = Object.values(addressesOf(plan)).flatMap((one) => Object.values(one));
        expect(given).toHaveLength(all.flat().length);
        expect(new Set(given).size).toBe(given.length);
        for (const address of given) {
          expect(contains(ipRange ?? "10.22.128.0/17", address)).toBe(true);
          expect(contains(plan.subnet.ipRange, address)).toBe(false);
          expect(["10.22.0.0", "10.22.255.255"]).not.toContain(address);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("the order in which hosts and containers are written means nothing, and who joins last moves nobody", () => {
    const before = addressesOf(planOf());
    const containers = { "bbox-11": {}, "bbox-10": {}, "bbox-2": {}, "bbox-1": {} };
    const hosts = { node3: { link: "a", containers: { web: {} } }, node2, node1: { link: "ens33", containers } };
    expect(addressesOf(planOf({ hosts }))).toEqual({
      node1: { ...before.node1, "bbox-11": "10.22.1.131" },
      node2: before.node2,
      node3: { web: "10.22.1.192" },
    });
  });

  test("a range in the lower half leaves the upper one to Docker", () => {
    const plan = planOf({ ipRange: "10.22.1.0/26", gateway: "10.22.1.1" });
    expect(plan.subnet).toEqual({ subnet: "10.22.1.0/24", gateway: "10.22.1.1", ipRange: "10.22.1.128/25" });
    expect(addressesOf(plan).node1).toEqual({
      ...{ "bbox-1": "10.22.1.2", "bbox-2": "10.22.1.3", "bbox-10": "10.22.1.4" },
    });
  });
});

describe("the managers", () => {
  const roles = (all: Record<string, string | undefined>, more = {}) =>
    rolesOf(
      planOf({
        hosts: Object.fromEntries(Object.entries(all).map(([host, role]) => [host, { link: "ens33", role }])),
        ...more,
      }),
    );

  test("the first host is one when nobody is said to be", () => {
    expect(rolesOf(planOf())).toEqual(["node1 manager", "node2 worker"]);
    expect(roles({ a: "worker", b: undefined })).toEqual(["b manager", "a worker"]);
  });

  test("those who are said to be are, and the first of them begins", () => {
    expect(roles({ a: undefined, b: "manager", c: "manager" })).toEqual(["b manager", "a worker", "c manager"]);
  });

  test("the one that is named begins, whoever joins before it", () => {
    expect(roles({ a: "manager", b: "manager" }, { first: "b" })).toEqual(["b manager", "a manager"]);
    expect(roles({ a: undefined, b: undefined }, { first: "b" })).toEqual(["b manager", "a worker"]);
  });
});

test("a network has the component's name, or one of its own", () => {
  expect(planOf().network).toBe("ov_net1");
  expect(planOf({ network: "boxes" }).network).toBe("boxes");
});

const store = { control: "keyValueStore", store: "etcd://192.168.0.101:2379" };
const joined = { membership: false, hosts: { node1: { containers: { web: {} } } } };

test.each<[string, Record<string, unknown>]>([
  ["a store", store],
  ["a store, and hosts by address", { ...store, hosts: { node1: { address: "fd00::1" } } }],
  [
    "a swarm with all that it takes",
    { hosts: { node1: { address: "10.0.0.1", dataPathLink: "ens34" } }, encrypted: true },
  ],
  ["a swarm that is there", { ...joined, encrypted: true }],
  ["a store that is there", { ...joined, control: "keyValueStore" }],
])("%s is right", (_, changed) => {
  expect(refusalOf(changed)).toBe("");
});

describe("mistakes in its arguments", () => {
  const box = (address: string) => ({ hosts: { node1: { link: "ens33", containers: { web: { address } } }, node2 } });
  const at = "hosts.node1.containers.web.address";

  test.each<[string, Record<string, unknown>, string]>([
    ["another sort of control", { control: "consul" }, 'control must be swarm or keyValueStore, got "consul"'],
    ["no store", { control: "keyValueStore" }, "store is required with control keyValueStore"],
    [
      "T6: a store without its port",
      { ...store, store: "consul://192.168.0.101" },
      'store must be a store with its port, like etcd://192.168.0.101:2379, or consul, or zk with several: zk://10.0.0.1:2181,10.0.0.2:2181, got "consul://192.168.0.101"',
    ],
    ["a store for a swarm", { store: store.store }, `store must be left out with control swarm, got ${store.store}`],
    [
      "encryption without a swarm",
      { ...store, encrypted: true },
      "encrypted must be left out with control keyValueStore, got true",
    ],
    [
      "a role without a swarm",
      { ...store, hosts: { node1: { link: "ens33", role: "manager" } } },
      "hosts.node1.role must be left out with control keyValueStore, got manager",
    ],
    [
      "a store where the hosts have one",
      { ...joined, ...store },
      `store must be left out where membership is false, got ${store.store}`,
    ],
    [
      "a link where the hosts are nodes",
      { membership: false, hosts: { node1 } },
      "hosts.node1.link must be left out where membership is false, got ens33",
    ],
    [
      "no way to a host",
      { hosts: { node1: {}, node2 } },
      "hosts.node1.link is required, or address: by it the other hosts reach this one",
    ],
    [
      "two ways to a host",
      { hosts: { node1: { link: "ens33", address: "192.168.0.53" } } },
      "hosts.node1.address must be left out beside link, which has it, got 192.168.0.53",
    ],
    [
      "workers alone",
      { hosts: { node1: { link: "ens33", role: "worker" } } },
      "hosts must have a manager, and all are workers",
    ],
    ["a first host that is none", { first: "node3" }, "first must be node1 or node2, got node3"],
    [
      "a worker that begins",
      { first: "node2", hosts: { node1, node2: { ...node2, role: "worker" } } },
      "first must be a manager, got node2, whose role is worker",
    ],
    ["no host", { hosts: {} }, "hosts must name at least one host"],
    ["an address elsewhere", box("10.22.2.5"), `${at} must lie in 10.22.1.0/24, got 10.22.2.5`],
    ["an IPv6 address", box("fd00::5"), `${at} must lie in 10.22.1.0/24, got fd00::5`],
    [
      "the broadcast address",
      box("10.22.1.255"),
      `${at} must be an address that a host can have, and no end of 10.22.1.0/24, got 10.22.1.255`,
    ],
    [
      "an address of Docker's half",
      box("10.22.1.11"),
      `${at} must lie outside of 10.22.1.0/25, the half that Docker hands out by itself, got 10.22.1.11`,
    ],
    [
      "the gateway's address",
      { ...box("10.22.1.200"), gateway: "10.22.1.200" },
      `${at} must differ from gateway, got 10.22.1.200`,
    ],
    [
      "an address that is reserved",
      { ...box("10.22.1.200"), reserved: ["10.22.1.200"] },
      `${at} must be none of reserved, got 10.22.1.200`,
    ],
    [
      "one address for two containers of two hosts",
      {
        hosts: {
          ...box("10.22.1.200").hosts,
          node2: { link: "ens32", containers: { db: { address: "10.22.1.200" } } },
        },
      },
      "hosts.node2.containers.db.address must differ from that of hosts.node1.containers.web, got 10.22.1.200",
    ],
    [
      "a name that no container has",
      { hosts: { node1: { link: "ens33", containers: { "my box": {} } } } },
      'hosts.node1.containers must have names of containers, got "my box"',
    ],
    [
      "more containers than addresses",
      { ipRange: "10.22.1.128/29" },
      "hosts.node1.containers must be at most 2 without an address, as many as 10.22.1.128/31 has, got 3",
    ],
    [
      "nothing left to Docker",
      { ipRange: "10.22.1.0/24" },
      "ipRange must leave one half of 10.22.1.0/24 to Docker, like 10.22.1.128/25, got 10.22.1.0/24",
    ],
    ["IPv6", { subnet: "fd00::/64" }, "subnet must be an IPv4 network, got fd00::/64"],
    ["a subnet of one address", { subnet: "10.22.1.1/32" }, "subnet must have two halves, got 10.22.1.1/32"],
    ["a misspelled property", { subnets: "10.22.1.0/24" }, "subnets is unknown; did you mean subnet?"],
  ])("%s", (_, wrong, message) => {
    expect(refusalOf(wrong)).toBe(`OverlayNetwork ov_net1: ${message}`);
  });

  test("what is wrong already is told once", () => {
    expect(refusalOf({ hosts: { node1: { link: 33 }, node2: { link: "ens 32" } } })).toBe(
      `OverlayNetwork ov_net1 has 2 problems:
  hosts.node1.link must be text, got 33
  hosts.node2.link must hold only letters, digits, _ . + @ and - and begin with a letter, a digit or _, got "ens 32"`,
    );
  });
});

function refusalOf(changed: Record<string, unknown>): string {
  try {
    planOf(changed);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}
