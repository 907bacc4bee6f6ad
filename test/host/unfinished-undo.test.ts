import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recover, recoverText } from "../../cli/recover.ts";
import { Failure } from "../../provider/errors.ts";
import { type Command, ip } from "../../provider/host/command.ts";
import { look } from "../../provider/host/line.ts";
import { locked } from "../../provider/host/lock.ts";
import type { Operation, Outcome } from "../../provider/host/operation.ts";
import { guardFacts } from "../../provider/host/run.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { transact } from "../../provider/host/transaction.ts";
import { onlyLine } from "./only-line.ts";
import { operation } from "./scripted.ts";
import { noTicking, TickingHost } from "./ticking.ts";

const sh = (text: string): Command => ({ argv: ["sh", "-c", text] });

/** Deletes a link, unless somebody who is in the way says no. */
const remove = (name: string) =>
  sh(`[ ! -e /run/obstacle ] || { echo "${name} is busy" >&2; exit 1; }; ip link delete ${name}`);

/** Makes a bridge; what is more is not wanted of it. */
const bridge = (name: string, more: readonly Command[] = []): Operation =>
  operation(name, [], {
    title: `Bridge ${name}`,
    adopts: false,
    plan: () => [ip`link add ${name} type bridge`, ip`link set ${name} up`, ...more],
    undo: ({ links }) => (links.some((found) => found.name === name) ? [remove(name)] : []),
    back: () => [remove(name)],
  });

/** Takes from a link the address by which others are to be reached. */
const renumbered = (more: Partial<Operation> = {}): Operation =>
  operation("up0", [], {
    title: "Nic up0",
    plan: () => [ip`address delete 10.9.0.1/24 dev up0`],
    verify: () => undefined,
    undo: () => [],
    ...more,
  });

