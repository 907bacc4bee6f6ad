import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sleep } from "../../lab/run.ts";
import { connect } from "../../provider/host/connection.ts";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { some } from "../seed.ts";
import { lossBetween } from "./containers.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";
import { sampler } from "./sampler.ts";

const folder = join(repository, "examples", "bridge-lan");
const lab = labOf("bridge-lan");
/**
 * Where each host's address is, and from which other host we come to it: so SSH comes by the LAN. `box` is the address
 * of its container on the Docker network of the VLAN.
 */
const hosts = {
  node1: { nic: "ens33", via: "node2", renderer: "systemd-networkd", address: "192.168.1.102", box: "172.16.11.102" },
  node2: { nic: "ens32", via: "node3", renderer: "networking", address: "192.168.1.103", box: "172.16.11.103" },
  node3: { nic: "ens33", via: "node1", renderer: "NetworkManager", address: "192.168.1.104", box: "172.16.11.104" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const settings = (name: Name) => lab.endpoint(name, { via: hosts[name].via, nic: hosts[name].nic });
const onAll = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};
const must = (name: Name, script: string, timeoutSeconds?: number) => mustRun(lab, name, script, timeoutSeconds);

describe("a bridge takes over the NIC that carries SSH (T1), on hosts of three renderers", () => {
  const { beforehand, sometimes } = sampler("bridge-lan", 4);
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};
  const after: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onAll(async (name) => {
      before[name] = await snapshotOf(lab, name);
    });
    const inventory = Object.fromEntries(names.map((name) => [name, { ...settings(name), connectTimeout: 30 }]));
    stack = await newStack({ project: { folder }, hosts: inventory });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** Every host and every container reaches every other, with an empty memory of who is where. */
  const prove = () =>
    onAll(async (name) => {
      const others = names.filter((other) => other !== name).map((other) => hosts[other]);
      const pings = others.map(({ address }) => `ping -n -c 2 -W 5 ${address} >/dev/null`);
      await must(name, `ip neigh flush all; ${pings.join(" && ")}`);
      expect(await must(name, "ip -j addr show dev br0")).toContain(hosts[name].address);
      for (const { box } of others) expect(await lossBetween(lab, name, "box", box), `${name} to ${box}`).toBe(0);
    });

  async function isSettled(what: string) {
    await prove();
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
    await onAll(async (name) => {
      expect(await must(name, "systemctl is-enabled hostnet; systemctl is-failed hostnet || true"), what).toMatch(
        /^enabled\n(in)?active\n$/,
      );
    });
  }

  beforehand("preview marks what touches the way of SSH, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("ip link set dev ens33 master br0  # carries SSH");
    await onAll(async (name) => expect(await snapshotOf(lab, name)).toEqual(before[name]));
  });

  /** The hosts go down and come back as they were: by a reboot, a loss of power, or both. */
  async function goDown() {
    const there = await Promise.all(names.map((name) => snapshotOf(lab, name)));
    const ways = { reboot: (name: Name) => lab.reboot(name), power: (name: Name) => lab.reset(name) };
    for (const way of some(["reboot", "power"] as const, 1, "how the hosts go down")) {
      await onAll(async (name) => {
        await ways[way](name);
        await lab.settled(name);
      });
      await isSettled(`after ${way}`);
      const back = await Promise.all(names.map((name) => snapshotOf(lab, name)));
      expect(back.map(lasting)).toEqual(there.map(lasting));
    }
  }

  test("up moves it, and the next preview is empty", async () => {
    await ok(stack.up());
    // As Docker would start it again after a boot: only if its network finds its parent.
    await onAll(async (name) => {
      const run = "docker run --detach --name box --restart always --stop-signal KILL --network mac_net11";
      await must(name, `${run} --ip ${hosts[name].box} busybox:lab sleep 99999`, 240);
    });
    await isSettled("after up");
    await onAll(async (name) => {
      after[name] = await snapshotOf(lab, name);
      const [line] = (await must(name, "ls -d /run/hostnet-*/undo 2>/dev/null || true")).split("\n");
      expect(line).toBe("");
    });
  });

  sometimes("traps 36 to 39 and 77: a restart of the renderer takes nothing away", async () => {
    await onAll(async (name) => {
      await must(name, `systemctl restart ${hosts[name].renderer}`, 120);
    });
    // What they would take away they take within a moment of having started: there is nothing to wait for but time.
    await sleep(5000);
    await isSettled("after a restart of the renderer");
    await onAll(async (name) => expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(after[name] ?? [])));
  });

  sometimes("a reboot and a loss of power bring it back", goDown);

  sometimes("a change is made, and a reboot and a loss of power bring it back", async () => {
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const changed = source
      .replace("inheritFrom: nic", "inheritFrom: nic, ageing: 100")
      .replace("vlanId: 10", "vlanId: 10, mtu: 1400");
    await stack.program({ typescript: changed });
    const { text } = await ok(stack.up());
    expect(text).toContain("ageing_time 10000");
    expect(text).toContain("ip link set dev ens33.10 mtu 1400");
    await isSettled("after a change");
    await goDown();
    await stack.program({ folder });
    await ok(stack.up());
  });

  const lockout = "a change that locks out is undone by the host, and reported; a boot brings back what that left";
  sometimes(lockout, async () => {
    const there = await snapshotOf(lab, "node1");
    // What keeps the renderer's hands off.
    const told = () => must("node1", "ls /etc/systemd/network /run/systemd/network 2>/dev/null || true");
    const toldBefore = await told();
    expect(toldBefore).toContain("00-hostnet-br0.network");
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const wrong = 'inheritFrom: nic, ...(host === "node1" && { addresses: ["10.99.0.2/24"] }) });';
    await stack.program({ typescript: source.replace("inheritFrom: nic });", wrong) });
    const { status, text } = await stack.up();
    expect(status).not.toBe(0);
    expect(text).toContain("undone by node1 itself, which is as it was before");
    const conversation = await connect("node1", { ...settings("node1"), connectTimeout: 30, gone: false });
    conversation.close();
    expect(await snapshotOf(lab, "node1")).toEqual(there);
    expect(await told()).toBe(toldBefore);
    await stack.program({ folder });
    await goDown();
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onAll((name) => must(name, "docker rm --force box", 120).then(() => {}));
    await ok(stack.destroy());
    await onAll(async (name) => {
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls /etc/hostnet /etc/systemd/system/hostnet.service 2>/dev/null || true")).toBe("");
    });
  });
});
