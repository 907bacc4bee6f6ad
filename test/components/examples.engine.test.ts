import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";
import { newStack, ok, type Setting, type Stack } from "../engine/stack.ts";
import type { Recorded } from "../standin/recorded.ts";
import { standInFor } from "./standin.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGEOsF";
const hosts = {
  node1: { address: "192.0.2.1", user: "ops", port: 2201, identityFile: "/keys/lab", hostKey },
  node2: { address: "2001:db8::2", proxyJump: "bastion.example.com" },
};
const project = { folder: join(repository, "examples", "macvlan-trunk") };

/** Stand-ins for all packages: the hosts are not there. What a real host makes of the program, the lab shows. */
describe("the example macvlan-trunk", () => {
  let plugins: Record<string, string>;
  beforeAll(async () => {
    plugins = { hostnet: await standInFor("hostnet") };
  });
  afterAll(() => rm(plugins.hostnet ?? "", { recursive: true }));

  async function withStack(config: Record<string, boolean>, use: (stack: Stack) => Promise<void>) {
    const stack = await newStack({ project, hosts, config, plugins });
    try {
      await use(stack);
    } finally {
      await stack.remove();
    }
  }

  test("makes the trunk alone by default", () =>
    withStack({}, async (stack) => {
      const { summary } = await ok(stack.up());
      // The stack, the component, and on each host a NIC, two VLAN interfaces and two networks.
      expect(summary).toEqual({ create: 12 });
      expect(packagesOf(stack.recorded())).toEqual(["hostnet"]);
      expect(await stack.outputs()).toMatchObject({
        networks: { mac_net12: { node2: { name: "mac_net12", ipRange: "172.16.12.160/27" } } },
      });
      const children = (await stack.state()).filter(({ type }) => /^hostnet:index:(Nic|Vlan|Docker)/.test(type));
      expect(children).toHaveLength(10);
      for (const { urn } of children) expect(urn).toContain("::hostnet:index:MacvlanTrunk$hostnet:index:");
    }));

  test("starts containers on the networks with @pulumi/docker, over ssh as the inventory says", () =>
    withStack({ containers: true }, async (stack) => {
      // Four containers, and a provider for each host.
      expect((await ok(stack.up())).summary).toEqual({ create: 18 });
      const calls = stack.recorded();
      expect(packagesOf(calls)).toEqual(["docker", "hostnet"]);
      const configured = calls.filter((c) => c.package === "docker" && c.call === "configure").map((c) => c.inputs);
      expect(byHost(configured)).toMatchObject([
        {
          host: "ssh://ops@192.0.2.1:2201",
          sshOpts: JSON.stringify(["-i", "/keys/lab", "-o", `KnownHostsCommand=/bin/echo %H ${hostKey}`]),
        },
        { host: "ssh://[2001:db8::2]", sshOpts: JSON.stringify(["-J", "bastion.example.com"]) },
      ]);
      const containers = created(calls, "docker").sort((a, b) => (a.urn ?? "").localeCompare(b.urn ?? ""));
      expect(containers.map(({ inputs }) => [inputs.name, inputs.networksAdvanced])).toEqual([
        ["box-mac_net11", [{ name: "mac_net11", ipv4Address: "172.16.11.11" }]],
        ["box-mac_net12", [{ name: "mac_net12", ipv4Address: "172.16.12.11" }]],
        ["box-mac_net11", [{ name: "mac_net11", ipv4Address: "172.16.11.12" }]],
        ["box-mac_net12", [{ name: "mac_net12", ipv4Address: "172.16.12.12" }]],
      ]);
    }));

  test("checks the hosts with @pulumi/command before anything is made on them", () =>
    withStack({ checks: true }, async (stack) => {
      expect((await ok(stack.up())).summary).toEqual({ create: 14 });
      const calls = stack.recorded().filter(({ call }) => call === "create");
      expect(packagesOf(calls.slice(0, 2))).toEqual(["command"]);
      expect(packagesOf(calls.slice(2))).toEqual(["hostnet"]);
      const checks = created(calls, "command").sort((a, b) => (a.urn ?? "").localeCompare(b.urn ?? ""));
      const known = ["-o", `KnownHostsCommand=/bin/echo %H ${hostKey}`];
      expect(checks.map(({ inputs }) => inputs.interpreter)).toEqual([
        ["ssh", "-o", "BatchMode=yes", "-i", "/keys/lab", ...known, "ssh://ops@192.0.2.1:2201"],
        ["ssh", "-o", "BatchMode=yes", "-J", "bastion.example.com", "ssh://[2001:db8::2]"],
      ]);
      expect(checks[0]?.inputs.create).toContain("docker version");
    }));
});

