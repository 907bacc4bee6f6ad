import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { lossBetween } from "./containers.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";
import { listener, sourceSeen, startListener } from "./listeners.ts";
import { life, sampler } from "./sampler.ts";

const folder = join(repository, "examples", "bridged-lan");
const source = readFileSync(join(folder, "index.ts"), "utf8");
const lab = labOf("bridged-lan");
/** The address of each host in the LAN, and that of its container. We come to them by the LAN, through its router. */
const hosts = {
  node1: { nic: "ens33", address: "192.168.1.102", box: "192.168.1.150" },
  node2: { nic: "ens32", address: "192.168.1.103", box: "192.168.1.151" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const router = "192.168.1.1";

const must = (name: Name | "node3", script: string, timeoutSeconds?: number) =>
  mustRun(lab, name, script, timeoutSeconds);
const onEach = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};
const start = async (name: Name) => {
  await startListener(lab, name, "box", `--network lan --ip ${hosts[name].box}`);
};

life("bridged-lan", "containers in the LAN of their hosts (T1), their whole life on two machines and a router", () => {
  const { beforehand, sometimes } = sampler("bridged-lan", 3);
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onEach(async (name) => {
      // Docker's rules stand in another order after its restart.
      await must(name, "systemctl restart docker", 240);
      before[name] = await snapshotOf(lab, name);
    });
    const listens = listener.replace("netstat", "busybox netstat");
    await must("node3", `setsid busybox ${listens} >/dev/null 2>&1 </dev/null &`);
    const endpoint = (name: Name) => lab.endpoint(name, { via: "node3", nic: hosts[name].nic });
    const inventory = Object.fromEntries(names.map((name) => [name, { ...endpoint(name), connectTimeout: 30 }]));
    stack = await newStack({ project: { folder }, hosts: inventory });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** Every container reaches every machine and container of the LAN, and is reached, when nobody remembers who is where. */
  async function prove(what: string) {
    for (const name of names)
      await expect
        .poll(() => must(name, "docker inspect --format '{{.State.Running}}' box"), {
          timeout: 120_000,
          interval: 2_000,
        })
        .toBe("true\n");
    const all = names.flatMap((name) => [hosts[name].address, hosts[name].box]);
    const pings = all.map((address) => `ping -n -c 2 -W 5 ${address} >/dev/null`);
    await must("node3", `ip neigh flush all; ${pings.join(" && ")}`);
    for (const name of names) {
      const { address, box } = hosts[name];
      const within = "nsenter --net --target $(docker inspect --format '{{.State.Pid}}' box)";
      await must(name, `ip neigh flush all; ${within} ip neigh flush all`);
      for (const other of [...all.filter((one) => one !== box), router])
        expect(await lossBetween(lab, name, "box", other), `${what}: box on ${name} to ${other}`).toBe(0);
      expect(await sourceSeen(lab, name, "box", router), `${what}: box on ${name}`).toBe(box);
      expect(await must(name, "ip -j addr show dev br0")).toContain(address);
    }
  }

  async function isSettled(what: string) {
    await prove(what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  beforehand("preview marks what touches the way of SSH, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("ip link set dev ens33 master br0  # carries SSH");
    expect(text).toContain("ip link set dev ens32 master br0  # carries SSH");
    expect(text).toContain("--gateway 192.168.1.1 --ip-range 192.168.1.208/28");
    expect(text).not.toMatch(/up will fail|matches nothing/);
    await onEach(async (name) => expect(await snapshotOf(lab, name)).toEqual(before[name]));
  });

  test("up puts containers into the LAN, and the next preview is empty", async () => {
    await ok(stack.up());
    await onEach(start);
    await isSettled("after up");
  });

  sometimes("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await must("node1", "iptables -w -D HOSTNET-F-lan-lan 1");
    await must("node2", "docker rm --force box && docker network rm lan", 120);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ create: 1, update: 1 });
    expect(text).toContain("docker network create --driver bridge --subnet 192.168.1.0/24");
    await ok(stack.up());
    await start("node2");
    await isSettled("after repair");
  });

  sometimes("a reboot brings it back", async () => {
    await onEach(async (name) => {
      await lab.reboot(name);
      await lab.settled(name);
    });
    await isSettled("after a reboot");
  });

  sometimes("a host leaves, with its address on its NIC again, and joins", async () => {
    const alone = source.replace(', node2: { nic: "ens32" }', "");
    expect(alone).not.toBe(source);
    await must("node2", "docker rm --force box", 120);
    await stack.program({ typescript: alone });
    // A bridge, a set of rules and a network.
    expect((await ok(stack.up())).summary).toMatchObject({ delete: 3 });
    expect(lasting(await snapshotOf(lab, "node2"))).toEqual(lasting(before.node2 ?? []));
    expect(await lossBetween(lab, "node1", "box", hosts.node2.address)).toBe(0);
    await stack.program({ folder });
    await ok(stack.up());
    await start("node2");
    await isSettled("with it again");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onEach(async (name) => {
      await must(name, "docker rm --force box", 120);
    });
    await ok(stack.destroy());
    await onEach(async (name) => {
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls /etc/hostnet /etc/systemd/system/hostnet.service 2>/dev/null || true")).toBe("");
    });
  });
});
