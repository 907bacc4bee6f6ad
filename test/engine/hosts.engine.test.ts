import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, processesWith } from "../host/sshd.ts";
import { pluginsOf } from "./cli.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Setting, type Stack } from "./stack.ts";

/** A program that sets the MTU of the interface of each host; other properties as given. */
const program = (mtu: Record<string, number>, more: Record<string, Setting> = {}) => ({
  yaml: JSON.stringify({
    resources: Object.fromEntries(
      Object.entries(mtu).map(([host, value]) => [
        host,
        { type: "hostnet:Nic", properties: { host, name: "up0", mtu: value, ...(more[host] as object) } },
      ]),
    ),
  }),
});

describe.skipIf(noHosts)("several hosts", () => {
  let hosts: Record<"node1" | "node2", TestHost>;
  let stack: Stack;
  const settings = () => ({ node1: hosts.node1.settings, node2: hosts.node2.settings });
  const mtuOf = (host: TestHost) => Number(/mtu (\d+)/.exec(host.run("ip link show up0"))?.[1]);

  beforeAll(async () => {
    const given = "ip link add up0 type veth peer name peer0; ip link set up0 up; ip link set peer0 up";
    hosts = { node1: await startHost("node1", given), node2: await startHost("node2", given) };
    stack = await newStack({ project: program({ node1: 1400, node2: 1400 }), hosts: settings() });
  });
  afterAll(async () => {
    await stack?.remove();
    await hosts?.node1.stop();
    await hosts?.node2.stop();
  });

  test("one fails: the other's result is kept, the failed one is as it was, and the next up repeats it", async () => {
    // A multicast address: the kernel refuses it, after the commands before it have run.
    await stack.program(
      program({ node1: 1400, node2: 1400 }, { node2: { addresses: ["10.2.0.1/24", "ff02::77/64"] } }),
    );
    const { status, text } = await stack.up();
    expect(status).not.toBe(0);
    expect(text).toContain("Nic up0 on node2: ip address add ff02::77/64 dev up0 exited 2:");
    expect(text).toContain("what it had changed is undone");
    expect(mtuOf(hosts.node1)).toBe(1400);
    expect(mtuOf(hosts.node2)).toBe(1500);
    expect(hosts.node2.run("ip -4 address show up0")).not.toContain("10.2.0.1");
    const nics = (await stack.state()).filter(({ type }) => type === "hostnet:index:Nic");
    expect(nics.map(({ id }) => id)).toEqual(["node1/nic/up0"]);
    await stack.program(program({ node1: 1400, node2: 1400 }));
    const again = await ok(stack.up());
    expect(again.summary).toEqual({ create: 1, same: 2 });
    expect(mtuOf(hosts.node2)).toBe(1400);
  });

  test("a host that does not answer blocks neither the preview nor the up of the other", async () => {
    hosts.node1.run("ip link set up0 mtu 1300");
    await stack.configure({ hosts: { ...settings(), node2: { ...settings().node2, port: await freePort() } } });
    const preview = await ok(stack.preview());
    expect(preview.text).toMatch(/warning: node2 .*its resources are compared with the recorded state/);
    expect(preview.summary).toMatchObject({ update: 1 });
    await ok(stack.up());
    expect(mtuOf(hosts.node1)).toBe(1400);
  });

  test("a changed address breaks neither refresh nor destroy: the current configuration wins", async () => {
    await stack.configure({ hosts: settings() });
    await ok(stack.up());
    const moved = await startHost("moved", "ip link add up0 type veth peer name peer0; ip link set up0 mtu 1350");
    try {
      await stack.configure({ hosts: { ...settings(), node2: moved.settings } });
      expect((await ok(stack.refresh())).summary).toMatchObject({ update: 1 });
      await stack.configure({ hosts: settings() });
      await ok(stack.refresh());
    } finally {
      await moved.stop();
    }
  });

  test("the resources of a host that is gone for good can be deleted, and nothing else", async () => {
    const gone = { ...settings(), node2: { ...settings().node2, port: await freePort(), gone: true } };
    await stack.configure({ hosts: gone });
    const { text } = await stack.up({ args: ["--replace", "urn:pulumi:test::test::hostnet:index:Nic::node2"] });
    expect(text).toContain("host node2 is marked as gone");
    await stack.program(program({ node1: 1400 }));
    await ok(stack.up());
    expect((await stack.state()).filter(({ type }) => type === "hostnet:index:Nic")).toHaveLength(1);
    await stack.configure({ hosts: settings() });
  });

  test("the plugin ends with a killed CLI", async () => {
    const run = stack.start(["up", "--yes", "--skip-preview"]);
    await run.says(/Updating/);
    const plugins = () => processesWith("dist/plugin/main.mjs");
    while (pluginsOf(run).length === 0) await sleep(50);
    const mine = pluginsOf(run);
    run.process.kill("SIGKILL");
    await run.result;
    const limit = Date.now() + 20_000;
    while (plugins().some((pid) => mine.includes(pid)) && Date.now() < limit) await sleep(100);
    expect(plugins().filter((pid) => mine.includes(pid))).toEqual([]);
    await stack.cancel();
  });
});

describe.skipIf(noHosts)("a host that takes its time", () => {
  let host: TestHost;
  let stack: Stack;

  beforeAll(async () => {
    host = await startHost("slow", "ip link add up0 type veth peer name peer0", { slow: 0.6 });
    const project = program({ node1: 1380 }, { node1: { up: true, addresses: ["10.2.0.1/24"] } });
    stack = await newStack({ project, hosts: { node1: host.settings } });
  });
  afterAll(async () => {
    await stack?.remove();
    await host?.stop();
  });

  test("^C in the middle lets the group in flight finish, and the state knows of it", async () => {
    const run = stack.start(["up", "--yes", "--skip-preview"]);
    await run.says(/applying \d of 3/);
    expect(host.run("ip -4 address show up0")).not.toContain("10.2.0.1");
    run.interrupt("SIGINT");
    expect((await run.result).text).toContain("update canceled");
    expect(host.run("ip -4 address show up0")).toContain("10.2.0.1");
    const { resources = [], pending_operations: pending = [] } = await stack.deployment();
    expect(resources.filter(({ type }) => type === "hostnet:index:Nic").map(({ id }) => id)).toEqual(["node1/nic/up0"]);
    expect(pending).toEqual([]);
    expect((await ok(stack.preview())).summary).toEqual({ same: 2 });
  });

  test("^C before its turn leaves a resource undone, and the next up does it", async () => {
    await ok(stack.destroy());
    const first = { type: "hostnet:Nic", properties: { host: "node1", name: "up0", mtu: 1380, up: true } };
    const second = { type: "hostnet:Nic", properties: { host: "node1", name: "peer0", mtu: 1380 } };
    const resources = { first, second: { ...second, options: { dependsOn: [`\${first}`] } } };
    await stack.program({ yaml: JSON.stringify({ resources }) });
    const run = stack.start(["up", "--yes", "--skip-preview"]);
    await run.says(/applying \d of 2/);
    run.interrupt("SIGINT");
    await run.result;
    expect((await stack.state()).filter(({ type }) => type === "hostnet:index:Nic")).toHaveLength(1);
    expect((await ok(stack.up())).summary).toMatchObject({ create: 1 });
  });
});
