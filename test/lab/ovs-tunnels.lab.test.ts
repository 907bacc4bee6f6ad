import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cableName } from "../../provider/kinds/attachment-words.ts";
import { repository } from "../../setup/paths.ts";
import { boxesOf, pingWhole, proveVlans, sourceOf, startBoxes } from "../engine/ovs-fabric.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";

const example = "ovs-tunnels";
const folder = join(repository, "examples", example);
const source = sourceOf(example);
const lab = labOf(example);
const boxes = boxesOf(example);
const names = ["node1", "node2", "node3"] as const;
const onEach = (work: (name: (typeof names)[number]) => Promise<unknown>) => Promise.all(names.map(work));
const must = (name: string, script: string) => mustRun(lab, name, script, 240);

if (!full)
  console.log("skipped: T11 is played on hosts made of namespaces; npm run test:full plays it on machines too");

describe.skipIf(!full)("the example ovs-tunnels on three machines, on the kernel's datapath", () => {
  let stack: Stack;
  const before: Record<string, string[]> = {};

  beforeAll(async () => {
    await begin(lab);
    await onEach(async (name) => {
      await must(name, "systemctl restart docker");
      before[name] = await snapshotOf(lab, name);
    });
    await startBoxes(lab, boxes);
    stack = await newStack({ project: { folder }, hosts: lab.hosts() });
  });
  afterAll(() => stack?.remove());

  async function prove(what: string, mtu: number) {
    await proveVlans(lab, boxes, what);
    const [test1, test2] = [boxes.test1, boxes.test2] as [(typeof boxes)[string], (typeof boxes)[string]];
    const ping = (bytes: number) => pingWhole(lab, test1, "test1", test2.address, bytes);
    const widen = (bytes: number) =>
      Promise.all(
        (["test1", "test2"] as const).map((container, i) =>
          must(
            names[i] as string,
            `ip link set ${cableName({ container, interface: "eth1" })} mtu ${bytes}
nsenter --net=/run/hostnet/netns/${container} ip link set eth1 mtu ${bytes}`,
          ),
        ),
      );
    expect(await ping(mtu), what).toContain(" 0% packet loss");
    await widen(1500);
    expect(await ping(mtu), what).toContain(" 0% packet loss");
    expect(await ping(mtu + 1), what).toContain("100% packet loss");
    await widen(mtu);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("up joins them by a mesh of GRE", async () => {
    await ok(stack.up());
    await prove("a mesh of GRE", 1458);
  });

  test("a reboot of all brings it back", async () => {
    await onEach(async (name) => {
      await lab.reboot(name);
      await lab.settled(name);
    });
    await prove("after a reboot", 1458);
  });

  test.each([
    ["vxlan", '{ type: "vxlan", key: 7 }'],
    ["geneve", '{ type: "geneve", topology: "star", hub: "node2" }'],
  ] as const)("the same with %s", async (type, tunnels) => {
    await stack.program({ typescript: source.replace('{ type: "gre" }', tunnels) });
    await ok(stack.up());
    await prove(type, 1446);
  });

  test("a host leaves and joins: of the others only their tunnel to it goes and comes", async () => {
    await stack.program({ folder });
    await ok(stack.up());
    const without = source.replace(', node3: by("192.168.1.104")', "").replace(/ {4}test[34]: .*\n/g, "");
    await stack.program({ typescript: without });
    // A bridge, four ends of two tunnels and two attachments.
    expect((await ok(stack.up())).summary).toMatchObject({ delete: 7 });
    await stack.program({ folder });
    expect((await ok(stack.up())).summary).toMatchObject({ create: 7 });
    await prove("with it again", 1458);
  });

  test("destroy leaves each host as it was", async () => {
    await ok(stack.destroy());
    await Promise.all(Object.entries(boxes).map(([name, { host }]) => must(host, `docker rm --force ${name}`)));
    await onEach(async (name) => expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? [])));
  });
});
