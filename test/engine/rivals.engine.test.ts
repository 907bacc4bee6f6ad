import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connect } from "../../provider/host/connection.ts";
import { processesWith } from "../host/sshd.ts";
import { snapshot } from "../snapshot.ts";
import { pluginsOf } from "./cli.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const cables = "for i in 0 1 2 3 4 5; do ip link add up$i type veth peer name far$i; done";

/** A program of this project: NICs that get an MTU, bridges with a port. */
function program(project: string, nics: readonly string[], bridges: Record<string, string> = {}) {
  const resource = (type: string, name: string, more: object) => [
    name,
    { type: `hostnet:${type}`, properties: { host: "node1", name, ...more } },
  ];
  const resources = Object.fromEntries([
    ...nics.map((name) => resource("Nic", name, { mtu: 1400, up: true })),
    ...Object.entries(bridges).map(([name, port]) => resource("Bridge", name, { ports: { [port]: {} }, mtu: 1300 })),
  ]);
  return { yaml: JSON.stringify({ name: project, resources }) };
}

describe.skipIf(noHosts)("who is not alone on a host", () => {
  let host: TestHost;
  let ours: Stack;
  let theirs: Stack;
  const hosts = (guard: object = {}) => ({ node1: { ...host.settings, guard: { seconds: 60, ...guard } } });

  beforeAll(async () => {
    host = await startHost("rivals", cables, { slow: 0.01 });
    ours = await newStack({ project: program("ours", ["up0", "up1"], { br0: "up2" }), hosts: hosts() });
    theirs = await newStack({ project: program("theirs", ["up3", "up4"], { br1: "up5" }), hosts: hosts() });
  });
  afterAll(async () => {
    await ours?.remove();
    await theirs?.remove();
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

  const mtuOf = (name: string) => Number(/mtu (\d+)/.exec(host.run(`ip link show ${name}`))?.[1]);
  const mastered = () => host.run("ip -o link").match(/master \w+/g) ?? [];
  const undo = () => `/run/hostnet-${host.run("readlink /proc/self/ns/net").replace(/\D/g, "")}/undo`;
  const nothingIsLeft = () =>
    vi.waitFor(
      () => {
        expect(processesWith(`${undo()}/`)).toEqual([]);
        expect(processesWith(`-p\0${host.settings.port}\0`)).toEqual([]);
        expect(host.run(`ls ${undo()} 2>/dev/null || true`)).toBe("");
      },
      { timeout: 10_000 },
    );
  const idsOf = async (stack: Stack) =>
    (await stack.state()).flatMap(({ id }) => (id?.startsWith("node1/") ? [id] : []));

  test("waits for its turn, says for whom, and both are right in the end", async () => {
    host.hold(true);
    const first = ours.start(["up", "--yes", "--skip-preview"]);
    await vi.waitFor(() => expect(host.changes()).toHaveLength(1), { timeout: 60_000 });
    const second = theirs.start(["up", "--yes", "--skip-preview"]);
    await second.says(/waiting for \S+@\S+, process \d+, who changes node1/);
    expect(host.changes()).toHaveLength(1);
    host.hold(false);
    await ok(first.result);
    await ok(second.result);

    expect(["up0", "up1", "up3", "up4", "br0", "br1"].map(mtuOf)).toEqual([1400, 1400, 1400, 1400, 1300, 1300]);
    expect(mastered()).toEqual(["master br0", "master br1"]);
    const changes = host.changes();
    // At no time were two transactions under way, and each was one shell's.
    expect(changes.filter(({ transactions }) => transactions.length !== 1)).toEqual([]);
    const pairs = new Set(changes.map(({ by, transactions }) => `${transactions} ${by}`));
    expect(pairs.size).toBe(new Set(changes.flatMap(({ transactions }) => transactions)).size);
    expect(new Set(changes.map(({ by }) => by)).size).toBe(2);
    for (const stack of [ours, theirs]) expect((await ok(stack.preview())).summary).toEqual({ same: 4 });
    await nothingIsLeft();
  });

  test("is refused what another stack has, by name, and changes nothing", async () => {
    const before = await network();
    await theirs.program(program("theirs", ["up0", "up3", "up4"], { br0: "up5", br1: "up5" }));
    const preview = await theirs.preview();
    const { status, text } = await theirs.up({ args: ["--continue-on-error"] });
    for (const said of [preview.text, text]) {
      expect(said).toContain("Nic up0 on node1 is ours/test/up0's (project/stack/resource)");
      expect(said).toContain("Bridge br0 on node1 exists already and is ours/test/br0's (project/stack/resource)");
    }
    expect([preview.status === 0, status === 0]).toEqual([false, false]);
    expect(await network()).toEqual(before);
    expect((await idsOf(theirs)).sort()).toEqual(["node1/bridge/br1", "node1/nic/up3", "node1/nic/up4"]);
    expect((await ok(ours.preview())).summary).toEqual({ same: 4 });
    await theirs.program(program("theirs", ["up3", "up4"], { br1: "up5" }));
  });

  test("does not change, remove or import what another stack has taken since, and says whose it is", async () => {
    const mark = (owner: string) => host.run(`ip link set dev br1 alias hostnet:${owner}`);
    const said = "Bridge br1 on node1 is ours/test/br9's (project/stack/resource): it lets go of it first";
    mark("ours/test/br9");
    const before = await network();
    await theirs.program(program("theirs", ["up3", "up4"], { br1: "up4" }));
    const destroy = () => theirs.destroy({ args: ["--continue-on-error"] });
    for (const run of [() => theirs.preview(), () => theirs.up(), destroy]) {
      const { status, text } = await run();
      expect(text).toContain(`${said}, or this stack forgets it`);
      expect(status).not.toBe(0);
    }
    expect(mastered()).toEqual(["master br0", "master br1"]);
    expect(await idsOf(theirs)).toEqual(["node1/bridge/br1"]);
    await theirs.program(program("theirs", ["up3", "up4"], { br1: "up5" }));
    const { status, text } = await theirs.import("hostnet:index:Bridge", "its", "node1/bridge/br0");
    expect(text).toContain("Bridge br0 on node1 is ours/test/br0's (project/stack/resource): it lets go of it first");
    expect(status).not.toBe(0);
    await ok(theirs.up());
    expect(await network()).toEqual(before);
    // Renamed in its stack: the mark tells its former name, and it stays its stack's.
    mark("theirs/test/br8");
    await ok(theirs.destroy());
    await ok(ours.destroy());
    expect(mastered()).toEqual([]);
  });

  test("^C twice in the middle: the host undoes by itself; the state is loadable, a refresh right, the next up converges", async () => {
    const before = await network();
    await ours.configure({ hosts: hosts({ seconds: 2 }) });
    const done = host.changes().length;
    host.hold(true);
    const run = ours.start(["up", "--yes", "--skip-preview"]);
    await vi.waitFor(() => expect(host.changes().length).toBe(done + 1), { timeout: 60_000 });
    const plugins = pluginsOf(run);
    expect(plugins).not.toEqual([]);
    run.interrupt("SIGINT");
    await run.says(/interrupt|cancel/i);
    run.interrupt("SIGINT");
    await run.result;
    const still = () => processesWith("dist/plugin/main.mjs").filter((pid) => plugins.includes(pid));
    await vi.waitFor(() => expect(still()).toEqual([]), { timeout: 20_000 });
    host.hold(false);
    // The host goes on to the end of the script, waits for a word, and takes it all back.
    await vi.waitFor(() => expect(host.run(`ls -d ${undo()}/*/fired`)).toContain("fired"), { timeout: 60_000 });
    expect(host.changes().length).toBeGreaterThan(done + 1);
    expect(await network()).toEqual(before);

    await ours.cancel();
    await ours.deployment();
    await ok(ours.refresh({ args: ["--clear-pending-creates"] }));
    expect(await idsOf(ours)).toEqual([]);
    const again = await ok(ours.up());
    expect(again.text).toContain("a run that died in the middle was undone by the host");
    expect((await ok(ours.preview())).summary).toEqual({ same: 4 });
    expect(["up0", "up1", "br0"].map(mtuOf)).toEqual([1400, 1400, 1300]);
    await nothingIsLeft();
    await ok(ours.destroy());
    expect(await network()).toEqual(before);
  });

  test("finds what a killed run has left armed, undoes it at once and tells of it", async () => {
    const before = await network();
    // Nobody would wait that long.
    await ours.configure({ hosts: hosts({ seconds: 3600 }) });
    const done = host.changes().length;
    host.hold(true);
    const run = ours.start(["up", "--yes", "--skip-preview"]);
    await vi.waitFor(() => expect(host.changes().length).toBe(done + 1), { timeout: 60_000 });
    for (const pid of processesWith(`-p\0${host.settings.port}\0`)) process.kill(pid, "SIGKILL");
    for (const pid of pluginsOf(run)) process.kill(pid, "SIGKILL");
    run.process.kill("SIGKILL");
    await run.result;
    host.hold(false);
    await ours.cancel();
    // The script goes on to its end, and lets go of the lock.
    await vi.waitFor(() => host.run(`flock -n ${undo().replace(/undo$/, "lock")} true`), { timeout: 60_000 });
    const half = await network();
    const preview = await ok(theirs.preview());
    expect(preview.text).toMatch(
      /warning: node1 is in between: a run died in the middle of a change: \d+ s ago, \S+@\S+, process \d+ changes node1: (Nic up|Bridge br).*\. It undoes that in 3\d\d\d s/,
    );
    expect(await network()).toEqual(half);
    const again = await ok(theirs.up());
    expect(again.text).toMatch(
      /a run that died in the middle is undone now: \S+@\S+, process \d+ changes node1: (Nic up|Bridge br)/,
    );
    expect(["up0", "up1", "up3", "up4", "br1"].map(mtuOf)).toEqual([1500, 1500, 1400, 1400, 1300]);
    await nothingIsLeft();
    await ok(theirs.destroy());
    expect(await network()).toEqual(before);
  });
});
