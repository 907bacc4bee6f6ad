import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Found } from "../../cli/inspect/item.ts";
import { inspect, inspectText, itemsOf } from "../../cli/inspect.ts";
import { parseOvs } from "../../provider/host/facts/ovs.ts";
import { link, nothing } from "./found.ts";

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
