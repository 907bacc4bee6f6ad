import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";

const folder = join(repository, "examples", "vxlan-fabric");
const source = readFileSync(join(folder, "index.ts"), "utf8");
const lab = labOf("vxlan-fabric");
const names = ["node1", "node2", "node3"] as const;
type Name = (typeof names)[number];
const must = (name: Name, script: string) => mustRun(lab, name, script, 120);
const onAll = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};

const where = full ? "" : " (skipped: three machines; npm run test:full)";

describe.skipIf(!full)(`networks across three machines on Linux bridges, their whole life${where}`, () => {
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onAll(async (name) => {
      before[name] = await snapshotOf(lab, name);
    });
    stack = await newStack({ project: { folder }, hosts: lab.hosts() });
  });
  afterAll(() => stack?.remove());

  /** Everybody reaches everybody in `blue`, with whole packets and none that is longer, and nobody node3 in `green`. */
  async function prove(what: string) {
    for (const [i, from] of names.entries()) {
      await must(from, "ip neigh flush all");
      for (const to of [1, 2, 3].filter((n) => n !== i + 1)) {
        // The first packet of a new way may be lost (trap 76).
        const ping = (size: number) => `ping -n -M do -s ${size - 28} -c 3 -W 3 10.100.0.${to}`;
        expect(await must(from, ping(1450)), `${what}: ${from} to ${to}`).toMatch(/ (0|33)\.?\d*% packet loss/);
        expect(await must(from, `! ${ping(1451)}`), `${what}: ${from} to ${to}`).toContain("100% packet loss");
      }
    }
    expect(await must("node1", "ping -n -c 3 -W 3 10.200.0.2")).not.toContain("100% packet loss");
    expect(await must("node1", "! ping -n -I green -c 3 -W 2 10.100.0.3")).toContain("100% packet loss");
  }

  async function isSettled(what: string) {
    await prove(what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("up joins them, and the next preview is empty", async () => {
    await ok(stack.up());
    await isSettled("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await must("node1", "bridge fdb del 00:00:00:00:00:00 dev vxlan100 dst 192.168.1.103 self");
    await must("node2", "ip link set vxlan200 nomaster");
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: 2 });
    expect(text).toContain("bridge fdb append 00:00:00:00:00:00 dev vxlan100 dst 192.168.1.103 self permanent");
    expect(text).toContain("ip link set dev vxlan200 master green");
    await ok(stack.up());
    await isSettled("after repair");
  });

  test("a reboot brings it back", async () => {
    await onAll(async (name) => {
      await lab.reboot(name);
      await lab.settled(name);
    });
    await isSettled("after a reboot");
  });

  test("a host leaves and joins: of the others only the peers change", async () => {
    const without = source.replace(/ {4}node3: .*\n/, "").replace(', node3: "10.100.0.3/24"', "");
    await stack.program({ typescript: without });
    // Two tunnels, two bridges and a set of rules go; two tunnels of each other host change.
    expect((await ok(stack.up())).summary).toMatchObject({ delete: 5, update: 4 });
    expect(lasting(await snapshotOf(lab, "node3"))).toEqual(lasting(before.node3 ?? []));
    await stack.program({ folder });
    expect((await ok(stack.up())).summary).toMatchObject({ create: 5, update: 4 });
    await isSettled("with it again");
  });

  test("destroy leaves each host as it was", async () => {
    await ok(stack.destroy());
    await onAll(async (name) => {
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
    });
  });
});
