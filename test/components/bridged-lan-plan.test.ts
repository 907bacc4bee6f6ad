import { describe, expect, test } from "vitest";
import { planLan } from "../../components/bridged-lan-plan.ts";

const hosts = { node1: { nic: "ens33" }, node2: { nic: "ens32" } };
const lab = { hosts, subnet: "192.168.1.0/24", gateway: "192.168.1.1", ipRange: "192.168.1.192/26" };
const planOf = (changed: Record<string, unknown> = {}, name = "lan") => planLan(name, { ...lab, ...changed });
const shared = { subnet: "192.168.1.0/24", gateway: "192.168.1.1" };

describe("the plan", () => {
  test("each host hands out a range of its own", () => {
    const { network, hosts } = planOf();
    expect(network).toBe("lan");
    expect(Object.fromEntries(hosts)).toEqual({
      node1: { nic: "ens33", bridge: "br0", subnet: { ...shared, ipRange: "192.168.1.192/28" } },
      node2: { nic: "ens32", bridge: "br0", subnet: { ...shared, ipRange: "192.168.1.208/28" } },
    });
  });

  test("a bridge may be called otherwise, on all hosts or on one", () => {
    const { hosts } = planOf({ bridge: "lan0", hosts: { ...lab.hosts, node2: { nic: "ens32", bridge: "br1" } } });
    expect([...hosts.values()].map(({ bridge }) => bridge)).toEqual(["lan0", "br1"]);
  });

  test("what others in the LAN have is handed out by nobody", () => {
    const { hosts } = planOf({ reserved: ["192.168.1.193", "192.168.1.9"] });
    expect(hosts.get("node1")?.subnet.auxAddresses).toEqual({ "192.168.1.193": "192.168.1.193" });
    expect(hosts.get("node2")?.subnet).not.toHaveProperty("auxAddresses");
  });

  test("the order in which hosts are written means nothing, and one that joins moves no range", () => {
    const before = [...planOf().hosts];
    expect([...planOf({ hosts: { node2: hosts.node2, node1: hosts.node1 } }).hosts]).toEqual(before);
    const joined = planOf({ hosts: { node10: { nic: "eth0" }, ...hosts } });
    expect([...joined.hosts].slice(0, 2)).toEqual(before);
  });
});

describe("mistakes in its arguments", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["no range", { ipRange: undefined }, "ipRange is required"],
    ["a range elsewhere", { ipRange: "192.168.2.0/26" }, "ipRange must lie in 192.168.1.0/24, got 192.168.2.0/26"],
    [
      "a range with host bits",
      { ipRange: "192.168.1.200/26" },
      'ipRange must have no host bits: 192.168.1.192/26, got "192.168.1.200/26"',
    ],
    [
      "a share without room",
      { ipRange: "192.168.1.192/30", reserved: ["192.168.1.193"] },
      "ipRange must have an address for containers in each of its 4 ranges, got 192.168.1.192/30, which has none for node2",
    ],
    ["no gateway", { gateway: undefined }, "gateway is required"],
    ["a gateway elsewhere", { gateway: "192.168.2.1" }, "gateway must lie in 192.168.1.0/24, got 192.168.2.1"],
    [
      "a gateway that is the broadcast address",
      { gateway: "192.168.1.255" },
      "gateway must be an address that a router can have, got 192.168.1.255, an end of 192.168.1.0/24",
    ],
    [
      "a host's address in the place of the LAN",
      { subnet: "192.168.1.102/24" },
      'subnet must have no host bits: 192.168.1.0/24, got "192.168.1.102/24"',
    ],
    [
      "IPv6",
      { subnet: "fd00::/64", gateway: "fd00::1", ipRange: "fd00::/80" },
      "subnet must be an IPv4 network, got fd00::/64",
    ],
    [
      "a reserved address elsewhere",
      { reserved: ["10.0.0.9"] },
      "reserved[0] must lie in 192.168.1.0/24, got 10.0.0.9",
    ],
    [
      "a reserved address twice",
      { reserved: ["192.168.1.9", "192.168.1.9"] },
      'reserved[1] repeats reserved[0]: "192.168.1.9"',
    ],
    ["too few slots", { slots: 1 }, "slots must be at least 2, the number of hosts, got 1"],
    [
      "one slot for two hosts",
      { hosts: { node1: { nic: "ens33", slot: 1 }, node2: { nic: "ens32" } } },
      "hosts.node2.slot must differ from that of node1, got 1: name the slots of both",
    ],
    [
      "a slot beyond the last",
      { hosts: { node1: { nic: "ens33", slot: 4 } } },
      "hosts.node1.slot must be less than 4, the number of slots, got 4",
    ],
    [
      "a bridge that no link can be called",
      { bridge: "bridge-of-the-lan" },
      'bridge must have 1 to 15 characters, got "bridge-of-the-lan" with 17',
    ],
    [
      "a name that Docker does not take",
      { network: "the lan" },
      'network must be a letter or digit, then letters, digits, `_`, `.` and `-`, got "the lan"',
    ],
    ["no host", { hosts: {} }, "hosts must name at least one host"],
    ["a host without a NIC", { hosts: { node1: {} } }, "hosts.node1.nic is required"],
    ["a misspelled property", { iprange: "x" }, "iprange is unknown; did you mean ipRange?"],
  ])("%s", (_, wrong, message) => {
    expect(refusalOf(wrong)).toBe(`BridgedLan lan: ${message}`);
  });

  test("a component whose name Docker does not take says how its network is called", () => {
    expect(refusalOf({}, "the lan")).toBe(
      "BridgedLan the lan: network must be given where the component's name is not a letter or digit, then letters, digits, `_`, `.` and `-`, got the lan",
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
