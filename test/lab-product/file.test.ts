import { expect, test } from "vitest";
import { parseLabFile } from "../../lab/file.ts";

const lab = (hosts: string) => `name: try\nhosts:\n  node1: ${hosts}\n`;

test("what is omitted is filled in", () => {
  expect(parseLabFile(lab("{ nics: { ens33: { switch: trunk, vlans: [10, 20] }, ens34: { switch: lan } } }"))).toEqual({
    name: "try",
    image: "bookworm",
    packages: [],
    hosts: {
      node1: {
        kind: "machine",
        memory: 768,
        cpus: 2,
        renderer: "none",
        nics: { ens33: { switch: "trunk", vlans: [10, 20] }, ens34: { switch: "lan" } },
      },
    },
  });
});

test("a host may have no NIC but the management NIC", () => {
  expect(parseLabFile("name: try\nhosts:\n  node1:\n").hosts.node1?.nics).toEqual({});
});

test("a renderer is told addresses, a gateway near one of them, and who hands them out", () => {
  const nics = "{ a: { switch: a, addresses: [10.0.0.2/8, 'fd00::2/64'], gateway: 'fd00::1' }, b: { switch: a } }";
  const dhcp = "{ switch: a, addresses: [10.0.0.3/29], gateway: 10.0.0.1, dhcp: true }";
  expect(parseLabFile(lab(`{ renderer: networkd, nics: ${nics} }`)).hosts.node1).toMatchObject({
    renderer: "networkd",
    nics: { a: { addresses: ["10.0.0.2/8", "fd00::2/64"], gateway: "fd00::1" }, b: { switch: "a" } },
  });
  expect(parseLabFile(lab(`{ renderer: ifupdown, nics: { c: ${dhcp} } }`)).hosts.node1?.nics.c).toEqual({
    switch: "a",
    addresses: ["10.0.0.3/29"],
    gateway: "10.0.0.1",
    dhcp: true,
  });
});

test("a port of no tags passes untagged frames only", () => {
  expect(parseLabFile(lab("{ nics: { ens33: { switch: a, vlans: [] } } }")).hosts.node1?.nics.ens33?.vlans).toEqual([]);
});

