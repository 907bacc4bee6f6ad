import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { lossBetween, startContainer } from "./containers.ts";
import { begin, labOf, snapshotOf } from "./lab.ts";
import { life, sampler } from "./sampler.ts";

const folder = join(repository, "examples", "macvlan-trunk");
const lab = labOf("macvlan-trunk");
const hosts = ["node1", "node2"] as const;
/** Address of a container: its network's and, by host, .11 on the first and .12 on the second. */
const containers = hosts.flatMap((host, i) =>
  [11, 12].map((network) => ({
    host,
    name: `box${network}`,
    network: `mac_net${network}`,
    ip: `172.16.${network}.${11 + i}`,
  })),
);
const startAll = () =>
  Promise.all(
    hosts.map(async (host) => {
      for (const { name, network, ip } of containers.filter((c) => c.host === host))
        await startContainer(lab, host, name, network, ip);
    }),
  );
const removeAll = () =>
  Promise.all(hosts.map((host) => lab.run(host, "docker rm --force box11 box12", { timeoutSeconds: 120 })));

life("macvlan-trunk", "macvlan networks over an 802.1Q trunk (T4), their whole life on two machines", () => {
  const { beforehand, sometimes } = sampler("macvlan-trunk", 3);
  let stack: Stack;
  const before: Record<string, string[]> = {};

  beforeAll(async () => {
    await begin(lab);
    for (const host of hosts) before[host] = await snapshotOf(lab, host);
    stack = await newStack({ project: { folder }, hosts: { ...lab.hosts() } });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** Containers of one VLAN reach each other across the hosts, those of two VLANs nowhere. */
  async function prove() {
    expect(await lossBetween(lab, "node1", "box11", "172.16.11.12")).toBe(0);
    expect(await lossBetween(lab, "node2", "box12", "172.16.12.11")).toBe(0);
    expect(await lossBetween(lab, "node1", "box11", "172.16.12.12")).toBe(100);
    expect(await lossBetween(lab, "node2", "box12", "172.16.11.11")).toBe(100);
  }

  beforehand("preview shows what would run on both hosts, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("ip link add link ens33 name ens33.10 type vlan protocol 802.1Q id 10");
    expect(text).toContain("ip link add link ens32 name ens32.20 type vlan protocol 802.1Q id 20");
    expect(text).toContain("docker network create --driver macvlan --subnet 172.16.11.0/24");
    for (const host of hosts) expect(await snapshotOf(lab, host)).toEqual(before[host]);
  });

  test("up makes the networks, and containers reach each other in their VLAN only", async () => {
    await ok(stack.up());
    await startAll();
    await prove();
  });

  test("the next preview is empty", async () => {
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), text).toEqual(["same"]);
  });

  sometimes("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await removeAll();
    const byHand = [
      lab.run("node2", "ip link delete ens32.20"),
      lab.run("node1", "ip link set ens33.10 mtu 1400; docker network rm mac_net12", { timeoutSeconds: 60 }),
    ];
    for (const { status, stderr } of await Promise.all(byHand)) expect(status, stderr).toBe(0);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ create: 2, update: 1 });
    expect(text).toMatch(/mtu\s*: 1400 => 1500/);
    expect(text).toContain("ip link set dev ens33.10 mtu 1500");
    expect(text).toContain("ip link add link ens32 name ens32.20 type vlan protocol 802.1Q id 20");
    expect(text).toContain("docker network create --driver macvlan --subnet 172.16.12.0/24");
    await ok(stack.up());
    await startAll();
    await prove();
    expect(Object.keys((await ok(stack.preview())).summary)).toEqual(["same"]);
  });

  sometimes("a network in use is not deleted, and its containers are named", async () => {
    const { status, text } = await stack.destroy();
    expect(status).not.toBe(0);
    expect(text).toContain(
      "DockerNetwork mac_net11 on node1: in use by box11: to delete it, stop or disconnect them first",
    );
    await ok(stack.up());
  });

  sometimes("the program changes: another MTU, one VLAN more, one VLAN less", async () => {
    await removeAll();
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const changed = source
      .replaceAll("mac_net12", "mac_net13")
      .replaceAll("172.16.12.", "172.16.13.")
      .replace("vlanId: 20", "vlanId: 30, mtu: 1400");
    await stack.program({ typescript: changed });
    const { text } = await ok(stack.up());
    expect(text).toContain("docker network rm mac_net12");
    for (const [host, nic] of [
      ["node1", "ens33"],
      ["node2", "ens32"],
    ] as const) {
      const { stdout } = await lab.run(host, `ip -d link show ${nic}.30; ip link show ${nic}.20 2>&1 || true`);
      expect(stdout).toContain("mtu 1400");
      expect(stdout).toContain("vlan protocol 802.1Q id 30");
      expect(stdout).toContain("does not exist");
    }
    expect(Object.keys((await ok(stack.preview())).summary)).toEqual(["same"]);
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await removeAll();
    await ok(stack.destroy());
    for (const host of hosts) expect(await snapshotOf(lab, host)).toEqual(before[host]);
  });
});
