import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Found } from "../../cli/inspect/item.ts";
import { inspect, inspectText, itemsOf } from "../../cli/inspect.ts";
import { parseFirewall } from "../../provider/host/facts/firewall.ts";
import { parseOvs } from "../../provider/host/facts/ovs.ts";
import { parseRule } from "../../provider/host/facts/rules.ts";
import type { DockerNetworkFact, Link, Route } from "../../provider/host/facts.ts";

const link = (name: string, more: Partial<Link> = {}): Link => ({
  ...{ name, index: 1, mtu: 1500, up: true, promiscuous: false, mac: "52:54:00:00:00:01", addresses: [], ips: [] },
  ...more,
});
const network = (name: string, driver: string, more: Partial<DockerNetworkFact> = {}): DockerNetworkFact => ({
  ...{ id: `${name}0123456789abcdef`, name, driver, internal: false, attachable: false, ipv6: false },
  ...{ subnets: [], options: {} },
  ...{ labels: {}, containers: [] },
  ...more,
});
const route = (destination: string, dev: string, protocol: string, more: Partial<Route> = {}): Route => ({
  ...{
    family: 4,
    type: "unicast",
    destination,
    table: "main",
    tableNumber: 254,
    protocol,
    scope: "global",
    dev,
    hops: [],
  },
  ...{ dynamic: false, onlink: false, others: [], words: [] },
  ...more,
});
const nothing: Found = {
  links: [],
  routes: [],
  rules: [],
  ovs: [],
  docker: undefined,
  firewall: undefined,
  renderers: [],
  fragments: [],
};

/** Whose things are, by their names. */
const whose = (found: Partial<Found>) =>
  Object.fromEntries(itemsOf({ ...nothing, ...found }).map((item) => [item.name, item.owner ?? item.whose]));

describe("a link is", () => {
  test("ours by its alias, by a boot file that makes it, or as the bridge of a network of ours", () => {
    const links = [
      link("ens33.10", { alias: "hostnet:demo/lab/vlan10", kind: "vlan" }),
      link("br0", { alias: "hostnet:demo/lab/lan;inherits=ens34", kind: "bridge" }),
      link("ens33"),
      link("br-ours01234567", { kind: "bridge" }),
      link("ens34", { alias: "uplink of rack 4" }),
    ];
    const fragments = [{ kind: "nic", name: "ens33", owner: "demo/lab/nic", makes: ["link ens33" as const] }];
    const networks = [network("ours", "bridge", { labels: { "hostnet.owner": "demo/lab/net" } })];
    const found = { links, fragments, docker: { version: "28.0.0", networks, containers: [] } };
    expect(whose(found)).toEqual({
      ...{ "ens33.10": "demo/lab/vlan10", br0: "demo/lab/lan", ens33: "demo/lab/nic" },
      ...{ "br-ours01234567": "demo/lab/net", ours: "demo/lab/net", ens34: "kernel" },
    });
  });

  test("Docker's when it is a bridge of a network, an end of a container's cable, or a stand-in for a parent", () => {
    const networks = [
      network("net1", "bridge"),
      network("named", "bridge", { options: { "com.docker.network.bridge.name": "br7" } }),
      network("mac", "macvlan", { internal: true }),
    ];
    const links = [
      ...["docker0", "br-net101234567", "br7", "br8"].map((name) => link(name, { kind: "bridge" })),
      link("veth1", { kind: "veth", master: "br7" }),
      link("veth2", { kind: "veth" }),
      link("veth3", { kind: "veth", master: "br8" }),
      link("dm-mac012345678", { kind: "dummy" }),
    ];
    expect(whose({ links, docker: { version: "28.0.0", networks, containers: [] } })).toMatchObject({
      ...{
        docker0: "docker",
        "br-net101234567": "docker",
        br7: "docker",
        veth1: "docker",
        "dm-mac012345678": "docker",
      },
      ...{ br8: "unknown", veth2: "unknown", veth3: "unknown" },
    });
  });

  test("a renderer's, Open vSwitch's, or the kernel's", () => {
    const links = [
      link("ens33"),
      link("ens34"),
      link("lo"),
      link("sit0", { kind: "sit" }),
      link("ovsbr0", { kind: "openvswitch" }),
      link("vxlan_sys_4789", { kind: "vxlan" }),
      link("vxlan7", { kind: "vxlan" }),
    ];
    const renderers = [{ name: "ifupdown" as const, manages: ["lo", "ens33"] }];
    expect(whose({ links, renderers })).toEqual({
      ...{ ens33: "ifupdown", ens34: "kernel", lo: "kernel", sit0: "kernel" },
      ...{ ovsbr0: "openvswitch", vxlan_sys_4789: "openvswitch", vxlan7: "unknown" },
    });
  });
});

