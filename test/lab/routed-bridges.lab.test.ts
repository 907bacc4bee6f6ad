import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep } from "../../lab/run.ts";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { some } from "../seed.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";
import { addressOf, sourceSeen, startListener } from "./listeners.ts";
import { life, sampler } from "./sampler.ts";

const folder = join(repository, "examples", "routed-bridges");
const source = readFileSync(join(folder, "index.ts"), "utf8");
const lab = labOf("routed-bridges");
const all = ["node1", "node2", "node3"] as const;
type Name = (typeof all)[number];
const two: readonly Name[] = ["node1", "node2"];
const third = `$1  node3: { address: "192.168.100.137", range: "10.30.0.1/24" },\n};`;

const must = (name: Name, script: string, timeoutSeconds?: number) => mustRun(lab, name, script, timeoutSeconds);
const onEach = async <T>(names: readonly Name[], work: (name: Name) => Promise<T>): Promise<T[]> =>
  Promise.all(names.map(work));

life("routed-bridges", "Docker's bridges joined by routes (T12), their whole life on two machines and three", () => {
  const { beforehand, sometimes } = sampler("routed-bridges", 5);
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onEach(all, async (name) => {
      // Docker's bridge is another after its first container, and its rules stand in another order after a restart.
      await must(name, "docker run --rm busybox:lab true; systemctl restart docker", 240);
      before[name] = await snapshotOf(lab, name);
    });
    stack = await newStack({ project: { folder }, hosts: { ...lab.hosts() } });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** Every container reaches that of every other host, which sees the very address that the first one has. */
  async function prove(names: readonly Name[], what: string) {
    const addresses = Object.fromEntries(
      await onEach(names, async (name) => {
        await expect
          .poll(() => addressOf(lab, name, "box"), { timeout: 120_000, interval: 2_000 })
          .toMatch(/^10\.\d+\.0\.\d+$/);
        return [name, await addressOf(lab, name, "box")] as const;
      }),
    );
    for (const from of names)
      for (const to of names.filter((name) => name !== from))
        expect(await sourceSeen(lab, from, "box", addresses[to] ?? ""), `${what}: ${from} to ${to}`).toBe(
          addresses[from],
        );
  }

  async function isSettled(names: readonly Name[], what: string) {
    await prove(names, what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  beforehand(
    "preview shows what would run on both hosts, misses nothing in the program, and changes nothing",
    async () => {
      const { text } = await ok(stack.preview());
      expect(text).toContain("ip -4 route replace 10.200.0.0/24 via 192.168.100.136 proto 104");
      expect(text).toContain("ip -4 route replace 10.100.0.0/24 via 192.168.100.135 proto 104");
      expect(text).toContain("restarts Docker");
      // Routes, ranges and rules come one after the other, and each is judged by all.
      expect(text).not.toMatch(/has no way back|is masqueraded|matches nothing|must be an address of/);
      await onEach(two, async (name) => expect(await snapshotOf(lab, name)).toEqual(before[name]));
    },
  );

  test("up joins them: each container sees the other's own address (traps 56 and 68)", async () => {
    await ok(stack.up());
    await onEach(two, (name) => startListener(lab, name, "box"));
    await isSettled(two, "after up");
  });

  sometimes("preview shows exactly what was changed by hand, and up repairs it", async () => {
    const swap = (table: string, chain: string) =>
      `rule=$(iptables -w -t ${table} -S ${chain} 1) && iptables -w -t ${table} -D ${chain} 1 && eval "iptables -w -t ${table} $rule"`;
    await Promise.all([
      // A rule deleted, and the next hop that the tutorial prints.
      must("node1", "iptables -w -D HOSTNET-F-routed-lab 1"),
      must("node1", "ip route replace 10.200.0.0/24 via 192.168.100.2"),
      // What Docker does with what no rule decides (trap 55).
      must("node1", "iptables -w -P FORWARD ACCEPT"),
      // Two rules swapped, and forwarding off.
      must("node2", swap("nat", "HOSTNET-M-routed-lab")),
      must("node2", "sysctl -w net.ipv4.ip_forward=0"),
    ]);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    // All else of two hosts with six resources each, the component and the stack.
    expect(summary, text).toEqual({ update: 5, same: 9 });
    expect(text).toContain("ip -4 route replace 10.200.0.0/24 via 192.168.100.136 proto 104");
    expect(text).toMatch(/policy\s*: "accept" => "drop"/);
    expect(text).toContain("iptables -w -P FORWARD DROP");
    expect(text).toMatch(/sysctl -w net\.ipv4\.ip_forward=1/);
    await ok(stack.up());
    await isSettled(two, "after repair");
  });

  sometimes(
    "traps 37, 50, 60, 67 and 77: all is as it was when the firewall, Docker or the renderer has started again",
    async () => {
      // It clears everybody's rules away, and Docker puts its own back when it starts again only.
      await onEach(two, (name) => must(name, "systemctl restart nftables && ! iptables-save | grep -q MASQUERADE", 60));
      await isSettled(two, "after a restart of the firewall");
      await onEach(two, (name) => must(name, "systemctl restart docker", 180));
      await isSettled(two, "after a restart of Docker");
      for (const name of two)
        expect(await must(name, "iptables -w -t nat -S POSTROUTING | sed -n 2p")).toContain("HOSTNET-M-routed-lab");
      await onEach(two, (name) => must(name, "systemctl restart systemd-networkd", 120));
      // What it would take away it takes within a moment of having started: there is nothing to wait for but time.
      await sleep(5000);
      await isSettled(two, "after a restart of the renderer");
    },
  );

  sometimes("a reboot brings it back", async () => {
    const chosen = some(two, 1, "which host of the routed bridges reboots");
    await onEach(chosen, async (name) => {
      await lab.reboot(name);
      await lab.settled(name);
    });
    await isSettled(two, `after a reboot of ${chosen.join(" and ")}`);
  });

  sometimes("another range: its host's Docker is restarted, and the other's is not", async () => {
    const since = () => must("node1", "docker inspect --format '{{.State.StartedAt}}' box");
    const started = await since();
    await stack.program({ typescript: source.replace("10.200.0.1/24", "10.201.0.1/24") });
    const { text } = await ok(stack.up());
    expect(text).toContain("ip -4 route replace 10.201.0.0/24 via 192.168.100.136 proto 104");
    expect(await since()).toBe(started);
    await isSettled(two, "after another range");
    expect(await must("node1", "ip route show proto 104")).not.toContain("10.200.0.0/24");
    await stack.program({ folder });
    await ok(stack.up());
  });

  sometimes("a host joins and leaves, and the others change by what concerns it", async () => {
    await stack.program({ typescript: source.replace(/(\n)\};/, third) });
    // Its policy, forwarding, daemon, rules and two routes, and a route to it from each of the others.
    expect((await ok(stack.up())).summary).toMatchObject({ create: 9 });
    await startListener(lab, "node3", "box");
    await isSettled(all, "with a third");
    await must("node3", "docker rm --force box");
    await stack.program({ folder });
    expect((await ok(stack.up())).summary).toMatchObject({ delete: 9 });
    await isSettled(two, "without the third");
    expect(await snapshotOf(lab, "node3")).toEqual(before.node3);
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onEach(two, (name) => must(name, "docker rm --force box"));
    await ok(stack.destroy());
    await onEach(two, async (name) => {
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls /etc/hostnet /etc/systemd/system/hostnet.service 2>/dev/null || true")).toBe("");
    });
  });
});
