import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { planTrunk } from "../../components/macvlan-trunk-plan.ts";
import { lab } from "./lab.ts";

const { mac_net11, mac_net12 } = lab.vlans;

describe("mistakes in its arguments", () => {
  test.each<[string, unknown, string]>([
    [
      "a gateway elsewhere",
      vlan({ gateway: "172.16.12.1" }),
      "vlans.net.gateway must lie in 172.16.11.0/24, got 172.16.12.1",
    ],
    [
      "a gateway that is the broadcast address",
      vlan({ gateway: "172.16.11.255" }),
      "vlans.net.gateway must be an address that a router can have, got 172.16.11.255, an end of 172.16.11.0/24",
    ],
    ["no gateway", vlan({ gateway: undefined }), "vlans.net.gateway is required"],
    [
      "a subnet with host bits",
      vlan({ subnet: "172.16.11.5/24" }),
      'vlans.net.subnet must have no host bits: 172.16.11.0/24, got "172.16.11.5/24"',
    ],
    [
      "IPv6",
      vlan({ subnet: "fd00::/64", gateway: "fd00::1" }),
      "vlans.net.subnet must be an IPv4 network, got fd00::/64",
    ],
    [
      "a range elsewhere",
      vlan({ ipRange: "10.0.0.0/24" }),
      "vlans.net.ipRange must lie in 172.16.11.0/24, got 10.0.0.0/24",
    ],
    [
      "a range of the other family",
      vlan({ ipRange: "fd00::/64" }),
      "vlans.net.ipRange must lie in 172.16.11.0/24, got fd00::/64",
    ],
    [
      "a reserved address elsewhere",
      vlan({ reserved: ["172.16.11.9", "10.0.0.9"] }),
      "vlans.net.reserved[1] must lie in 172.16.11.0/24, got 10.0.0.9",
    ],
    ["a tag out of range", vlan({ vlanId: 5000 }), "vlans.net.vlanId must be an integer from 1 to 4094, got 5000"],
    [
      "a tag used twice",
      vlans({ mac_net11, mac_net12: { ...mac_net12, vlanId: 10 } }),
      "vlans.mac_net12.vlanId must differ from vlans.mac_net11.vlanId, got 10",
    ],
    [
      "subnets that overlap",
      vlans({ mac_net11: { ...mac_net11, subnet: "172.16.0.0/16" }, mac_net12 }),
      "vlans.mac_net12.subnet must not overlap with vlans.mac_net11.subnet, 172.16.0.0/16, got 172.16.12.0/24",
    ],
    [
      "an address of a host that is not there",
      vlan({ addresses: { node3: "192.168.1.30/24" } }),
      "vlans.net.addresses.node3 must belong to one of hosts (node1 or node2), got node3",
    ],
    [
      "an address without a prefix length",
      vlan({ addresses: { node1: "192.168.1.10" } }),
      'vlans.net.addresses.node1 must be an address with its prefix length, like 10.0.0.5/24, got "192.168.1.10"',
    ],
    [
      "one address on two hosts (trap 28)",
      vlan({ addresses: { node1: "192.168.1.10/24", node2: "192.168.1.10/24" } }),
      "vlans.net.addresses.node2 must differ from vlans.net.addresses.node1, got 192.168.1.10",
    ],
    [
      "one address on two interfaces of a host",
      vlans({ mac_net11, mac_net12: { ...mac_net12, addresses: { node1: "192.168.1.10/24" } } }),
      "vlans.mac_net12.addresses.node1 must differ from vlans.mac_net11.addresses.node1, got 192.168.1.10",
    ],
    [
      "a subnet too small for the hosts to share",
      vlan({ subnet: "172.16.11.0/30" }),
      "vlans.net.subnet must have an address for containers in each of its 4 ranges, got 172.16.11.0/30, which has none for node1 and node2",
    ],
    [
      "a range that is all taken",
      vlan({ ipRange: "172.16.11.4/30", reserved: ["172.16.11.5"] }),
      "vlans.net.ipRange must have an address for containers in each of its 4 ranges, got 172.16.11.4/30, which has none for node2",
    ],
    ["too few slots", { ...lab, slots: 1 }, "slots must be at least 2, the number of hosts, got 1"],
    [
      "one slot for two hosts",
      { ...lab, hosts: { node1: { parent: "ens33", slot: 1 }, node2: { parent: "ens32" } } },
      "hosts.node2.slot must differ from that of node1, got 1: name the slots of both",
    ],
    [
      "a slot beyond the last",
      { ...lab, hosts: { node1: { parent: "ens33", slot: 4 } }, vlans: { net: { ...mac_net11, addresses: {} } } },
      "hosts.node1.slot must be less than 4, the number of slots, got 4",
    ],
    [
      "an interface name of more than 15 characters (trap 34)",
      { ...lab, hosts: { node1: { parent: "enp0s31f6nic0" }, node2: { parent: "ens32" } } },
      "hosts.node1.parent must make interface names of at most 15 characters, got enp0s31f6nic0.10 and enp0s31f6nic0.20",
    ],
    [
      "a VLAN with larger frames than its parent (trap 31)",
      { hosts: { node1: { parent: "ens33", mtu: 1500 } }, vlans: { net: { ...mac_net11, mtu: 9000, addresses: {} } } },
      "vlans.net.mtu must be at most 1500, the mtu of node1, got 9000",
    ],
    ["a misspelled property", vlan({ vlanid: 10 }), "vlans.net.vlanid is unknown; did you mean vlanId?"],
    ["no host", { ...lab, hosts: {} }, "hosts must name at least one host"],
    ["no VLAN", { ...lab, vlans: {} }, "vlans must name at least one VLAN"],
    ["a list of VLANs", { ...lab, vlans: [mac_net11] }, `vlans must be a map, got ${JSON.stringify([mac_net11])}`],
    ["a VLAN that is none", { ...lab, vlans: { net: 10 } }, "vlans.net must be an object, got 10"],
    ["nothing at all", undefined, "its arguments must be an object, got undefined"],
  ])("%s", (_, args, message) => {
    expect(refusalOf(args)).toBe(`MacvlanTrunk lab: ${message}`);
  });

  test("an output stands where only a plain value can", () => {
    const plain = "must be plain, got an output: what a component makes is decided before any output is known";
    const wrong = (args: unknown, path: string) => expect(refusalOf(args)).toBe(`MacvlanTrunk lab: ${path} ${plain}`);
    wrong({ ...lab, hosts: pulumi.output(lab.hosts) }, "hosts");
    wrong({ ...lab, vlans: { mac_net11: pulumi.output(mac_net11) } }, "vlans.mac_net11");
    wrong(vlan({ subnet: pulumi.output("172.16.11.0/24") }), "vlans.net.subnet");
    wrong(vlan({ addresses: { node1: Promise.resolve("192.168.1.10/24") } }), "vlans.net.addresses.node1");
  });

  test("all are named in one error, which leaves out what follows from them", () => {
    const args = {
      hosts: { node1: { parent: 33 }, "node 2": { parent: "ens32" } },
      vlans: {
        one: { vlanId: 0, subnet: "172.16.11.9/24", gateway: "172.16.12.1" },
        two: { ...mac_net12, gateway: "172.16.11.1", addresses: { "node 2": "x/24", node2: "192.168.2.20/24" } },
      },
      slot: 4,
    };
    expect(refusalOf(args)).toBe(
      `MacvlanTrunk lab has 7 problems:
  slot is unknown; did you mean slots?
  hosts.node1.parent must be text, got 33
  vlans.one.vlanId must be an integer from 1 to 4094, got 0
  vlans.one.subnet must have no host bits: 172.16.11.0/24, got "172.16.11.9/24"
  vlans.two.addresses["node 2"] must be an address with its prefix length, like 10.0.0.5/24, got "x/24"
  vlans.two.gateway must lie in 172.16.12.0/24, got 172.16.11.1
  vlans.two.addresses.node2 must belong to one of hosts (node 2 or node1), got node2`,
    );
  });
});

function refusalOf(args: unknown): string {
  try {
    planTrunk("lab", args);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

/** The lab with one VLAN that is wrong somewhere. */
function vlan(change: Record<string, unknown>) {
  return vlans({ net: { ...mac_net11, addresses: {}, ...change } });
}

function vlans(named: Record<string, unknown>) {
  return { ...lab, vlans: named };
}