test("a route is of whoever made its link or marks his routes so; one that nobody made is unknown", () => {
  const links = [link("ens33"), link("br0", { alias: "hostnet:demo/lab/br0" }), link("eth9")];
  const renderers = [{ name: "systemd-networkd" as const, manages: ["ens33"] }];
  const routes = [
    route("10.0.0.0/24", "ens33", "kernel"),
    route("default", "ens33", "dhcp", { gateway: "10.0.0.1", metric: 100 }),
    route("10.9.0.0/16", "ens33", "boot", { gateway: "10.0.0.7" }),
    route("10.8.0.0/16", "br0", "boot"),
    route("default", "eth9", "ra", { family: 6, gateway: "fe80::1", table: "7" }),
  ];
  const items = itemsOf({ ...nothing, links, routes, renderers }).filter(({ sort }) => sort === "route");
  expect(items.map(({ whose, name, says }) => [whose, name, says])).toEqual([
    ["systemd-networkd", "default via 10.0.0.1 dev ens33", "proto dhcp, metric 100"],
    ["unknown", "10.9.0.0/16 via 10.0.0.7 dev ens33", "proto boot"],
    ["ours", "10.8.0.0/16 dev br0", "proto boot"],
    ["kernel", "default via fe80::1 dev eth9 table 7", "proto ra"],
  ]);
});

test("a route and a rule of ours are whose their boot files say", () => {
  const routes = [route("10.9.0.0/16", "ens33", "104", { gateway: "10.0.0.7", metric: 5 })];
  const rules = [parseRule(4, "100: from 10.0.0.0/24 lookup 7 proto 104")];
  const kept = { owner: "demo/lab/it", needs: [], unmanaged: [] };
  const fragments = [
    { ...kept, kind: "route", name: "10.9.0.0/16,metric=5", makes: ["route 10.9.0.0/16,metric=5" as const] },
    { ...kept, kind: "policy-rule", name: "ipv4/100", makes: ["rule ipv4/100" as const] },
  ];
  const sysctl = { ...kept, kind: "sysctl", name: "net.ipv4.tcp_ecn", makes: ["sysctl net.ipv4.tcp_ecn" as const] };
  const items = itemsOf({ ...nothing, routes, rules, fragments: [...fragments, sysctl] });
  const owned = items.filter(({ owner }) => owner === "demo/lab/it");
  expect(owned.map(({ sort, name, says }) => [sort, name, says])).toEqual(
    expect.arrayContaining([
      ["route", "10.9.0.0/16 via 10.0.0.7 dev ens33", "proto 104, metric 5"],
      ["rule", "100: from 10.0.0.0/24 lookup 7 proto 104", "IPv4"],
      ["boot file", "sysctl net.ipv4.tcp_ecn", "sets sysctl net.ipv4.tcp_ecn"],
    ]),
  );
  expect(owned.length).toBe(3);
});

test("a rule that every host has goes without saying", () => {
  const rules = [
    parseRule(4, "0: from all lookup local proto kernel"),
    parseRule(4, "32766: from all lookup main"),
    parseRule(6, "100: from fd00::1 lookup 7 proto static"),
  ];
  expect(whose({ rules })).toEqual({ "100: from fd00::1 lookup 7 proto static": "unknown" });
  const renderers = [{ name: "NetworkManager" as const, manages: [] }];
  expect(Object.values(whose({ rules, renderers }))).toEqual(["NetworkManager"]);
});

