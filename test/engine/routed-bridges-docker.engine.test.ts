import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { addressOf, sourceSeen, startListener } from "../lab/listeners.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const names = ["node1", "node2"] as const;
type Name = (typeof names)[number];
const addresses = { node1: "192.168.100.135", node2: "192.168.100.136" };
const onEach = <T>(work: (name: Name) => Promise<T>): Promise<T[]> => Promise.all(names.map(work));

describe.skipIf(noDocker)(`the example routed-bridges with Docker (T12)${noDocker ? ` (${noDocker})` : ""}`, () => {
  let lan: Lan;
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};
  const must = (name: Name, script: string) => mustRun(lan, name, script);

  beforeAll(async () => {
    lan = await startLan({ node1: "ens33", node2: "ens33" });
    await mustRun(lan, "switch", "ip address add 192.168.100.2/24 dev lan0");
    await onEach(async (name) => {
      await must(name, `ip link set ens33 up; ip address add ${addresses[name]}/24 dev ens33`);
      await must(name, "ip route add default via 192.168.100.2");
      // Docker's bridge is another after its first container, and its rules stand in another order after a restart.
      await must(name, "docker run --rm busybox:lab sleep 3; systemctl restart docker");
      before[name] = await lan.snapshot(name);
    });
    stack = await newStack({ project: { folder: join(repository, "examples", "routed-bridges") }, hosts: lan.hosts() });
  });
  afterAll(async () => {
    await stack?.remove();
    await lan?.stop();
  });

  /** Every container reaches that of the other host, which sees the very address that the first one has. */
  async function prove(what: string) {
    const there = () => onEach((name) => addressOf(lan, name, "box"));
    await expect.poll(there, { timeout: 30_000 }).toEqual(names.map(() => expect.stringMatching(/^10\.\d+\.0\.\d+$/)));
    const [one = "", two = ""] = await there();
    expect(await sourceSeen(lan, "node1", "box", two), what).toBe(one);
    expect(await sourceSeen(lan, "node2", "box", one), what).toBe(two);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("preview shows what would run on both hosts, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("ip -4 route replace 10.200.0.0/24 via 192.168.100.136 proto 104");
    expect(text).toContain("restarts Docker");
    await onEach(async (name) => expect(await lan.snapshot(name)).toEqual(before[name]));
  });

  test("up joins them: each container sees the other's own address (traps 56 and 68)", async () => {
    await ok(stack.up());
    await onEach((name) => startListener(lan, name, "box"));
    await prove("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await must("node1", "iptables -w -D HOSTNET-F-routed-lab 1; iptables -w -P FORWARD ACCEPT");
    await must("node1", "ip route replace 10.200.0.0/24 via 192.168.100.2");
    await must("node2", "sysctl -w net.ipv4.ip_forward=0");
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: 4 });
    expect(text).toMatch(/policy\s*: "accept" => "drop"/);
    await ok(stack.up());
    await prove("after repair");
  });

  test("traps 50 and 67: all is as it was when Docker has started again", async () => {
    await onEach((name) => must(name, "systemctl restart docker"));
    const first = "iptables -w -t nat -S POSTROUTING | sed -n 2p";
    for (const name of names)
      await expect.poll(() => must(name, first), { timeout: 30_000 }).toContain("HOSTNET-M-routed-lab");
    await prove("after a restart of Docker");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onEach((name) => must(name, "docker rm --force box"));
    await ok(stack.destroy());
    await onEach(async (name) => {
      expect(lasting(await lan.snapshot(name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls -d /etc/hostnet 2>/dev/null || true")).toBe("");
    });
  });
});