test("the example bridge-lan makes a bridge out of each host's NIC, and a network on a VLAN beside it", async () => {
  const hostnet = await standInFor("hostnet");
  const lan = { folder: join(repository, "examples", "bridge-lan") };
  const inventory = { ...hosts, node3: { address: "192.0.2.3" } };
  const stack = await newStack({ project: lan, hosts: inventory, plugins: { hostnet } });
  try {
    // The stack, and on each of three hosts a bridge, a VLAN interface and a network.
    expect((await ok(stack.up())).summary).toEqual({ create: 10 });
    const bridges = created(stack.recorded(), "hostnet").filter(({ inputs }) => "inheritFrom" in inputs);
    expect(byHost(bridges.map(({ inputs }) => inputs))).toMatchObject([
      { host: "node3", name: "br0", ports: { ens33: {} }, inheritFrom: "ens33" },
      { host: "node2", name: "br0", ports: { ens32: {} }, inheritFrom: "ens32" },
      { host: "node1", name: "br0", ports: { ens33: {} }, inheritFrom: "ens33" },
    ]);
  } finally {
    await stack.remove();
    await rm(hostnet, { recursive: true });
  }
});

/** What an example makes where the hosts are stand-ins. */
async function madeBy(
  example: string,
  config: Record<string, boolean> = {},
  inventory: Record<string, Setting> = hosts,
) {
  const hostnet = await standInFor("hostnet");
  const stack = await newStack({
    project: { folder: join(repository, "examples", example) },
    ...{ hosts: inventory, config },
    plugins: { hostnet },
  });
  try {
    const { summary } = await ok(stack.up());
    const made = (name: string) => created(stack.recorded(), name).map(({ inputs }) => inputs);
    return { summary, outputs: await stack.outputs(), inputs: made("hostnet"), containers: made("docker") };
  } finally {
    await stack.remove();
    await rm(hostnet, { recursive: true });
  }
}

test("the example routed-bridges joins the bridges of two hosts by routes", async () => {
  const { summary, inputs, outputs } = await madeBy("routed-bridges");
  // The stack, the component, and on each host the policy, forwarding, the daemon, two sets of rules and a route.
  expect(summary).toEqual({ create: 14 });
  expect(byHost(inputs.filter((its) => "destination" in its))).toMatchObject([
    { host: "node2", destination: "10.100.0.0/24", via: "192.168.100.135" },
    { host: "node1", destination: "10.200.0.0/24", via: "192.168.100.136" },
  ]);
  expect(outputs).toEqual({ subnets: { node1: "10.100.0.0/24", node2: "10.200.0.0/24" } });
});

test("the example macvlan-trunk-gateway makes the first host the gateway of both VLANs", async () => {
  const { summary, inputs, outputs } = await madeBy("macvlan-trunk-gateway");
  // What macvlan-trunk makes, and two links, four sysctls, the policy, forwarding and two sets of rules.
  expect(summary).toEqual({ create: 12 + 10 });
  const gateways = inputs.filter(({ name }) => /^gw/.test(String(name)));
  // They are made at once, in no order.
  expect(gateways.toSorted((a, b) => String(a.name).localeCompare(String(b.name)))).toMatchObject([
    { host: "node1", parent: "ens33.10", addresses: ["172.16.11.1/24"] },
    { host: "node1", parent: "ens33.20", addresses: ["172.16.12.1/24"] },
  ]);
  expect(outputs).toMatchObject({ networks: { mac_net12: { node2: { ipRange: "172.16.12.160/27" } } } });
});