test("the text groups by owner, and says what is odd about what is ours", () => {
  const links = [
    link("lo", { mtu: 65536 }),
    link("ens33"),
    link("ens33.10", {
      ...{ kind: "vlan", parent: "ens33", up: false, alias: "hostnet:demo/lab/vlan10" },
      vlan: { id: 10, protocol: "802.1Q" },
      ips: [{ family: 4, address: "10.1.0.1", prefix: 24, scope: "global", flags: [], dynamic: false }],
    }),
  ];
  const renderers = [{ name: "NetworkManager" as const, manages: ["ens33", "ens33.10"] }];
  const gone = { kind: "vlan-interface", name: "x.2", owner: "demo/old/x", makes: ["link x.2" as const] };
  const items = itemsOf({ ...nothing, links, renderers, fragments: [gone] });
  const text = inspectText({ host: "node1", items, warnings: ["node1: docker hangs"] });
  expect(text.join("\n")).toBe(`node1

ours: demo/lab
  vlan10  link ens33.10  vlan 10 on ens33, mtu 1500, down, 10.1.0.1/24; no boot file makes it again; NetworkManager manages it too

ours: demo/old
  x  boot file vlan-interface x.2  makes link x.2, which is not there now

NetworkManager's
  link ens33  nic, mtu 1500, up

the kernel's
  link lo  loopback, mtu 65536, up

warning: node1: docker hangs`);
});

test("chains of the firewall are ours by what leads to them, or Docker's; those of others are not told", () => {
  const saved = [
    "*filter",
    ...[":FORWARD DROP", ":DOCKER-USER -", ":DOCKER -", ":HOSTNET-F-lan -", ":HOSTNET-F-x -", ":KUBE-FORWARD -"],
    "-A FORWARD -j DOCKER-USER",
    "-A DOCKER-USER -m comment --comment hostnet:demo/lab/rules -j HOSTNET-F-lan",
    "-A HOSTNET-F-lan -s 10.0.0.0/8 -j ACCEPT",
    "COMMIT\n",
  ].join("\n");
  const firewall = parseFirewall(`hostnet: nft\nhostnet: families 4\nhostnet: nft 4\n${saved}`);
  const items = itemsOf({ ...nothing, firewall });
  expect(items.map(({ whose, owner, name, says }) => [whose, owner, name, says])).toEqual([
    ["docker", undefined, "DOCKER-USER", "filter of iptables-nft, rules: 1 in IPv4"],
    ["docker", undefined, "DOCKER", "filter of iptables-nft, rules: 0 in IPv4"],
    ["ours", "demo/lab/rules", "HOSTNET-F-lan", "filter of iptables-nft, rules: 1 in IPv4"],
    ["unknown", undefined, "HOSTNET-F-x", "filter of iptables-nft, rules: 0 in IPv4"],
  ]);
});

