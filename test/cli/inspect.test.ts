import { describe, expect, test } from "vitest";
import type { Found } from "../../cli/inspect/item.ts";
import { inspectText, itemsOf } from "../../cli/inspect.ts";
import { parseFirewall } from "../../provider/host/facts/firewall.ts";
import { parseRule } from "../../provider/host/facts/rules.ts";
import type { DockerNetworkFact, Route } from "../../provider/host/facts.ts";
import { link, nothing } from "./found.ts";

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