test("the example macvlan-network puts both hosts among their containers", async () => {
  const { summary, inputs, outputs } = await madeBy("macvlan-network");
  // The stack, the component, and on each host a NIC, a network, a link, two sysctls and three routes.
  expect(summary).toEqual({ create: 2 + 2 * 8 });
  const links = inputs.filter(({ name, addresses }) => name === "mac_net1" && addresses !== undefined);
  expect(byHost(links)).toMatchObject([
    { host: "node2", parent: "ens32", addresses: ["10.0.0.202/32"] },
    { host: "node1", parent: "ens33", addresses: ["10.0.0.201/32"] },
  ]);
  expect(outputs).toMatchObject({ networks: { node2: { name: "mac_net1", ipRange: "10.0.0.144/28" } } });
});

test("the example bridged-lan puts containers into the LAN, on bridges that take over the NICs", async () => {
  const { summary, inputs, outputs } = await madeBy("bridged-lan");
  // The stack, the component, and on each host a bridge, a set of rules and a network.
  expect(summary).toEqual({ create: 2 + 2 * 3 });
  expect(byHost(inputs.filter((its) => "inheritFrom" in its))).toMatchObject([
    { host: "node2", name: "br0", ports: { ens32: {} }, inheritFrom: "ens32" },
    { host: "node1", name: "br0", ports: { ens33: {} }, inheritFrom: "ens33" },
  ]);
  expect(outputs).toMatchObject({ networks: { node2: { name: "lan", ipRange: "192.168.1.208/28" } } });
});

test("the example vxlan-fabric joins the bridges of three hosts, each of which knows the other two", async () => {
  const { summary, inputs, outputs } = await madeBy("vxlan-fabric", {}, { ...hosts, node3: { address: "192.0.2.3" } });
  // The stack, the component, and on each of three hosts two tunnels, two bridges and a set of rules.
  expect(summary).toEqual({ create: 2 + 3 * 5 });
  expect(byHost(inputs.filter((its) => its.vni === 100))).toMatchObject([
    { host: "node3", local: "192.168.1.104", peers: ["192.168.1.102", "192.168.1.103"], mtu: 1450 },
    { host: "node2", local: "192.168.1.103", peers: ["192.168.1.102", "192.168.1.104"], mtu: 1450 },
    { host: "node1", local: "192.168.1.102", peers: ["192.168.1.103", "192.168.1.104"], mtu: 1450 },
  ]);
  expect(outputs).toMatchObject({ bridges: { blue: { node1: "blue" } }, mtu: 1450 });
});

test("the examples of Open vSwitch put four containers into two VLANs, on one host, across NICs and through tunnels", async () => {
  const attached = (inputs: readonly Recorded["inputs"][]) =>
    inputs.filter(({ ovsBridge }) => ovsBridge).map(({ host, container, tag, mtu }) => [host, container, tag, mtu]);
  const one = await madeBy("ovs-vlans");
  // The stack, the component, a bridge and four attachments.
  expect(one.summary).toEqual({ create: 2 + 1 + 4 });
  expect(attached(one.inputs).sort()).toEqual(
    [100, 100, 200, 200].map((tag, i) => ["node1", `test${i + 1}`, tag, 1500]),
  );
  const across = await madeBy("ovs-vlans-across-hosts");
  expect(across.summary).toEqual({ create: 2 + 2 + 4 });
  expect(byHost(across.inputs.filter((its) => "inheritFrom" in its))).toMatchObject([
    { host: "node2", name: "ovs0", inheritFrom: "ens32" },
    { host: "node1", name: "ovs0", inheritFrom: "ens33" },
  ]);
  const joined = await madeBy("ovs-tunnels", {}, { ...hosts, node3: { address: "192.0.2.3" } });
  // Three pairs of hosts, and two ends of each.
  expect(joined.summary).toEqual({ create: 2 + 3 + 6 + 4 });
  expect(attached(joined.inputs).sort()).toEqual([
    ["node1", "test1", 100, 1458],
    ["node2", "test2", 100, 1458],
    ["node3", "test3", 100, 1458],
    ["node3", "test4", 200, 1458],
  ]);
  expect(joined.outputs).toMatchObject({ bridges: { node3: "ovs0" }, mtu: 1458 });
});

