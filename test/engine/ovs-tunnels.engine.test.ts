import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cableName } from "../../provider/kinds/attachment-words.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { boxesOf, inUserSpace, pingWhole, proveVlans, sourceOf, startBoxes } from "./ovs-fabric.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const example = "ovs-tunnels";
const source = sourceOf(example);
const boxes = boxesOf(example);
const hosts = { node1: "192.168.1.102", node2: "192.168.1.103", node3: "192.168.1.104" } as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const onEach = (work: (name: Name) => Promise<unknown>) => Promise.all(names.map(work));
const missing = noDocker ?? noOvs;
/** The largest packets that pass, with the tag inside. */
const mtus = { gre: 1500 - 38 - 4, vxlan: 1500 - 50 - 4, geneve: 1500 - 50 - 4 } as const;

/**
 * In user space, tunnels leave by bridges alone: their packets go to the one whose own link has the route. On a kernel with
 * the datapath they leave by the NIC itself.
 */
const underlay = (
  address: string,
) => `ovs-vsctl add-br phy0 -- set Bridge phy0 datapath_type=netdev -- add-port phy0 ens33
ip link set ens33 up; ip link set phy0 up; ip address add ${address}/24 dev phy0`;

describe.skipIf(missing)(`the example ovs-tunnels with Docker (T11)${missing ? ` (${missing})` : ""}`, () => {
  let lan: Lan;
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    lan = await startLan({ node1: "ens33", node2: "ens33", node3: "ens33" }, ovsOn());
    await onEach(async (name) => {
      await mustRun(lan, name, underlay(hosts[name]));
      before[name] = await lan.snapshot(name);
    });
    await startBoxes(lan, boxes);
    stack = await newStack({ project: inUserSpace(source), hosts: lan.hosts() });
  });
  afterAll(async () => {
    await stack?.remove();
    await lan?.stop();
  });

  async function prove(what: string) {
    await proveVlans(lan, boxes, what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  /** Trap 72: the largest packet passes whole, and of one byte more nothing comes, though those who send it would. */
  async function proveMtu(mtu: number, what: string) {
    const [test1, test2] = [boxes.test1, boxes.test2] as [(typeof boxes)[string], (typeof boxes)[string]];
    expect(await pingWhole(lan, test1, "test1", test2.address, mtu), what).toContain(" 0% packet loss");
    expect(await pingWhole(lan, test1, "test1", test2.address, mtu + 1), what).toContain(`mtu=${mtu}`);
    const widen = (bytes: number) =>
      Promise.all(
        (["test1", "test2"] as const).map((container, i) =>
          mustRun(
            lan,
            names[i] as Name,
            `ip link set ${cableName({ container, interface: "eth1" })} mtu ${bytes}
nsenter --net=/run/hostnet/netns/${container} ip link set eth1 mtu ${bytes}`,
          ),
        ),
      );
    await widen(1500);
    expect(await pingWhole(lan, test1, "test1", test2.address, mtu), what).toContain(" 0% packet loss");
    expect(await pingWhole(lan, test1, "test1", test2.address, mtu + 1), what).toContain("100% packet loss");
    await widen(mtu);
  }

  test("up joins them by a mesh of GRE, which RSTP opens, and whole packets pass", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("rstp_enable=true");
    await ok(stack.up());
    await prove("a mesh of GRE");
    await proveMtu(mtus.gre, "a mesh of GRE");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await mustRun(lan, "node1", "ovs-vsctl del-port ovs0-node2");
    await mustRun(lan, "node3", `ovs-vsctl set Port ${cableName({ container: "test4", interface: "eth1" })} tag=100`);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ create: 1, update: 1 });
    expect(text).toContain("options:remote_ip=192.168.1.103");
    await ok(stack.up());
    await prove("after repair");
  });

  test.each([
    ["vxlan", "as a mesh", '{ type: "vxlan" }'],
    ["geneve", "as a star", '{ type: "geneve", topology: "star", hub: "node2" }'],
  ] as const)("the same with %s by one word, %s", async (type, _, tunnels) => {
    await stack.program(inUserSpace(source.replace('{ type: "gre" }', tunnels)));
    await ok(stack.up());
    const ports = await Promise.all(
      names.map((name) => mustRun(lan, name, "ovs-vsctl list-ports ovs0 | grep -c ^ovs0-")),
    );
    expect(ports.map(Number)).toEqual(type === "vxlan" ? [2, 2, 2] : [1, 2, 1]);
    await prove(type);
    await proveMtu(mtus[type], type);
  });

  test("destroy leaves each host as it was", async () => {
    await ok(stack.destroy());
    await Promise.all(Object.entries(boxes).map(([name, { host }]) => mustRun(lan, host, `docker rm --force ${name}`)));
    await onEach(async (name) => {
      expect(lasting(await lan.snapshot(name))).toEqual(lasting(before[name] ?? []));
      expect(await mustRun(lan, name, "ls -d /etc/hostnet /run/hostnet 2>/dev/null || true")).toBe("");
    });
  });
});
