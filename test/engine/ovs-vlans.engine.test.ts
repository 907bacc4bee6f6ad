import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cableName } from "../../provider/kinds/attachment-words.ts";
import { noOvs, ovsOn, start as startOvs, stopVswitchd } from "../host/ovs.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { boxesOf, inUserSpace, proveVlans, sourceOf, startBoxes, startFollowing } from "./ovs-fabric.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const example = "ovs-vlans";
const boxes = boxesOf(example);
const missing = noDocker ?? noOvs;

describe.skipIf(missing)(`the example ovs-vlans with Docker (T9)${missing ? ` (${missing})` : ""}`, () => {
  let lan: Lan;
  let stack: Stack;
  let before: string[];
  const run = (script: string) => mustRun(lan, "node1", script);
  const portOf = (container: string) => cableName({ container, interface: "eth1" });

  beforeAll(async () => {
    lan = await startLan({ node1: "ens33" }, ovsOn());
    before = await lan.snapshot("node1");
    await startBoxes(lan, boxes);
    stack = await newStack({ project: inUserSpace(sourceOf(example)), hosts: lan.hosts() });
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

  test("preview shows what would run, and changes nothing", async () => {
    const there = await lan.snapshot("node1");
    const { text } = await ok(stack.preview());
    expect(text).toContain("tag=100 vlan_mode=access other_config:transient=true");
    expect(await lan.snapshot("node1")).toEqual(there);
  });

  test("up puts them into their VLANs: 100 reaches 100, 200 reaches 200, and nobody the others", async () => {
    await ok(stack.up());
    await prove("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    const [one, three] = [portOf("test1"), portOf("test3")];
    await run(`ovs-vsctl set Port ${one} tag=200; ovs-vsctl del-port ${three}`);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: 2 });
    expect(text).toMatch(/tag\s*: 200 => 100/);
    expect(text).toContain(`--may-exist add-port ovs1 ${three}`);
    // Retagging one port cuts that container only.
    await proveVlans(lan, { test1: { ...boxes.test1, vlan: "blue" }, test4: boxes.test4 } as typeof boxes, "retagged");
    await ok(stack.up());
    await prove("after repair");
  });

  test("traps 41 and 65: it lasts when a container, its place and Open vSwitch start again", async () => {
    await startFollowing(lan, "node1");
    await run("docker restart test1; docker rm --force test2");
    await startBoxes(lan, { test2: boxes.test2 } as typeof boxes);
    await expect.poll(() => run("docker exec test2 ip -o -4 addr"), { timeout: 20_000 }).toContain("10.0.0.2/24");
    await prove("after a restart of containers");
    await run(`${stopVswitchd}; { ${startOvs}
} >/dev/null 2>&1`);
    await prove("after a restart of ovs-vswitchd");
  });

  test("trap 65: what Open vSwitch forgets at its start is put back", async () => {
    // As with OVS_CTL_OPTS=--delete-transient-ports; hostnet-follow.service starts again with Open vSwitch.
    await run("for port in $(ovs-vsctl list-ports ovs1); do ovs-vsctl del-port $port; done");
    await run("timeout 5 sh /etc/hostnet/boot follow || :");
    expect(await run("ovs-vsctl list-ports ovs1 | wc -l")).toBe("4\n");
    await prove("after they were forgotten");
  });

  test("destroy leaves the host as it was before the first up", async () => {
    await ok(stack.destroy());
    await run(`docker rm --force ${Object.keys(boxes).join(" ")}`);
    expect(lasting(await lan.snapshot("node1"))).toEqual(lasting(before));
    expect(await run("ls -d /etc/hostnet /run/hostnet 2>/dev/null || true")).toBe("");
  });
});