describe.skipIf(noTicking)("an undo that cannot finish", () => {
  let host: TickingHost;
  let shell: Shell;
  const told: string[] = [];

  beforeEach(async () => {
    told.length = 0;
    host = await TickingHost.start();
    shell = await host.login();
    await host.run("ip link add up0 type veth peer name far0; ip link set up0 up; ip address add 10.9.0.1/24 dev up0");
  });
  afterEach(() => host.stop());

  /** A run that changes the host; answers what became of each operation, and what it tells of others before it. */
  const change = (probes: readonly string[], ...operations: Operation[]) =>
    locked(
      "node1",
      onlyLine("we", shell),
      () => {},
      async (line) => {
        const facts = await look("node1", line.talk, guardFacts);
        const guarding = { seconds: 60, patience: 60, probes, proof: "login" } as const;
        told.push(...line.found);
        return transact("node1", line, operations, facts, guarding);
      },
    );
  const said = (outcome: Outcome | undefined) =>
    outcome && "failure" in outcome ? `${outcome.failure.kind}: ${outcome.failure.message}` : "done";
  const recovered = async () => recover("node1", await host.login(), { confirm: async () => true, tell: () => {} });
  const isThere = async (name: string) => (await host.run(`ip link show ${name} 2>/dev/null || true`)) !== "";
  const obstacle = (is: boolean) => host.run(is ? ": >/run/obstacle" : "rm /run/obstacle");

  test("trap 13: of one operation is told and kept, the others' work stays, and recover mends it once the obstacle is gone", async () => {
    await obstacle(true);
    const [bad, good] = await change([], bridge("bad", [sh("exit 7")]), bridge("good"));
    expect(said(good)).toBe("done");
    expect(said(bad)).toMatch(
      /^undoFailed: .*could not be undone \(bad is busy\)\. `hostnet recover node1`, or by hand: /,
    );

    const still = await recovered();
    expect(still.leftovers).toMatchObject([{ state: "fired", outcome: "left" }]);
    expect(still.leftovers[0]?.about.slice(1)).toEqual(["Bridge bad"]);
    expect(still.leftovers[0]?.left).toContain("+ attributes: link set dev bad up");
    expect([await isThere("bad"), await isThere("good")]).toEqual([true, true]);

    await obstacle(false);
    expect((await recovered()).leftovers).toMatchObject([{ outcome: "undone", left: [] }]);
    expect([await isThere("bad"), await isThere("good")]).toEqual([false, true]);
    expect((await recovered()).leftovers).toEqual([]);
  });

  test("trap 13: of the host itself is told and kept, and recover mends it once the obstacle is gone", async () => {
    await obstacle(true);
    const outcomes = await change(["ping 10.9.0.1"], bridge("bad"), renumbered());
    expect(said(outcomes[0])).toMatch(/^undoFailed: Bridge bad on node1: node1 was to undo it by itself, because ping/);
    expect(said(outcomes[0])).toMatch(/`hostnet recover node1`, or by hand: .*\+ attributes: link set dev bad up/);
    expect(said(outcomes[1])).toMatch(/^undone: Nic up0 on node1: undone by node1 itself/);
    await obstacle(false);
    expect((await recovered()).leftovers).toMatchObject([{ state: "fired", outcome: "undone", left: [] }]);
    expect(await isThere("bad")).toBe(false);
  });

  test("trap 13: of a link that is gone is told and kept, and recover mends it once the link is there again", async () => {
    const [, mac] = /ether (\S+)/.exec(await host.run("ip -o link show up0")) ?? [];
    const gone = new Failure("refused", "node1 has no link up0");
    const plan = () => [ip`link delete dev up0`];
    const undo = () => {
      throw gone;
    };
    const [outcome] = await change(["ping 10.9.0.1"], renumbered({ plan, undo }));
    expect(said(outcome)).toMatch(
      /^undoFailed: .*or by hand: node1 has no link up0; .*- addresses4: address replace 10\.9\.0\.1\/24/,
    );
    await host.run(`ip link add up0 address ${mac} type veth peer name far0`);
    expect((await recovered()).leftovers).toMatchObject([{ state: "fired", outcome: "undone", left: [] }]);
    expect(await host.run("ip -4 addr show up0")).toContain("10.9.0.1/24");
  });

  test("trap 13: of a sysctl is told, although links, addresses and routes are as they were", async () => {
    await host.run("ip link add br0 type bridge; echo 1 >/proc/sys/net/ipv4/conf/br0/proxy_arp");
    const again = [ip`link delete br0`, ip`link add br0 type bridge`];
    const anew = operation("br0", [], {
      title: "Bridge br0",
      adopts: false,
      // Nobody can set a sysctl from here on.
      plan: () => [...again, sh("mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys")],
      verify: () => undefined,
      undo: () => [],
    });
    const [outcome] = await change(["ping 10.9.0.1"], anew, renumbered());
    expect(said(outcome)).toMatch(
      /^undoFailed: Bridge br0 .*- settings: \/proc\/sys\/net\/ipv4\/conf\/br0\/proxy_arp:1; \+ settings: .*proxy_arp:0$/,
    );
    await host.run("umount /proc/sys");
    expect((await recovered()).leftovers).toMatchObject([{ outcome: "undone", left: [] }]);
    expect(await host.run("cat /proc/sys/net/ipv4/conf/br0/proxy_arp")).toBe("1\n");
  });

  test("of a run that died is told by the next, which goes on, and kept until it is mended", async () => {
    await obstacle(true);
    await change([], bridge("bad", [sh("exit 7")]));
    // Another process knows nothing of it.
    await host.run('cd "$hostnet_run/undo" && mv * 0123456789ab');
    expect((await change([], bridge("other"))).map(said)).toEqual(["done"]);
    expect(told).toEqual([
      expect.stringMatching(
        /^node1: what a run had changed was undone, but not all of it: .*Bridge bad; `hostnet recover node1`, or by hand: .*\+ attributes: link set dev bad up/,
      ),
    ]);
    // Once is enough.
    await change([], bridge("more"));
    expect(told).toHaveLength(1);
    await obstacle(false);
    expect((await recovered()).leftovers).toMatchObject([{ transaction: "0123456789ab", outcome: "undone" }]);
    expect([await isThere("bad"), await isThere("other")]).toEqual([false, true]);
  });

  test("trap 11: is not begun anew when a later change of the same thing was kept: recover tells what differs, and forgets it", async () => {
    await obstacle(true);
    await change([], bridge("bad", [sh("exit 7")]));
    await obstacle(false);
    expect(
      (
        await change([], operation("bad", [], { verify: () => undefined, plan: () => [ip`link set bad mtu 1300`] }))
      ).map(said),
    ).toEqual(["done"]);
    const report = await recovered();
    expect(report).toMatchObject({ isWell: true, leftovers: [{ state: "overtaken", outcome: "overtaken" }] });
    expect(recoverText(report).join("\n")).toContain("the later change would not survive an undo");
    expect(await isThere("bad")).toBe(true);
    expect((await recovered()).leftovers).toEqual([]);
  });
});
