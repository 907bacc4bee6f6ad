import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secret, TestProvider, unknown, urnOf } from "./client.ts";

let provider: TestProvider;
beforeAll(async () => {
  provider = await TestProvider.start();
});
afterAll(() => provider.stop());

// Neither check nor diff may ask a host: the engine calls them one after another. This one answers nobody.
const hosts = { node1: { address: "192.0.2.1" }, node2: { address: "192.0.2.2" } };
const fresh = () => provider.configure(hosts);
const vlan = urnOf("VlanInterface", "vlan");
const net = urnOf("DockerNetwork", "net");

describe("a check", () => {
  test("brings the inputs into their normal form, with what was left out", async () => {
    await fresh();
    const given = { host: "node1", parent: "ens33", vlanId: 10, addresses: ["FD00:0::1/64"] };
    expect(await provider.check(vlan, given)).toEqual({
      inputs: { ...given, name: "ens33.10", protocol: "802.1Q", up: true, addresses: ["fd00::1/64"] },
      failures: [],
    });
  });

  test("tells all that is wrong, each with its path", async () => {
    await fresh();
    const { failures } = await provider.check(net, {
      host: "node1",
      name: "net",
      drivr: "macvlan",
      subnets: [{ subnet: "10.0.0.1/24", gateway: "10.300.0.2" }],
      labels: { "a.b": 5 },
    });
    expect(failures).toEqual([
      "drivr is unknown; did you mean driver?",
      'subnets[0].subnet must have no host bits: 10.0.0.0/24, got "10.0.0.1/24"',
      'subnets[0].gateway must be an address like 10.0.0.5, got "10.300.0.2"',
      'labels["a.b"] must be text, got 5',
    ]);
  });

  test("makes a secret of what is one by its kind, though the program said it in clear", async () => {
    await fresh();
    const given = { host: "node1", swarm: "c1", manager: "192.0.2.1", token: "SWMTKN-1-a-b" };
    const member = urnOf("SwarmMember", "member");
    expect((await provider.check(member, given)).inputs).toMatchObject({
      manager: "192.0.2.1:2377",
      token: secret("SWMTKN-1-a-b"),
    });
    const { failures } = await provider.check(member, { ...given, token: "hunter2" });
    expect(failures).toEqual(["token must be a join token, the workerToken or the managerToken of a SwarmCluster"]);
  });

  test("lets pass what is not known yet, and what is derived from it", async () => {
    await fresh();
    expect(await provider.check(vlan, { host: "node1", parent: unknown, vlanId: 10 })).toEqual({
      inputs: {
        host: "node1",
        name: unknown,
        parent: unknown,
        vlanId: 10,
        protocol: "802.1Q",
        up: true,
        addresses: [],
      },
      failures: [],
    });
    expect((await provider.check(vlan, { host: unknown, parent: "p", vlanId: 0 })).failures).toEqual([
      "vlanId must be an integer from 1 to 4094, got 0",
    ]);
  });

  test("refuses a second resource that makes the same thing on the same host, and no other", async () => {
    await fresh();
    const first = { host: "node1", parent: "ens33", vlanId: 10, name: "v" };
    expect((await provider.check(urnOf("VlanInterface", "first"), first)).failures).toEqual([]);
    const second = { ...first, vlanId: 20 };
    expect((await provider.check(urnOf("VlanInterface", "second"), second)).failures).toEqual([
      "name v on node1 is what first makes already",
    ]);
    expect((await provider.check(urnOf("VlanInterface", "third"), { ...second, host: "node2" })).failures).toEqual([]);
    expect((await provider.check(urnOf("VlanInterface", "first"), first)).failures).toEqual([]);
    // An adopted link is not made.
    expect((await provider.check(urnOf("Nic", "nic"), { host: "node1", name: "v" })).failures).toEqual([]);
    // What is set inside a container is set by one of its attachments.
    const web = { host: "node1", container: "web", bridge: "br0", sysctls: { "net.ipv4.ip_forward": "1" } };
    await provider.check(urnOf("ContainerAttachment", "one"), { ...web, interface: "eth1" });
    expect((await provider.check(urnOf("ContainerAttachment", "two"), { ...web, interface: "eth2" })).failures).toEqual(
      ["web/net.ipv4.ip_forward on node1 is what one makes already"],
    );
    // A host has one daemon, which needs no name.
    expect((await provider.check(urnOf("DockerDaemon", "a"), { host: "node1", mtu: 1400 })).failures).toEqual([]);
    expect((await provider.check(urnOf("DockerDaemon", "b"), { host: "node1", icc: false })).failures).toEqual([
      "daemon on node1 is what a adopts already",
    ]);
  });

  test("keeps secret what was given secret, at the same places, and the same in its messages", async () => {
    await fresh();
    const given = {
      host: "node1",
      name: "net",
      labels: { shown: "a", hidden: secret("hunter2") },
      options: secret({ a: "hunter3" }),
      subnets: [{ subnet: "10.0.0.0/24", gateway: secret("10.0.0.1") }],
    };
    const { inputs } = await provider.check(net, given);
    expect(inputs).toEqual({ ...given, driver: "bridge", internal: false, ipv6: false });
    const wrong = { ...given, name: secret("-hunter4"), subnets: [{ subnet: secret("10.0.0.99/24") }] };
    const { failures } = await provider.check(net, wrong);
    expect(failures).toHaveLength(2);
    expect(failures.join()).not.toMatch(/hunter|10\.0\.0\.99/);
  });

  test("keeps secret what is empty, false or not known yet", async () => {
    await fresh();
    const given = {
      host: "node1",
      name: "net",
      labels: { empty: secret("") },
      options: secret({}),
      internal: secret(false),
      subnets: secret(unknown),
    };
    const { inputs } = await provider.check(net, given);
    expect(inputs).toEqual({ ...given, driver: "bridge", ipv6: false });
  });
});