describe.skipIf(noHosts)("the smallest program, in the root of the repository", () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startHost("smoke", "ip link add up0 type veth peer name peer0; ip link set up0 up");
  });
  afterAll(() => host?.stop());

  test("previews one VLAN interface", async () => {
    const yaml = readFileSync(join(repository, "Pulumi.yaml"), "utf8");
    const stack = await newStack({ project: { yaml }, hosts: { node1: host.settings }, config: { parent: "up0" } });
    try {
      const { text, summary } = await ok(stack.preview());
      expect(text).toContain("ip link add link up0 name up0.10 type vlan protocol 802.1Q id 10");
      expect(summary).toEqual({ create: 2 });
    } finally {
      await stack.remove();
    }
  });
});

test("the example lan-containers gives containers of two hosts an interface in the LAN, and starts them if told to", async () => {
  const bare = await madeBy("lan-containers");
  // The stack, on each host a bridge and a rule, and three attachments.
  expect(bare.summary).toEqual({ create: 8 });
  const attached = (inputs: readonly Recorded["inputs"][]) =>
    inputs.filter(({ interface: name }) => name === "eth1").map((one) => [one.host, one.container, one.addresses]);
  const all = [
    ["node1", "db", ["192.168.1.151/24"]],
    ["node1", "web", ["192.168.1.150/24"]],
    ["node2", "web", ["192.168.1.152/24"]],
  ];
  expect(attached(bare.inputs).sort()).toEqual(all);

  const started = await madeBy("lan-containers", { containers: true });
  // Three containers more, and a provider for each host.
  expect(started.summary).toEqual({ create: 13 });
  expect(attached(started.inputs).sort()).toEqual(all);
  expect(started.containers.map(({ name, networkMode }) => [name, networkMode]).sort()).toEqual([
    ["db", "none"],
    ["web", "none"],
    ["web", "none"],
  ]);
});

const connected = (inputs: readonly Recorded["inputs"][]) =>
  inputs
    .filter((its) => "ipv4Address" in its)
    .map(({ host, container, network, ipv4Address }) => `${host} ${container} ${network} ${ipv4Address}`)
    .sort();

test("the example overlay-network makes two hosts a swarm, and connects a container of each to its network", async () => {
  const { summary, inputs, outputs } = await madeBy("overlay-network");
  // The stack, the component, a cluster, a member, a network, two connections and a check.
  expect(summary).toEqual({ create: 8 });
  expect(inputs.find(({ driver }) => driver === "overlay")).toMatchObject({ host: "node1", attachable: true });
  expect(connected(inputs)).toEqual(["node1 bbox-1 ov_net1 10.22.1.128", "node2 bbox-2 ov_net1 10.22.1.160"]);
  expect(outputs).toEqual({ addresses: { node1: { "bbox-1": "10.22.1.128" }, node2: { "bbox-2": "10.22.1.160" } } });
});

test("the example isolation has a container in two networks, and says who must not reach whom", async () => {
  const { summary, inputs } = await madeBy("isolation");
  // The stack; a component with its swarm of two, its network and three connections; one with a network and two; two checks.
  expect(summary).toEqual({ create: 1 + 7 + 4 + 2 });
  expect(connected(inputs)).toEqual([
    "node1 bbox-1 ov_net1 10.0.0.128",
    "node1 bbox-3 ov_net1 10.0.0.129",
    "node1 bbox-3 ov_net2 10.0.1.128",
    "node2 bbox-2 ov_net1 10.0.0.160",
    "node2 bbox-4 ov_net2 10.0.1.160",
  ]);
  expect(inputs.find(({ from }) => JSON.stringify(from) === '{"container":"bbox-1"}')).toMatchObject({
    targets: [{ ping: "10.0.0.160" }, { ping: "10.0.1.160", reachable: false }],
  });
});

const packagesOf = (calls: readonly Recorded[]) => [...new Set(calls.map((c) => c.package))].sort();

const created = (calls: readonly Recorded[], name: string) =>
  calls.filter((c) => c.package === name && c.call === "create");

const byHost = (inputs: readonly Recorded["inputs"][]) =>
  [...inputs].sort((a, b) => String(b.host).localeCompare(String(a.host)));
