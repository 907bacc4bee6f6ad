import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { lossBetween } from "../lab/containers.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { addressOf, sourceSeen, startListener } from "../lab/listeners.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { newStack, ok, type Stack } from "./stack.ts";

/** The address of each host among the containers, and that of a container of its own. */
const hosts = {
  node1: { nic: "ens33", access: "10.0.0.201", box: "10.0.0.11" },
  node2: { nic: "ens32", access: "10.0.0.202", box: "10.0.0.12" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const onEach = async (work: (name: Name) => Promise<unknown>) => {
  await Promise.all(names.map(work));
};

describe.skipIf(noDocker)(`the example macvlan-network with Docker (T3)${noDocker ? ` (${noDocker})` : ""}`, () => {
  let lan: Lan;
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    lan = await startLan({ node1: hosts.node1.nic, node2: hosts.node2.nic });
    await onEach(async (name) => {
      // Docker's bridge is another after its first container, and its rules stand in another order after its restart.
      await mustRun(lan, name, "docker run --rm busybox:lab sleep 3; systemctl restart docker");
      before[name] = await lan.snapshot(name);
    });
    stack = await newStack({
      project: { folder: join(repository, "examples", "macvlan-network") },
      hosts: lan.hosts(),
    });
  });
  afterAll(async () => {
    await stack?.remove();
    await lan?.stop();
  });

  /** Containers reach each other across the hosts, and hosts reach all of them with the address that they have there. */
  async function prove(what: string) {
    const all: string[] = names.map((name) => hosts[name].box);
    await onEach(async (name) => void all.push(await addressOf(lan, name, "any")));
    await onEach(async (name) => {
      const others = all.filter((one) => one !== hosts[name].box);
      const losses = await Promise.all(others.map((address) => lossBetween(lan, name, "box", address)));
      expect(losses, `${what}: box on ${name} to ${others.join()}`).toEqual(others.map(() => 0));
      // Traps 25 and 71: its own containers too.
      for (const address of all)
        expect(await sourceSeen(lan, name, undefined, address), `${what}: ${name} to ${address}`).toBe(
          hosts[name].access,
        );
    });
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("preview shows what would run on both hosts, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("docker network create --driver macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.1");
    expect(text).toMatch(/ip link add link ens32 name mac_net1 address \S+ type macvlan mode bridge/);
    await onEach(async (name) => expect(await lan.snapshot(name)).toEqual(before[name]));
  });

  test("up makes it, containers and hosts reach each other, and the next preview is empty", async () => {
    await ok(stack.up());
    await onEach(async (name) => {
      await startListener(lan, name, "box", `--network mac_net1 --ip ${hosts[name].box}`);
      await startListener(lan, name, "any", "--network mac_net1");
    });
    await prove("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await mustRun(lan, "node1", "ip link delete mac_net1; ip link set ens33 promisc off");
    await mustRun(
      lan,
      "node2",
      "ip address add 10.0.0.212/32 dev mac_net1 && ip address delete 10.0.0.202/32 dev mac_net1",
    );
    const { summary, text } = await ok(stack.preview({ diff: true }));
    // The link, its setting and three routes on node1, three routes on node2; a NIC and a link with another address.
    expect(summary, text).toMatchObject({ create: 5 + 3, update: 2 });
    expect(text).toMatch(/promiscuous\s*: false => true/);
    await ok(stack.up());
    await prove("after repair");
  });

  test("it lasts when containers and Docker start again", async () => {
    const again = { node1: "docker restart box any", node2: "systemctl restart docker" };
    await onEach((name) => mustRun(lan, name, again[name]));
    await prove("after a restart");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onEach((name) => mustRun(lan, name, "docker rm --force box any"));
    await ok(stack.destroy());
    await onEach(async (name) => {
      expect(lasting(await lan.snapshot(name))).toEqual(lasting(before[name] ?? []));
      expect(await mustRun(lan, name, "ls -d /etc/hostnet /run/hostnet 2>/dev/null || true")).toBe("");
    });
  });
});
