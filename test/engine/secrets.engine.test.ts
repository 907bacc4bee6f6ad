import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOf } from "../host/sshd.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, Secret, type Stack } from "./stack.ts";

describe.skipIf(noHosts)("a private key in the configuration", () => {
  let host: TestHost;
  let stack: Stack;
  let key: string;

  beforeAll(async () => {
    host = await startHost("secrets", "ip link add up0 type veth peer name peer0");
    key = readFileSync(host.settings.identityFile, "utf8");
    const { identityFile: _, ...settings } = host.settings;
    const yaml = JSON.stringify({
      resources: { uplink: { type: "hostnet:Nic", properties: { host: "node1", name: "up0", up: true } } },
    });
    stack = await newStack({ project: { yaml }, hosts: { node1: { ...settings, privateKey: new Secret(key) } } });
  });
  afterAll(async () => {
    await stack?.remove();
    await host?.stop();
  });

  /** A part of the key that stands on one line: what a leak in any quoting would show. */
  const piece = () => key.split("\n")[2] ?? "";

  test("opens the host, and is in no state, output, process list or environment", async () => {
    const run = stack.start(["up", "--yes", "--skip-preview"], { args: ["--debug"] });
    let ended = false;
    void run.result.then(() => {
      ended = true;
    });
    const leaks = new Set<string>();
    while (!ended) {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
        if (contentOf(`/proc/${pid}/cmdline`).includes(piece()))
          leaks.add(contentOf(`/proc/${pid}/cmdline`).slice(0, 40));
      await sleep(20);
    }
    const { text } = await ok(run.result);
    expect([...leaks]).toEqual([]);
    expect(text).not.toContain(piece());
    const state = JSON.stringify(await stack.deployment());
    expect(state).not.toContain(piece());
    expect(host.run("cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'")).not.toContain(piece());
    expect(JSON.stringify(await stack.deployment({ reveal: true }))).toContain(piece());
  });

  test("still opens it for refresh and destroy", async () => {
    const refreshed = await ok(stack.refresh());
    expect(refreshed.text).not.toContain(piece());
    const destroyed = await ok(stack.destroy());
    expect(destroyed.text).not.toContain(piece());
  });

  test("a wrong one is named and not shown", async () => {
    await stack.configure({ hosts: { node1: { address: "127.0.0.1", privateKey: new Secret("hunter2 is no key") } } });
    const { status, text } = await stack.preview();
    expect(status).not.toBe(0);
    expect(text).toContain("hostnet:hosts.node1.privateKey must be a private key");
    expect(text).not.toContain("hunter2");
  });
});