describe("Open vSwitch", () => {
  const recorded = (path: string) => parseOvs(readFileSync(join(import.meta.dirname, path), "utf8")).bridges;
  const everySort = recorded("../facts/ovs/bridges-with-ports-of-every-sort.stdout");
  const switches = recorded("traces/ovs.stdout");
  const textOf = (found: Partial<Found>) =>
    inspectText({ host: "node1", items: itemsOf({ ...nothing, ...found }), warnings: [] }).join("\n");

  test("is told with what its bridges and ports are, whose, and what does not work", () => {
    const links = ["a0", "up0"].map((name) => link(name, { master: "ovs-system", portOf: "openvswitch" }));
    expect(textOf({ links, ovs: everySort })).toBe(`node1

ours: lab/prod
  ovs0  ovs bridge ovs0  forwards in userspace, rstp; a key=a "value", quoted
  ovs0  ovs port up0     link in ovs0, ofport 2, native-untagged 5, trunk 10 and 20

Open vSwitch's
  ovs bridge ovs1  forwards in userspace, fail mode secure, controller tcp:10.0.0.9:6653 (not connected), mirror m
  ovs port bond0   bond of a0 and b0 in ovs0, ofport 3, trunk all VLANs; does not work: the host has no link b0 any more
  ovs port gone0   link in ovs0, access 100, transient; does not work: could not open network device gone0 (No such device)
  ovs port in0     internal in ovs0, ofport 1, access 100, protected
  ovs port p0      patch to p1 in ovs0, ofport 5, trunk all VLANs
  ovs port p1      patch to p0 in ovs1, ofport 1, trunk all VLANs

the kernel's
  link a0   nic in ovs0, mtu 1500, up
  link up0  nic in ovs0, mtu 1500, up`);
  });

  test("is told with tunnels and where they lead to", () => {
    const lines = textOf({ links: [link("qinq0")], ovs: switches }).split("\n");
    const told = lines.map((line) =>
      line
        .trim()
        .replaceAll(/ {2,}/g, " ")
        .replace(/, ofport \d+/, ""),
    );
    expect(told).toEqual(
      expect.arrayContaining([
        "gre0 ovs port gre0 gre tunnel to 10.0.0.2 with key 7 in ovs0, access 400",
        "ovs port vx0 vxlan tunnel to 10.0.0.3 with key 7 in ovs0, trunk 400",
        "ovs port qinq0 link in ovs0, dot1q-tunnel 50 for 10",
        "ovs port web1 internal in ovs0, access 100; iface-id=vm7",
      ]),
    );
  });

  test("has the links that it makes for the host; those of the host that join it stay whose they are", () => {
    const links = [
      link("ovs0", { kind: "tun" }),
      link("in0", { kind: "tun" }),
      link("up0", { kind: "veth", master: "ovs-system", portOf: "openvswitch" }),
      link("a0", { kind: "veth", master: "ovs-system", portOf: "openvswitch" }),
    ];
    const kept = [{ kind: "ovs-bridge", name: "ovs0", owner: "lab/prod/ovs0", makes: ["link ovs0" as const] }];
    const items = itemsOf({ ...nothing, links, ovs: everySort, fragments: kept });
    expect(
      items.filter(({ sort }) => sort === "link").map((one) => [one.name, one.whose, one.says, ...one.notes]),
    ).toEqual([
      ["ovs0", "ours", "tun, mtu 1500, up"],
      ["in0", "openvswitch", "tun in ovs0, mtu 1500, up"],
      ["up0", "unknown", "veth in ovs0, mtu 1500, up"],
      ["a0", "unknown", "veth in ovs0, mtu 1500, up"],
    ]);
  });

  test("of a port of ours that is there no boot file is told to have made nothing", () => {
    const kept = { kind: "ovs-port", owner: "lab/prod/p", makes: ["ovs-port p0" as const] };
    const gone = { kind: "ovs-port", owner: "lab/prod/q", makes: ["ovs-port q0" as const] };
    const fragments = [
      { ...kept, name: "p0" },
      { ...gone, name: "q0" },
    ];
    const items = itemsOf({ ...nothing, ovs: everySort, fragments });
    expect(items.filter(({ sort }) => sort === "boot file").map(({ name }) => name)).toEqual(["ovs-port q0"]);
  });

  test("that does not answer is a warning, and none is nothing", async () => {
    const report = async (ovs: string) => {
      const nowhere = "inet6\ntables\n";
      const stdouts = ["[]", nowhere, nowhere, "", "", ovs, "", ""];
      const answers = stdouts.map((stdout) => ({ status: 0, stdout, stderr: "" }));
      return inspect("node1", { run: async () => answers });
    };
    const { items, warnings } = await report("stopped ovs-vsctl: cannot connect");
    expect([items, warnings.filter((text) => text.includes("vSwitch"))]).toEqual([
      [],
      ["node1: Open vSwitch does not answer: ovs-vsctl: cannot connect"],
    ]);
    const none = await report("absent");
    expect([none.items, none.warnings.filter((text) => text.includes("vSwitch"))]).toEqual([[], []]);
  });
});