describe("a diff", () => {
  const state = {
    host: "node1",
    name: "net",
    driver: "bridge",
    internal: false,
    ipv6: false,
    options: {},
    labels: { a: "1", "b.c": "2" },
    subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", auxAddresses: {} }],
    networkId: "1f0a",
  };
  const inputs = { host: "node1", name: "net", driver: "bridge", internal: false, ipv6: false, options: {} };

  test("finds nothing where what is managed is as wanted, whatever else the host says", async () => {
    const want = { ...inputs, labels: state.labels, subnets: [{ subnet: "10.0.0.0/24" }] };
    expect(await provider.diff(net, state, want)).toEqual({ changes: "none", diffs: [], replaces: [], detailed: {} });
  });

  test("finds that a thing does not work, though all is as wanted", async () => {
    const port = { host: "node1", bridge: "ovs0", name: "eth1", type: "system", vlanMode: "trunk" };
    const urn = "urn:pulumi:prod::lab::hostnet:index:OvsPort::eth1";
    expect((await provider.diff(urn, { ...port, ofport: 1 }, port)).changes).toBe("none");
    const broken = { ...port, ofport: -1, error: "could not open network device eth1 (No such device)" };
    expect(await provider.diff(urn, broken, port)).toEqual({
      ...{ changes: "some", diffs: ["error"], replaces: [], detailed: { error: "DELETE" } },
    });
  });

  test("names each place in full, each property by its first part, and those that make it anew", async () => {
    const want = {
      ...inputs,
      name: "other",
      labels: { a: "1", "b.c": "3", d: "4" },
      subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.254" }, { subnet: "10.1.0.0/24" }],
    };
    expect(await provider.diff(net, state, want)).toEqual({
      changes: "some",
      diffs: ["name", "subnets", "labels"],
      replaces: ["name"],
      detailed: {
        name: "UPDATE_REPLACE",
        "subnets[0].gateway": "UPDATE",
        "subnets[1]": "ADD",
        'labels["b.c"]': "UPDATE",
        "labels.d": "ADD",
      },
    });
  });

  test("says what is changed in place, and where in a set", async () => {
    const nic = { host: "node1", name: "ens33", ifindex: 2, mac: "x", mtu: 1500, up: true, addresses: ["10.0.0.1/24"] };
    const want = { host: "node1", name: "ens33", mtu: 9000, addresses: ["10.0.0.2/24", "10.0.0.1/24"] };
    expect(await provider.diff(urnOf("Nic", "nic"), nic, want)).toEqual({
      changes: "some",
      diffs: ["mtu", "addresses"],
      replaces: [],
      detailed: { mtu: "UPDATE", "addresses[0]": "ADD" },
    });
  });

  test("makes anew what goes to another host", async () => {
    const want = { ...inputs, host: "node2" };
    expect(await provider.diff(net, state, want)).toMatchObject({
      replaces: ["host"],
      detailed: { host: "UPDATE_REPLACE" },
    });
  });

  test("leaves out what the program ignores", async () => {
    const want = { ...inputs, labels: { a: "1" } };
    expect((await provider.diff(net, state, want, ['labels["b.c"]'])).changes).toBe("none");
  });

  test("sees through secrets, and takes what is not known yet for a change", async () => {
    const want = { ...inputs, labels: secret({ a: "1", "b.c": secret("2") }) };
    expect((await provider.diff(net, { ...state, labels: secret(state.labels) }, want)).changes).toBe("none");
    expect((await provider.diff(net, state, { ...inputs, labels: unknown })).detailed).toEqual({
      labels: "UPDATE",
    });
  });
});
