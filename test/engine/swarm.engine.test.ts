import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lossBetween } from "../lab/containers.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { type Name, names, program } from "../lab/swarm.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const onAll = async (work: (name: Name) => Promise<unknown>) => {
  await Promise.all(names.map(work));
};
// Not every kernel has ESP; those of the lab's machines do.
const swarm = (members: readonly Name[] = ["node2", "node3"]) => program(undefined, { members, encrypted: false });

describe.skipIf(noDocker)(`a swarm of three hosts with Docker (T7)${noDocker ? ` (${noDocker})` : ""}`, () => {
  let lan: Lan;
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};
  const must = async (name: Name, script: string) => (await mustRun(lan, name, script)).trim();

  beforeAll(async () => {
    lan = await startLan({ node1: "ens33", node2: "ens33", node3: "ens33" });
    await onAll(async (name) => {
      // A swarm leaves its bridge for services behind, and Docker's rules stand in another order after its restart.
      await must(name, "docker swarm init --advertise-addr 127.0.0.1 && docker swarm leave --force");
      await must(name, "systemctl restart docker");
      await must(name, "docker run --detach --restart always --stop-signal KILL --name box busybox:lab sleep 99999");
      before[name] = await lan.snapshot(name);
    });
    stack = await newStack({ project: swarm(), hosts: lan.hosts() });
  });
  afterAll(async () => {
    await stack?.remove();
    await lan?.stop();
  });

  /** Each container reaches both others through the overlay, and nothing is left to do. */
  async function prove(what: string) {
    await onAll(async (name) => {
      for (const other of names.filter((one) => one !== name)) {
        const address = `10.22.1.1${other.slice(-1)}`;
        // Whoever has just come back is known to the others some moments later.
        await expect.poll(() => lossBetween(lan, name, "box", address), { timeout: 40_000, message: what }).toBe(0);
      }
    });
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("up makes it, attaches on all hosts at once (trap 73), and shows no token", async () => {
    expect((await ok(stack.preview())).text).toContain("docker swarm init");
    const { text } = await ok(stack.up());
    expect(text).not.toContain("SWMTKN");
    await prove("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await must("node2", "docker network disconnect ov_net1 box");
    await must("node3", "docker restart box");
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ create: 1 });
    expect(summary).not.toHaveProperty("update");
    await ok(stack.up());
    await prove("after a repair");
  });

  test("an engine that does not run is called by that", async () => {
    await must("node3", "systemctl stop docker");
    const { status, text } = await stack.preview();
    await must("node3", "systemctl start docker");
    expect(status, text).not.toBe(0);
    expect(text).toContain("node3: `docker` does not answer: Cannot connect to the Docker daemon");
    // What `docker info` says of its own format then.
    expect(text).not.toContain("template:");
  });

  test("a manager is lost, and another whose leave would lose the quorum stays", async () => {
    const nodes = () => must("node1", "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'");
    await must("node1", "docker node promote node3");
    await expect.poll(nodes, { timeout: 30_000 }).toContain("node3 Reachable");
    // Its cable, not that of SSH.
    await lan.run("switch", "ip link set node3 down");
    await expect.poll(nodes, { timeout: 30_000 }).toContain("node3 Unreachable");
    await stack.program(swarm(["node3"]));
    const { status, text } = await stack.up();
    expect(status, text).not.toBe(0);
    expect(text).toMatch(/managers are reachable, and removing node2 loses the quorum/);
    await lan.run("switch", "ip link set node3 up");
    await expect.poll(nodes, { timeout: 30_000 }).toContain("node3 Reachable");
    await must("node1", "docker node demote node3");
    await stack.program(swarm());
    await ok(stack.up());
    await prove("with all again");
  });

  test("destroy ends it with its last manager, and leaves each host as it was", async () => {
    await ok(stack.destroy());
    await onAll(async (name) => expect(lasting(await lan.snapshot(name))).toEqual(lasting(before[name] ?? [])));
  });
});
