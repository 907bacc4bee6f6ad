import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ip } from "../../provider/host/command.ts";
import { type Conversation, connect } from "../../provider/host/connection.ts";
import { arm, fire, forget, rest } from "../../provider/host/guard.ts";
import { findPlace } from "../../provider/host/place.ts";
import { restoreScript, saveScript } from "../../provider/host/restore.ts";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";
import { snapshot } from "../snapshot.ts";
import { TestProvider, urnOf } from "./client.ts";

const name = "0123456789ab";
const guarded = {
  about: ["ann@desk, process 7 changes node1:", "Nic up0"],
  things: ["link up0"],
  back: [],
  save: saveScript({ links: ["up0"], anew: [], ports: [] }),
  restore: restoreScript({ links: ["up0"], anew: [], ports: [] }),
  seconds: 600,
  most: 600,
};
const sh = (text: string) => ({ command: { argv: ["sh", "-c", text] } });

describe.skipIf(noHosts)("trap 11: who only looks at a host", () => {
  let host: TestHost;
  let operator: Conversation;
  let provider: TestProvider;

  beforeAll(async () => {
    host = await startHost("halfdone", "ip link add up0 type veth peer name far0");
    operator = await connect("node1", { ...host.settings, connectTimeout: 10, gone: false });
    await operator.run([{ command: { argv: ["true"] }, inShell: findPlace }]);
  });
  afterAll(async () => {
    operator?.close();
    await host?.stop();
  });
  beforeEach(async () => {
    provider = await TestProvider.start();
    await provider.configure({ node1: host.settings });
  });
  afterEach(() => provider.stop());

  const warnings = () => provider.told.filter((line) => line.startsWith("WARNING"));
  const die = () => operator.run([arm(name, guarded), { command: ip`link set up0 mtu 1400` }, rest(name)]);
  const mend = () => operator.run([fire(name), forget(name)]);
  const preview = () => provider.create(urnOf("Nic", "up0"), { host: "node1", name: "up0", mtu: 1300 }, true);
  const refresh = () => provider.read(urnOf("Nic", "up0"), "node1/nic/up0", { host: "node1", name: "up0", mtu: 1500 });
  const warning =
    /^WARNING: node1 is in between: a run died in the middle of a change: \d+ s ago, ann@desk, process 7 changes node1: Nic up0\. It undoes that in (5\d\d|600) s, the next change at once$/;

  test.each([
    ["previews", preview],
    ["refreshes", refresh],
  ])("%s: is told once of a change that a dead run has left half done, and leaves it", async (_, look) => {
    await die();
    const before = await snapshot(operator);
    await look();
    await look();
    expect(warnings()).toEqual([expect.stringMatching(warning)]);
    expect(await snapshot(operator)).toEqual(before);
    await mend();
  });

  test("is told of it when nobody is left to undo it, and of one that the host is undoing", async () => {
    await die();
    await operator.run([sh(`kill -s KILL -- "-$(cat "$hostnet_run/undo/${name}/pid")"`)]);
    await refresh();
    expect(warnings().join()).toMatch(/: Nic up0\. The next change undoes it$/);
    await provider.configure({ node1: host.settings });
    await operator.run([sh(`cd "$hostnet_run/undo/${name}" && mv armed firing`)]);
    await refresh();
    expect(warnings()[1]).toMatch(
      /^WARNING: node1: the host is undoing what a run that died had changed: \d+ s ago, ann@desk/,
    );
    await operator.run([sh(`cd "$hostnet_run/undo/${name}" && mv firing armed`)]);
    await mend();
  });

  test("is told nothing where nothing was left, or who left it is alive", async () => {
    await refresh();
    await provider.configure({ node1: host.settings });
    await die();
    const holds = operator.run([
      sh('exec 8>>"$hostnet_run/lock"; flock 8; echo bob@desk >"$hostnet_run/lock"; : >"$hostnet_run/held"; sleep 5'),
    ]);
    await expect.poll(() => host.run("ls /run/hostnet-*/held 2>/dev/null || true")).toContain("held");
    await refresh();
    expect(warnings()).toEqual([]);
    await holds;
    await mend();
  });
});
