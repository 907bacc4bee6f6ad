import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { lossBetween } from "./containers.ts";
import { begin, mustRun, snapshotOf, testLab } from "./lab.ts";
import { type Name, names, program } from "./swarm.ts";

const machines = names.map((name) => `  ${name}: { nics: { ens33: { switch: s1 } } }\n`).join("");
/** Debian 13 has Docker 26, whose command line is a package of its own there. */
const guests = {
  "Debian 12": testLab("swarm", `hosts:\n${machines}`),
  "Debian 13": testLab("swarm-26", `image: trixie\npackages: [docker-cli]\nhosts:\n${machines}`),
};
const onAll = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};

const where = full ? "" : " (skipped: three machines, half an hour each under emulation; npm run test:full)";

describe.skipIf(!full).each(Object.entries(guests))(
  `a swarm of three machines with %s, its whole life (T7)${where}`,
  (_, lab) => {
    const must = async (name: Name, script: string) => (await mustRun(lab, name, script, 240)).trim();
    let stack: Stack;
    const before: Partial<Record<Name, string[]>> = {};
    const nodes = () =>
      must("node1", "docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}' | sort");
    const rests = async () => {
      const { summary, text } = await ok(stack.preview());
      expect(Object.keys(summary), text).toEqual(["same"]);
    };
    const all = async (loss: number) => {
      for (const to of ["10.22.1.12", "10.22.1.13"]) expect(await lossBetween(lab, "node1", "box", to), to).toBe(loss);
    };

    beforeAll(async () => {
      await begin(lab);
      await onAll(async (name) => {
        // A swarm leaves its bridge for services behind.
        await must(name, "docker swarm init --advertise-addr 127.0.0.1 && docker swarm leave --force");
        await must(name, "docker run --detach --restart always --name box busybox:lab sleep 99999");
        before[name] = await snapshotOf(lab, name);
      });
      stack = await newStack({ project: program(undefined), hosts: lab.hosts() });
    });
    afterAll(() => stack?.remove());

    test("a port that is closed is named before Docker is touched", async () => {
      await must("node1", "iptables -I INPUT -p tcp --dport 7946 -s 192.168.50.3 -j DROP");
      const { status, text } = await stack.up();
      expect(status).not.toBe(0);
      expect(text).toContain("192.168.50.1 does not answer at 7946/tcp");
      expect(await must("node3", "docker info --format '{{.Swarm.LocalNodeState}}'")).toBe("inactive");
      await must("node1", "iptables -D INPUT -p tcp --dport 7946 -s 192.168.50.3 -j DROP");
    });

    test("up makes it, attaches on all hosts at once (trap 73), and shows no token", async () => {
      const watch = `for t in $(seq 300); do cat /proc/[0-9]*/cmdline 2>/dev/null | grep -a -c SWMTKN; sleep 0.2; done`;
      const watched = must("node3", `{ ${watch}; } | sort -n | tail -n 1`);
      const { text } = await ok(stack.up());
      expect(text).not.toContain("SWMTKN");
      // The watcher's own shell holds the word it looks for.
      expect(Number(await watched)).toBeLessThanOrEqual(3);
      expect(await must("node3", "grep -rl SWMTKN /etc/hostnet /run/hostnet* 2>/dev/null || :")).toBe("");
      await all(0);
      await rests();
    });

    test("traps 63 and 72: what is longer than the MTU inside is refused there, not lost below", async () => {
      const mtu = await must(
        "node1",
        "docker exec box ip -o link | sed -n 's/.* mtu \\(1[0-9]*\\) .*/\\1/p' | sort -n | head -1",
      );
      expect(mtu).toBe("1324");
      const ping = `docker exec box ping -c 3 -W 3 -s ${Number(mtu) - 28} 10.22.1.12`;
      expect(await must("node1", ping)).toContain(" 0% packet loss");
    });

    test("a node is promoted, drained and labelled in place, and let go as it was", async () => {
      await stack.program(program({ role: "manager", availability: "drain", labels: { rack: "2" } }));
      await ok(stack.up());
      expect(await nodes()).toContain("node3 Ready Drain Reachable");
      await rests();
      await must("node1", "docker node update --availability active --label-rm rack node3");
      expect((await ok(stack.preview({ diff: true }))).summary).toMatchObject({ update: 1 });
      await ok(stack.up());
      await rests();
      await stack.program(program(undefined));
      await ok(stack.up());
      expect(await nodes()).toContain("node3 Ready Active \n".trimEnd());
    });

    test("it is there after a reboot of a worker, with its containers", async () => {
      await lab.reboot("node3");
      await expect.poll(nodes, { timeout: 180_000, interval: 5_000 }).not.toContain("Down");
      await rests();
      await all(0);
    });

    test("tokens that were rotated change nothing of those who are in", async () => {
      await must("node1", "docker swarm join-token --rotate --quiet worker >/dev/null");
      await ok(stack.up());
      await rests();
    });

    test("a manager whose leave would lose the quorum stays", async () => {
      await must("node1", "docker node promote node3");
      await expect.poll(nodes, { timeout: 60_000, interval: 2_000 }).toContain("node3 Ready Active Reachable");
      // Its cable, not its Docker: where that does not answer an up ends before anything else.
      await lab.cut("node3:ens33");
      await expect.poll(nodes, { timeout: 60_000, interval: 2_000 }).toMatch(/node3 .* Unreachable/);
      await stack.program(program(undefined, { members: ["node3"] }));
      const { status, text } = await stack.up();
      expect(status, text).not.toBe(0);
      expect(text).toMatch(/managers are reachable, and removing node2 loses the quorum/);
      await lab.mend("node3:ens33");
      await expect.poll(nodes, { timeout: 60_000, interval: 2_000 }).toContain("node3 Ready Active Reachable");
      await must("node1", "docker node demote node3");
      await stack.program(program(undefined));
      await ok(stack.up());
      await rests();
    });

    test("who leaves is down among the nodes until it is said to have departed", async () => {
      const left = { members: ["node2"] as const };
      await stack.program(program(undefined, left));
      await ok(stack.up());
      await expect.poll(nodes, { timeout: 60_000, interval: 2_000 }).toContain("node3 Down");
      await rests();
      await stack.program(program(undefined, { ...left, swarm: { departed: ["node3"] } }));
      await ok(stack.up());
      expect(await nodes()).not.toContain("node3");
    });

    test("destroy ends it with its last manager, and leaves each host as it was", async () => {
      await ok(stack.destroy());
      await onAll(async (name) => {
        expect(await snapshotOf(lab, name)).toEqual(before[name]);
      });
    });
  },
);
