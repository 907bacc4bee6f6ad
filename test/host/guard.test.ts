import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Command } from "../../provider/host/command.ts";
import {
  arm,
  disarm,
  fire,
  forget,
  type Guarded,
  list,
  newTransaction,
  outcome,
  parseLeftovers,
  rest,
  settled,
} from "../../provider/host/guard.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { processesWith } from "./sshd.ts";
import { noTicking, TickingHost } from "./ticking.ts";

const sh = (text: string): Command => ({ argv: ["sh", "-c", text] });
const step = (text: string) => ({ command: sh(text) });

describe.skipIf(noTicking)("the guard of a change", () => {
  let host: TickingHost;
  let shell: Shell;
  let transaction: string;

  beforeEach(async () => {
    host = await TickingHost.start();
    shell = await host.login();
    transaction = newTransaction();
  });
  afterEach(() => host.stop());

  /** What a change of a file is guarded by: its undo says so in the file. */
  const guarded = (more: Partial<Guarded> = {}): Guarded => ({
    about: ["ops@desk, process 7 changes node1:", "Nic up0"],
    things: ["link up0"],
    back: [sh("echo back >>/run/changed")],
    save: "echo saved >/run/saved",
    restore: "echo restored >>/run/changed",
    seconds: 3,
    most: 100,
    ...more,
  });
  /** Seconds after which it has undone: it may have counted one of them as that of a command. */
  const atMost = 4;
  const change = step("echo change >>/run/changed");
  const changed = async () => (await host.run("cat /run/changed 2>/dev/null || true")).trim().split("\n").join(" ");
  const run = async (...steps: Parameters<Shell["run"]>[0]) => (await shell.run(steps)).map(({ status }) => status);
  const leftovers = async () => parseLeftovers((await shell.run([list]))[0]?.stdout ?? "");
  const isAsleep = () => vi.waitFor(() => host.run("[ -e /run/asleep ]"), { timeout: 10_000 });
  const watchers = () => processesWith(`undo/${transaction}/guard`);
  const noWatcher = () => vi.waitFor(() => expect(watchers()).toEqual([]), { timeout: 10_000 });

  test("keeps what is disarmed in time, and leaves nothing: no folder, no process", async () => {
    expect(await run(arm(transaction, guarded()), change, rest(transaction))).toEqual([0, 0, 0]);
    expect(watchers()).toHaveLength(1);
    expect(await host.run("cat /run/saved")).toBe("saved\n");
    await host.tick(2);
    expect(await run(disarm(transaction))).toEqual([0]);
    await noWatcher();
    // But for its name, so that it can be told from one that was undone and forgotten.
    expect(await host.run('ls -A "$hostnet_run"; cat "$hostnet_run/kept"')).toBe(`kept\n${transaction}\n`);
    expect(await changed()).toBe("change");
  });

  test("trap 11: may be disarmed twice, which does no harm to what another has armed", async () => {
    await run(arm(transaction, guarded()), change, rest(transaction), disarm(transaction));
    const other = newTransaction();
    expect(await run(arm(other, guarded()), disarm(transaction))).toEqual([0, 0]);
    expect(await leftovers()).toMatchObject([{ transaction: other, state: "armed" }]);
    expect(await run(disarm(other))).toEqual([0]);
    expect(await changed()).toBe("change");
  });

  test("trap 11: is disarmed to the end by whoever comes after one that died while he disarmed", async () => {
    await run(
      arm(transaction, guarded()),
      change,
      rest(transaction),
      step(`cd "$hostnet_run/undo/${transaction}"; mv armed done`),
    );
    expect(await run(disarm(transaction), disarm(transaction))).toEqual([0, 0]);
    await noWatcher();
    expect([await leftovers(), await changed()]).toEqual([[], "change"]);
  });

  test("is not taken for kept when it was undone, and forgotten by another", async () => {
    const others = newTransaction();
    await run(arm(transaction, guarded()), change, rest(transaction), fire(transaction));
    const [fired] = await shell.run([disarm(transaction)]);
    await run(forget(transaction), arm(others, guarded()), disarm(others));
    const [forgotten] = await shell.run([disarm(transaction)]);
    expect([fired, forgotten]).toMatchObject([
      { status: 1, stderr: "it has been undone\n" },
      { status: 1, stderr: "nothing is known of it any more\n" },
    ]);
  });

  test("undoes by itself when so many seconds have passed since the last command; then it cannot be disarmed", async () => {
    await run(arm(transaction, guarded()), change, rest(transaction));
    await host.tick(atMost);
    // The shell that applied is ended.
    shell = await host.login();
    const [settles, said, disarmed] = await shell.run([
      settled(transaction),
      outcome(transaction, 60),
      disarm(transaction),
    ]);
    expect([settles?.status, said?.stdout, disarmed?.status]).toEqual([0, "fired\n", 1]);
    expect(disarmed?.stderr).toContain("it has been undone");
    expect(await changed()).toBe("change back restored");
    await noWatcher();
    expect(await run(forget(transaction))).toEqual([0]);
    expect(await leftovers()).toEqual([]);
  });

  test("counts from the last command: not while those who apply are alive", async () => {
    const applied = shell.run([arm(transaction, guarded()), step("until [ -e /run/go ]; do sleep 0.02; done"), change]);
    await isAsleep();
    await host.tick(20);
    expect(watchers()).toHaveLength(1);
    await host.run(": >/run/go");
    await applied;
    await run(rest(transaction));
    await host.tick(2);
    expect(await run(disarm(transaction))).toEqual([0]);
    expect(await changed()).toBe("change");
  });

  test("counts from the end of those who apply when they die", async () => {
    const applied = shell.run([arm(transaction, guarded()), change, step("exec sleep 1000")]);
    const died = expect(applied).rejects.toThrow("the connection ended");
    await isAsleep();
    await host.tick(20);
    shell.close();
    await died;
    await host.tick(atMost);
    shell = await host.login();
    await run(settled(transaction));
    expect(await changed()).toBe("change back restored");
  });

  test("ends commands that hang, with all that they have started, and those after them never run", async () => {
    const hangs = step("sh -c 'sleep 4712; :'; :");
    const late = step("echo late >>/run/changed");
    const applied = shell.run([arm(transaction, guarded({ most: 5 })), change, hangs, late]);
    const died = expect(applied).rejects.toThrow("the connection ended");
    await isAsleep();
    await vi.waitFor(() => expect(processesWith("sleep\x004712")).toHaveLength(1), { timeout: 10_000 });
    await host.tick(7);
    expect(await changed()).toBe("change");
    await host.tick(1);
    await died;
    shell = await host.login();
    await run(settled(transaction));
    expect(await changed()).toBe("change back restored");
    expect(processesWith("sleep\x004712")).toEqual([]);
  });

  test("undoes at once when told to, and only once, however often it is told", async () => {
    await run(arm(transaction, guarded()), change, rest(transaction));
    expect(await run(fire(transaction), fire(transaction))).toEqual([0, 0]);
    expect(await changed()).toBe("change back restored");
    await noWatcher();
    expect(await run(disarm(transaction))).toEqual([1]);
    expect(await leftovers()).toMatchObject([{ state: "fired" }]);
  });

  test("does not break off an undo in the middle, whoever tells it to undo, disarms or forgets", async () => {
    const wait = sh("echo begun >>/run/changed; until [ -e /run/go ]; do sleep 0.02; done");
    await run(arm(transaction, guarded({ back: [wait, ...guarded().back] })), change, rest(transaction));
    const first = shell.run([fire(transaction)]);
    await vi.waitFor(async () => expect(await changed()).toBe("change begun"), { timeout: 10_000 });
    const second = await host.login();
    const told = await second.run([fire(transaction), disarm(transaction), forget(transaction), list]);
    expect(told.map(({ status }) => status)).toEqual([0, 1, 0, 0]);
    expect(parseLeftovers(told[3]?.stdout ?? "")).toMatchObject([{ transaction, state: "firing" }]);
    const waits = second.run([settled(transaction), list]);
    await host.run(": >/run/go");
    await first;
    expect((await waits).map(({ status }) => status)).toEqual([0, 0]);
    expect(await changed()).toBe("change begun back restored");
  });

  test("tells of a transaction that nobody has ended whose it was, and what it was about", async () => {
    const about = ["ops@desk, process 7 changes node1:", "Nic up0\nrm -rf /run/saved", "Bridge br0"];
    await run(arm(transaction, guarded({ about })));
    const expected = { transaction, about: [about[0], "Nic up0 rm -rf /run/saved", about[2]], age: expect.any(Number) };
    expect(await leftovers()).toEqual([{ ...expected, state: "armed", countdown: 3 }]);
    await run(forget(transaction), fire(transaction));
    expect(await leftovers()).toEqual([{ ...expected, state: "fired" }]);
    expect(await host.run("cat /run/saved")).toBe("saved\n");
    await run(forget(transaction));
    expect(await leftovers()).toEqual([]);
  });

  test("goes on with its undo when one of its commands fails, and keeps what that said", async () => {
    const back = [sh("echo no >&2; exit 3"), { argv: ["there-is-no-such-tool", "x"] }, ...guarded().back];
    await run(arm(transaction, guarded({ back, restore: "false\necho restored >>/run/changed" })), change);
    await run(fire(transaction));
    expect(await changed()).toBe("change back restored");
    const log = await host.run(`cat "$hostnet_run/undo/${transaction}/log"`);
    expect(log).toMatch(/^no\n.*exited 3\n.*there-is-no-such-tool.*\nthere-is-no-such-tool x exited 127\n$/s);
  });

  test("gives its commands what they read and the words they have, byte for byte, and lets nobody else read them", async () => {
    const odd = "a'b\"c $HOME `id` \\n %s\n\tGUARD\nEOF\nlöt \u{1f511}'";
    const back = [
      { argv: ["sh", "-c", "cat >/run/stdin"], stdin: odd },
      { argv: ["sh", "-c", 'printf %s "$1" >/run/argument', "x", odd] },
      { argv: ["sh", "-c", "cat >/run/empty"], stdin: "" },
    ];
    await run(arm(transaction, guarded({ back })), fire(transaction));
    expect(await host.run("cat /run/stdin")).toBe(odd);
    expect(await host.run("cat /run/argument")).toBe(odd);
    expect(await host.run("wc -c </run/empty")).toBe("0\n");
    const modes = await host.run(`cd "$hostnet_run"; stat -c %a . undo/${transaction} undo/${transaction}/undo`);
    expect(modes).toBe("700\n700\n600\n");
  });

  test("is not armed when what the undo needs cannot be saved, and what was begun is forgotten", async () => {
    expect(await run(arm(transaction, guarded({ save: "exit 4" })))).toEqual([4]);
    expect(await leftovers()).toEqual([expect.objectContaining({ transaction, state: "broken" })]);
    expect(watchers()).toEqual([]);
    expect(await run(fire(transaction))).toEqual([0]);
    expect(await changed()).toBe("");
    await run(forget(transaction));
    expect(await leftovers()).toEqual([]);
  });

  test("is not armed when no watcher starts", async () => {
    const fake = (name: string, text: string) =>
      `printf '#!/bin/sh\\n%s\\n' '${text}' >/usr/local/sbin/${name}; chmod +x /usr/local/sbin/${name}`;
    // A host whose init cannot be asked.
    await host.run(`mkdir -p /run/systemd/system\n${fake("readlink", "echo same")}\n${fake("systemd-run", "exit 5")}`);
    expect(await run(arm(transaction, guarded()))).toEqual([5]);
    expect(await leftovers()).toEqual([expect.objectContaining({ state: "broken" })]);
    await run(forget(transaction));
    await host.run(
      `rm -r /run/systemd /usr/local/sbin/readlink\n${fake("setsid", "exit 6")}\n${fake("sleep", "exit 0")}`,
    );
    expect(await run(arm(transaction, guarded()))).toEqual([1]);
    expect(await leftovers()).toEqual([expect.objectContaining({ state: "broken" })]);
  });
});
