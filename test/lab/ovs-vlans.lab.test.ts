import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cableName } from "../../provider/kinds/attachment-words.ts";
import { repository } from "../../setup/paths.ts";
import { boxesOf, proveVlans, startBoxes } from "../engine/ovs-fabric.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";

const example = "ovs-vlans";
const lab = labOf(example);
const boxes = boxesOf(example);
const run = (script: string) => mustRun(lab, "node1", script, 240);
const portOf = (container: string) => cableName({ container, interface: "eth1" });

if (!full)
  console.log("skipped: T9 is played on a host made of namespaces; npm run test:full plays it on a machine too");

describe.skipIf(!full)("the example ovs-vlans on a machine, on the kernel's datapath", () => {
  let stack: Stack;
  let before: string[];

  beforeAll(async () => {
    await begin(lab);
    // Docker's rules stand in another order after its restart.
    await run("systemctl restart docker");
    before = await snapshotOf(lab, "node1");
    await startBoxes(lab, boxes);
    stack = await newStack({ project: { folder: join(repository, "examples", example) }, hosts: lab.hosts() });
  });
  afterAll(() => stack?.remove());

  async function prove(what: string) {
    await proveVlans(lab, boxes, what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("up puts them into their VLANs", async () => {
    await ok(stack.up());
    await prove("after up");
  });

  test("a tag changed and a port deleted by hand are shown, and repaired", async () => {
    await run(`ovs-vsctl set Port ${portOf("test1")} tag=200 -- del-port ${portOf("test3")}`);
    expect((await ok(stack.preview())).summary).toMatchObject({ update: 2 });
    await ok(stack.up());
    await prove("after repair");
  });

  test("trap 41: it lasts when a container, Docker and Open vSwitch start again", async () => {
    await run("docker restart test1; systemctl restart docker");
    await prove("after a restart of Docker");
    await run("systemctl restart openvswitch-switch");
    await prove("after a restart of Open vSwitch");
  });

  test("trap 65: it lasts where Open vSwitch is told to forget transient ports", async () => {
    await run("echo 'OVS_CTL_OPTS=--delete-transient-ports' >>/etc/default/openvswitch-switch");
    await run("systemctl restart openvswitch-switch");
    await prove("after they were forgotten");
    await run("sed -i '$d' /etc/default/openvswitch-switch");
  });

  test("a reboot brings it back, over the rows that are left", async () => {
    await lab.reboot("node1");
    await lab.settled("node1");
    await prove("after a reboot");
    const rows = await run("ovs-vsctl --bare --columns=error list Interface");
    expect(rows.trim()).toBe("");
  });

  test("destroy leaves the host as it was before the first up", async () => {
    await ok(stack.destroy());
    await run(`docker rm --force ${Object.keys(boxes).join(" ")}`);
    expect(lasting(await snapshotOf(lab, "node1"))).toEqual(lasting(before));
  });
});