test.each([
  ["", "lab.yaml must have the properties name and hosts"],
  ["- a", "lab.yaml must have the properties name and hosts"],
  ["name: [", /^lab\.yaml line 1: /],
  ["name: try\nhosts: { a: {}, a: {} }", "lab.yaml line 2: Map keys must be unique"],
  ["hosts: { a: {} }", "lab.yaml: name must be 1 to 31 lower-case letters, digits and hyphens, got nothing"],
  ["name: A b\nhosts: { a: {} }", 'lab.yaml: name must be 1 to 31 lower-case letters, digits and hyphens, got "A b"'],
  ["name: try", "lab.yaml: hosts must be a map of hosts, at least one, got nothing"],
  ["name: try\nhosts: {}", "lab.yaml: hosts must be a map of hosts, at least one, got {}"],
  ["name: try\nhost: {}", "lab.yaml: host is not a property; there are name, image, packages, hosts"],
  [
    "name: try\nimage: 12\nhosts: { a: {} }",
    "lab.yaml: image must be a Debian release such as bookworm or trixie, got 12",
  ],
  ["name: try\npackages: etcd\nhosts: { a: {} }", 'lab.yaml: packages must be a list of Debian packages, got "etcd"'],
  [
    "name: try\npackages: [-x]\nhosts: { a: {} }",
    'lab.yaml: packages[0] must be the name of a Debian package, got "-x"',
  ],
  [
    "name: try\nhosts: { Node_1: {} }",
    'lab.yaml: the name of a host must be 1 to 31 lower-case letters, digits and hyphens, got "Node_1"',
  ],
  [lab("7"), "lab.yaml: hosts.node1 must be a map, such as { nics: { ens33: { switch: lan } } }, got 7"],
  [lab("{ nic: {} }"), "lab.yaml: hosts.node1.nic is not a property; there are kind, memory, cpus, renderer, nics"],
  [lab("{ kind: vm }"), 'lab.yaml: hosts.node1.kind must be machine or namespace, got "vm"'],
  [lab("{ memory: 64 }"), "lab.yaml: hosts.node1.memory must be an integer from 256 to 65536 (MB), got 64"],
  [lab("{ memory: 1G }"), 'lab.yaml: hosts.node1.memory must be an integer from 256 to 65536 (MB), got "1G"'],
  [lab("{ cpus: 0 }"), "lab.yaml: hosts.node1.cpus must be an integer from 1 to 16, got 0"],
  [lab("{ kind: namespace, memory: 512 }"), "lab.yaml: hosts.node1.memory must be left out: a namespace has no own"],
  [
    lab("{ kind: namespace, renderer: networkd }"),
    "lab.yaml: hosts.node1.renderer must be left out: a namespace has no own",
  ],
  [
    lab("{ renderer: netplan }"),
    'lab.yaml: hosts.node1.renderer must be one of ifupdown, networkd, networkmanager, none, got "netplan"',
  ],
  [
    lab("{ nics: { a: { switch: a, addresses: [] } } }"),
    "lab.yaml: hosts.node1.nics.a.addresses needs a renderer of the host to set them: one of ifupdown, networkd, networkmanager",
  ],
  [
    lab("{ nics: { a: { switch: a, gateway: 10.0.0.1 } } }"),
    "lab.yaml: hosts.node1.nics.a.gateway needs addresses, such as [192.168.1.102/24]",
  ],
  ...[
    [
      "addresses: 10.0.0.2/24",
      'addresses must be a list of addresses, each with the length of its prefix, got "10.0.0.2/24"',
    ],
    [
      "addresses: [10.0.0.2]",
      'addresses[0] must be an address with the length of its prefix, like 192.168.1.102/24, got "10.0.0.2"',
    ],
    [
      "addresses: [10.0.0.2/33]",
      'addresses[0] must be an address with the length of its prefix, like 192.168.1.102/24, got "10.0.0.2/33"',
    ],
    [
      "addresses: [10.0.0.2/24], gateway: 10.0.1.1",
      'gateway must be an address in the network of one of addresses, got "10.0.1.1"',
    ],
    [
      "addresses: [], gateway: 10.0.1.1",
      'gateway must be an address in the network of one of addresses, got "10.0.1.1"',
    ],
    ["addresses: [10.0.0.2/24], dhcp: yes", 'dhcp must be true or false, got "yes"'],
    [
      "addresses: ['fd00::2/64'], dhcp: true",
      'addresses must be the one IPv4 address that the switch hands out by DHCP, with a prefix of at most 29, got ["fd00::2/64"]',
    ],
  ].map(([nic, message]) => [
    lab(`{ renderer: networkd, nics: { a: { switch: a, ${nic} } } }`),
    `lab.yaml: hosts.node1.nics.a.${message}`,
  ]),
  [lab("{ nics: [ens33] }"), 'lab.yaml: hosts.node1.nics must be a map of NIC names, got ["ens33"]'],
  [
    lab("{ nics: { eth0: { switch: a } } }"),
    "lab.yaml: hosts.node1.nics.eth0 must be named otherwise: eth0 is the management NIC and lo the loopback",
  ],
  [
    lab("{ nics: { a-very-long-name: { switch: a } } }"),
    "lab.yaml: hosts.node1.nics: a NIC's name must be 1 to 15 letters, digits, _ and -, beginning with a letter, " +
      'got "a-very-long-name"',
  ],
  [
    lab("{ nics: { ens33: lan } }"),
    'lab.yaml: hosts.node1.nics.ens33 must be a map, such as { switch: lan }, got "lan"',
  ],
  [
    lab("{ nics: { ens33: {} } }"),
    "lab.yaml: hosts.node1.nics.ens33.switch must be the name of a switch, as you like, got nothing",
  ],
  [
    lab("{ nics: { ens33: { switch: a, vlan: 10 } } }"),
    "lab.yaml: hosts.node1.nics.ens33.vlan is not a property; there are switch, vlans, addresses, gateway, dhcp",
  ],
  [
    lab("{ nics: { ens33: { switch: a, vlans: 10 } } }"),
    "lab.yaml: hosts.node1.nics.ens33.vlans must be a list of tags from 1 to 4094; left out, all pass, got 10",
  ],
  [
    lab("{ nics: { ens33: { switch: a, vlans: [10, 5000] } } }"),
    "lab.yaml: hosts.node1.nics.ens33.vlans[1] must be an integer from 1 to 4094, got 5000",
  ],
  [
    lab("{ nics: { ens33: { switch: a, vlans: [10, 10] } } }"),
    "lab.yaml: hosts.node1.nics.ens33.vlans must name a tag once, got 10 twice",
  ],
] as [string, string | RegExp][])("%j is refused", (text, message) => {
  expect(() => parseLabFile(text)).toThrow(message);
});
