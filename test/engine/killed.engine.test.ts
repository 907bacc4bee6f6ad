import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connect } from "../../provider/host/connection.ts";
import { draw, seed } from "../seed.ts";
import { snapshot } from "../snapshot.ts";
import { pluginsOf } from "./cli.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const resource = (type: string, name: string, more: object) => ({
  type: `hostnet:${type}`,
  properties: { host: "node1", name, ...more },
});
const resources = {
  up0: resource("Nic", "up0", { mtu: 1400, up: true, addresses: ["10.9.0.1/24"] }),
  up1: resource("Nic", "up1", { mtu: 1400, up: true }),
  br0: resource("Bridge", "br0", { ports: { up2: {} }, mtu: 1300 }),
};

describe.skipIf(noHosts)("a plugin that is killed, and nothing else", () => {
  let host: TestHost;
  let stack: Stack;

  beforeAll(async () => {
    const given = "for i in 0 1 2; do ip link add up$i type veth peer name far$i; done";
    host = await startHost("killed", given, { slow: 0.3 });
    const hosts = { node1: { ...host.settings, guard: { seconds: 3 } } };
    stack = await newStack({ project: { yaml: JSON.stringify({ resources }) }, hosts });
  });
  afterAll(async () => {
    await stack?.remove();
    await host?.stop();
  });

  /** The host's network as a whole. */
  async function network(): Promise<string[]> {
    const conversation = await connect("node1", { ...host.settings, connectTimeout: 10, gone: false });
    try {
      return await snapshot(conversation);
    } finally {
      conversation.close();
    }
  }

  /** The MTUs of links, by the names of the resources that set them. */
  const mtusOf = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, Number(/mtu (\d+)/.exec(host.run(`ip link show ${name}`))?.[1])]));
  const undoing = () => host.run("ls /run/hostnet-*/undo/*/armed /run/hostnet-*/undo/*/firing 2>/dev/null || true");

  test(`at a command of a group: the state loads, a refresh shows what is there, the next up converges (HOSTNET_SEED=${seed})`, async () => {
    const before = await network();
    await ok(stack.up());
    const after = await network();
    const commands = host.changes().map(({ command }) => command);
    await ok(stack.destroy());
    expect(await network()).toEqual(before);

    const done = host.changes().length;
    const last = draw([...commands.keys()], "the command at which the plugin is killed");
    console.log(`the plugin is killed at command ${last + 1} of ${commands.length}`);
    const run = stack.start(["up", "--yes", "--skip-preview"]);
    await vi.waitFor(() => expect(host.changes().length).toBeGreaterThan(done + last), {
      timeout: 60_000,
      interval: 20,
    });
    for (const pid of pluginsOf(run)) process.kill(pid, "SIGKILL");
    expect((await run.result).status).not.toBe(0);
    // The script goes on to its end, waits for a word, and takes it all back.
    await vi.waitFor(() => expect(undoing()).toBe(""), { timeout: 60_000 });

    await stack.deployment();
    await ok(stack.refresh({ args: ["--clear-pending-creates"] }));
    const known = (await stack.state()).filter(({ id }) => id?.startsWith("node1/"));
    const mtus = Object.fromEntries(known.map(({ outputs }) => [outputs?.name, outputs?.mtu]));
    expect(mtus).toEqual(mtusOf(Object.keys(mtus)));

    await ok(stack.up());
    expect(await network()).toEqual(after);
    expect((await ok(stack.preview())).summary).toEqual({ same: 4 });
    await ok(stack.destroy());
    expect(await network()).toEqual(before);
  });
});
