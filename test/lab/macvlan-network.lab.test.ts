import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contains } from "../../provider/schema/net.ts";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { lossBetween } from "./containers.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";
import { addressOf, sourceSeen, startListener } from "./listeners.ts";
import { life, sampler } from "./sampler.ts";

const folder = join(repository, "examples", "macvlan-network");
const source = readFileSync(join(folder, "index.ts"), "utf8");
const lab = labOf("macvlan-network");
/** The address of each host among the containers, that of a container of its own, and the range of the others. */
const hosts = {
  node1: { nic: "ens33", access: "10.0.0.201", box: "10.0.0.11", range: "10.0.0.128/28" },
  node2: { nic: "ens32", access: "10.0.0.202", box: "10.0.0.12", range: "10.0.0.144/28" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];

const must = (name: Name, script: string, timeoutSeconds?: number) => mustRun(lab, name, script, timeoutSeconds);
const onEach = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};

life("macvlan-network", "one macvlan network (T3), its whole life on two machines", () => {
  const { beforehand, sometimes, fully } = sampler("macvlan-network", 3);
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onEach(async (name) => {
      // Docker's rules stand in another order after its restart.
      await must(name, "systemctl restart docker", 240);
      before[name] = await snapshotOf(lab, name);
    });
    stack = await newStack({ project: { folder }, hosts: { ...lab.hosts() } });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** Two containers on each host: one with a fixed address, and one with an address of the engine's choice. */
  const startAll = () =>
    onEach(async (name) => {
      await startListener(lab, name, "box", `--network mac_net1 --ip ${hosts[name].box}`);
      await startListener(lab, name, "any", "--network mac_net1");
    });

  /** Containers reach each other across the hosts, and hosts reach all of them with the address that they have there. */
  async function prove(what: string) {
    const all: string[] = [];
    for (const name of names) {
      const { box, range } = hosts[name];
      // After a boot Docker may need a moment.
      const chosen = () => addressOf(lab, name, "any");
      await expect.poll(chosen, { timeout: 120_000, interval: 2_000 }).toMatch(/^10\.0\.0\.\d+$/);
      const any = await chosen();
      expect(contains(range, any), `${what}: ${any} on ${name}`).toBe(true);
      // Emulated, each of these takes seconds.
      all.push(box, ...(full ? [any] : []));
    }
    for (const name of names) {
      for (const address of all.filter((one) => one !== hosts[name].box))
        expect(await lossBetween(lab, name, "box", address), `${what}: box on ${name} to ${address}`).toBe(0);
      // Traps 25 and 71: its own containers too.
      for (const address of all)
        expect(await sourceSeen(lab, name, undefined, address), `${what}: ${name} to ${address}`).toBe(
          hosts[name].access,
        );
    }
  }

  async function isSettled(what: string) {
    await prove(what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  beforehand("preview shows what would run on both hosts, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("ip link set dev ens33 promisc on");
    expect(text).toContain("docker network create --driver macvlan --subnet 10.0.0.0/24 --gateway 10.0.0.1");
    expect(text).toMatch(/ip link add link ens32 name mac_net1 address \S+ type macvlan mode bridge/);
    expect(text).toContain("ip address add 10.0.0.202/32 dev mac_net1");
    expect(text).toContain("ip -4 route replace 10.0.0.128/28 dev mac_net1 proto 104 src 10.0.0.202");
    expect(text).toContain("ip -4 route replace 10.0.0.0/24 dev mac_net1 proto 104 metric 30000 src 10.0.0.201");
    expect(text).toContain("sysctl -w net.ipv4.conf.ens33.arp_ignore=1");
    expect(text).not.toMatch(/up will fail|is down/);
    await onEach(async (name) => expect(await snapshotOf(lab, name)).toEqual(before[name]));
  });

  test("up makes it, containers and hosts reach each other, and the next preview is empty", async () => {
    await ok(stack.up());
    await startAll();
    await isSettled("after up");
  });

  fully("who has a host's address, its own link answers and not its parent", async () => {
    const mac = (await must("node1", "cat /sys/class/net/mac_net1/address")).trim();
    for (const name of names) {
      const within = `nsenter --net --target $(docker inspect --format '{{.State.Pid}}' box) ip neigh`;
      await must(name, `${within} flush all; docker exec box ping -c 1 -W 5 ${hosts.node1.access} >/dev/null`);
      expect(await must(name, `${within} show ${hosts.node1.access}`)).toContain(mac);
    }
  });

  fully("trap 22: a second network on the same parent is refused at preview, where the engine would", async () => {
    const second = `new hostnet.DockerNetwork("second", {
  ...{ host: "node1", name: "mac_net2", driver: "macvlan", parent: "ens33" },
  subnets: [{ subnet: "10.0.1.0/24", gateway: "10.0.1.1" }],
});`;
    await stack.program({ typescript: `${source}\n${second}\n` });
    const { status, text } = await stack.preview();
    expect(status, text).not.toBe(0);
    expect(text).toContain("parent ens33 carries the macvlan network mac_net1 already, and Docker 20.10");
    await stack.program({ folder });
  });

  sometimes("preview shows exactly what was changed by hand, and up repairs it", async () => {
    // With the link goes all that was set on it; with the address the routes that speak from it.
    await must("node1", "ip link delete mac_net1; ip link set ens33 promisc off");
    await must("node2", "ip address add 10.0.0.212/32 dev mac_net1 && ip address delete 10.0.0.202/32 dev mac_net1");
    const { summary, text } = await ok(stack.preview({ diff: true }));
    // The link, its setting and three routes on node1, three routes on node2; a NIC and a link with another address.
    expect(summary, text).toMatchObject({ create: 5 + 3, update: 2 });
    expect(summary).not.toHaveProperty("delete");
    expect(text).toMatch(/promiscuous\s*: false => true/);
    expect(text).toContain("ip address delete 10.0.0.212/32 dev mac_net1");
    expect(text).toMatch(/ip link add link ens33 name mac_net1 address \S+ type macvlan mode bridge/);
    await ok(stack.up());
    await isSettled("after repair");

    await must("node2", "ip route delete 10.0.0.0/24 dev mac_net1 metric 30000");
    await must("node2", "sysctl -w net.ipv4.conf.ens32.arp_ignore=0");
    expect((await ok(stack.preview())).summary).toMatchObject({ create: 1, update: 1 });
    await ok(stack.up());
    await isSettled("after another repair");
  });

  sometimes("a reboot brings it back", async () => {
    await onEach(async (name) => {
      await lab.reboot(name);
      await lab.settled(name);
    });
    await isSettled("after a reboot");
  });

  sometimes("a host leaves its place among the containers, and takes it again", async () => {
    const without = source.replace(', access: "10.0.0.202"', "");
    expect(without).not.toBe(source);
    await stack.program({ typescript: without });
    // A link, what was set on it and on its parent, and three routes.
    expect((await ok(stack.up())).summary).toMatchObject({ delete: 6 });
    expect(await must("node2", "ip link show mac_net1 2>&1 || true")).toContain("does not exist");
    expect(await must("node2", "ip route show proto 104; cat /proc/sys/net/ipv4/conf/ens32/arp_ignore")).toBe("0\n");
    expect(await lossBetween(lab, "node2", "box", hosts.node1.box)).toBe(0);
    await stack.program({ folder });
    await ok(stack.up());
    await isSettled("with its address again");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onEach(async (name) => {
      await must(name, "docker rm --force box any", 120);
    });
    await ok(stack.destroy());
    await onEach(async (name) => {
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls /etc/hostnet /etc/systemd/system/hostnet.service 2>/dev/null || true")).toBe("");
    });
  });
});
