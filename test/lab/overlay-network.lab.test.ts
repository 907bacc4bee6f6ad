import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { lossBetween, reachedAtLast } from "./containers.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";

const names = ["node1", "node2"] as const;
type Name = (typeof names)[number];
const onBoth = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};
const where = full ? "" : " (skipped: a quarter of an hour under emulation; npm run test:full)";

/** An example on its lab, with the containers that it finds on each host. */
function playing(example: string, boxes: Readonly<Record<Name, readonly string[]>>) {
  const folder = join(repository, "examples", example);
  const lab = labOf(example);
  const before: Partial<Record<Name, string[]>> = {};
  const must = async (name: Name, script: string) => (await mustRun(lab, name, script, 240)).trim();
  let stack: Stack;
  beforeAll(async () => {
    await begin(lab);
    await onBoth(async (name) => {
      // A swarm leaves its bridge for services behind; Docker's rules stand in another order after a restart.
      await must(name, "docker swarm init --advertise-addr 127.0.0.1 && docker swarm leave --force");
      await must(name, "docker run --rm busybox:lab true; systemctl restart docker");
      before[name] = await snapshotOf(lab, name);
      for (const box of boxes[name])
        await must(name, `docker run --detach --restart always --name ${box} busybox:lab sleep 99999`);
    });
    stack = await newStack({ project: { folder }, hosts: { ...lab.hosts() } });
  });
  afterAll(() => stack?.remove());

  return {
    ...{ folder, lab, must },
    stack: () => stack,
    /** When each container was started: none of it changes when it is connected. */
    started: (name: Name) =>
      must(name, `docker inspect --format '{{.Id}} {{.State.StartedAt}}' ${boxes[name].join(" ")}`),
    reaches: (name: Name, box: string, address: string) => reachedAtLast(lab, name, box, address),
    isApart: async (name: Name, box: string, address: string) => {
      expect(await lossBetween(lab, name, box, address), `${box} to ${address}`).toBe(100);
    },
    rests: async () => {
      const { summary, text } = await ok(stack.preview());
      expect(Object.keys(summary), text).toEqual(["same"]);
    },
    /** A host starts again; containers that come back with it have their places in the networks again. */
    reboot: async (name: Name, places: Readonly<Record<string, string>>) => {
      await lab.reboot(name);
      await lab.settled(name);
      for (const [box, address] of Object.entries(places)) {
        const there = () => must(name, `docker exec ${box} ip -o -4 addr 2>&1 || true`);
        await expect.poll(there, { timeout: 180_000, interval: 3_000 }).toContain(`inet ${address}/24`);
      }
    },
    destroy: async () => {
      await ok(stack.destroy());
      await onBoth(async (name) => {
        await must(name, `docker rm --force ${boxes[name].join(" ")}`);
        expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
        expect(await must(name, "ls -d /etc/hostnet 2>/dev/null || true")).toBe("");
      });
    },
  };
}

describe.skipIf(!full)(`the example overlay-network on two machines, its whole life (T7)${where}`, () => {
  const { stack, must, started, reaches, rests, reboot, destroy } = playing("overlay-network", {
    ...{ node1: ["bbox-1"], node2: ["bbox-2"] },
  });
  const [first, second] = ["10.22.1.128", "10.22.1.160"];
  const prove = async () => {
    await reaches("node1", "bbox-1", second);
    await reaches("node2", "bbox-2", first);
    expect(await must("node2", "docker exec bbox-2 ping -c 3 -W 5 bbox-1")).toContain(`(${first})`);
    await rests();
  };

  test("up makes hosts a swarm and connects containers that run, and the program's own check holds", async () => {
    const since = await Promise.all(names.map(started));
    const { text } = await ok(stack().up());
    expect(text).not.toContain("SWMTKN");
    expect(await Promise.all(names.map(started))).toEqual(since);
    expect(await must("node1", "docker network inspect --format '{{json .IPAM.Config}}' ov_net1")).toContain(
      '"IPRange":"10.22.1.0/25"',
    );
    await prove();
  });

  test("whoever joins besides has an address of Docker's half", async () => {
    const addresses = "docker run --rm --network ov_net1 busybox:lab ip -o -4 addr";
    for (const name of names)
      expect(await must(name, addresses)).toMatch(/inet 10\.22\.1\.(\d|\d\d|1[01]\d|12[0-7])\/24/);
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await must("node2", "docker network disconnect ov_net1 bbox-2");
    // The connection, and the check that no longer holds.
    expect((await ok(stack().preview())).summary).toMatchObject({ create: 1, update: 1 });
    await ok(stack().up());
    await prove();
  });

  test("it is there after a reboot of the worker", async () => {
    await reboot("node2", { "bbox-2": second });
    await prove();
  });

  test("destroy leaves each host as it was before the first up", destroy);
});

describe.skipIf(!full)(`the example isolation on two machines, its whole life (T8)${where}`, () => {
  const { folder, stack, must, started, reaches, isApart, rests, reboot, destroy } = playing("isolation", {
    ...{ node1: ["bbox-1", "bbox-3"], node2: ["bbox-2", "bbox-4"] },
  });
  const [one, two] = [
    { "bbox-1": "10.0.0.128", "bbox-2": "10.0.0.160", "bbox-3": "10.0.0.129" },
    { "bbox-3": "10.0.1.128", "bbox-4": "10.0.1.160" },
  ];
  const prove = async (inBoth = true) => {
    await reaches("node1", "bbox-1", one["bbox-2"]);
    await isApart("node1", "bbox-1", two["bbox-4"]);
    await isApart("node2", "bbox-2", two["bbox-4"]);
    await isApart("node2", "bbox-4", one["bbox-1"]);
    await reaches("node2", "bbox-4", two["bbox-3"]);
    await reaches("node1", "bbox-3", two["bbox-4"]);
    await (inBoth ? reaches : isApart)("node1", "bbox-3", one["bbox-2"]);
    await rests();
  };

  test("who is in one network does not reach the other, and who is in both reaches both", async () => {
    await ok(stack().up());
    await prove();
  });

  test("a check sees at once that somebody is where he must not be, and up fails", async () => {
    await must("node1", "docker network connect ov_net2 bbox-1");
    expect((await ok(stack().preview())).summary).toMatchObject({ update: 1 });
    const { status, text } = await stack().up();
    expect(status).not.toBe(0);
    expect(text).toContain(`(ping ${two["bbox-4"]}) must be unreachable, and answered to attempt 1`);
    await must("node1", "docker network disconnect ov_net2 bbox-1");
    await ok(stack().up());
    await prove();
  });

  test("a container leaves one of its networks and comes back, and goes on", async () => {
    const since = await started("node1");
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const check = 'new hostnet.ReachabilityCheck("bbox-3", both, { dependsOn: two });';
    expect(source).toContain(check);
    // It would be tried before the container leaves.
    const apart = source.replace('"bbox-1": {}, "bbox-3": {}', '"bbox-1": {}').replace(check, "");
    await stack().program({ typescript: apart });
    await ok(stack().up());
    await prove(false);
    await stack().program({ folder });
    await ok(stack().up());
    await prove();
    expect(await started("node1")).toBe(since);
  });

  test("it is there after a reboot of the worker", async () => {
    await reboot("node2", { "bbox-2": one["bbox-2"], "bbox-4": two["bbox-4"] });
    await prove();
  });

  test("destroy leaves each host as it was before the first up", destroy);
});
