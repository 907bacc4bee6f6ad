import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { lossBetween } from "./containers.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";

const lab = labOf("lan-containers");
/** Of each host the NIC, the address in the LAN, and its containers. We come by the LAN, through its router. */
const hosts = {
  node1: { nic: "ens33", address: "192.168.1.102", containers: { web: "192.168.1.150", db: "192.168.1.151" } },
  node2: { nic: "ens32", address: "192.168.1.103", containers: { web: "192.168.1.152" } },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const router = "192.168.1.1";
const onEach = async (work: (name: Name) => Promise<unknown>) => {
  await Promise.all(names.map(work));
};

if (!full) console.log("skipped: T2 is played without its example; npm run test:full plays it with it too");

describe.skipIf(!full)("the example lan-containers on two machines and a router", () => {
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onEach(async (name) => {
      // Docker's rules stand in another order after its restart.
      await mustRun(lab, name, "systemctl restart docker", 240);
      before[name] = await snapshotOf(lab, name);
      for (const container of Object.keys(hosts[name].containers)) {
        const run = `docker run --detach --name ${container} --network none --restart always busybox:lab sleep 99999`;
        await mustRun(lab, name, run, 180);
      }
    });
    const endpoint = (name: Name) => lab.endpoint(name, { via: "node3", nic: hosts[name].nic });
    const inventory = Object.fromEntries(names.map((name) => [name, { ...endpoint(name), connectTimeout: 30 }]));
    stack = await newStack({ project: { folder: join(repository, "examples", "lan-containers") }, hosts: inventory });
  });
  afterAll(() => stack?.remove());

  /** Every container reaches every machine and container of the LAN, and is reached, by whoever remembers nobody. */
  async function prove(what: string) {
    const all = names.flatMap((name) => [hosts[name].address, ...Object.values(hosts[name].containers)]);
    const pings = all.map((address) => `ping -n -c 3 -W 5 ${address} >/dev/null`);
    await mustRun(lab, "node3", `ip neigh flush all; ${pings.join(" && ")}`);
    for (const name of names)
      for (const [container, own] of Object.entries(hosts[name].containers))
        for (const other of [...all.filter((one) => one !== own), router])
          expect(await lossBetween(lab, name, container, other), `${what}: ${container} on ${name} to ${other}`).toBe(
            0,
          );
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("up gives containers that run an interface in the LAN", async () => {
    await ok(stack.up());
    await prove("after up");
  });

  test("it lasts when Docker and a host start again", async () => {
    await mustRun(lab, "node2", "systemctl restart docker", 240);
    await lab.reboot("node1");
    await lab.settled("node1");
    await expect
      .poll(() => mustRun(lab, "node1", "docker exec web ip -o -4 addr; docker exec db ip -o -4 addr"), {
        timeout: 120_000,
        interval: 3_000,
      })
      .toMatch(/\.150\/24[\s\S]*\.151\/24/);
    await prove("after a restart");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await ok(stack.destroy());
    await onEach(async (name) => {
      await mustRun(lab, name, `docker rm --force ${Object.keys(hosts[name].containers).join(" ")}`, 120);
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await mustRun(lab, name, "ls -d /etc/hostnet /run/hostnet 2>/dev/null || true")).toBe("");
    });
  });
});
