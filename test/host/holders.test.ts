import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { arm, disarm, newTransaction, rest } from "../../provider/host/guard.ts";
import type { LockedLine } from "../../provider/host/lock.ts";
import { locked } from "../../provider/host/lock.ts";
import { prove } from "../../provider/host/proof.ts";
import { saveScript } from "../../provider/host/restore.ts";
import type { Conversation } from "../../provider/host/shell.ts";
import { onlyLine } from "./only-line.ts";
import { noTicking, TickingHost } from "./ticking.ts";

const step = (text: string) => ({ command: { argv: ["sh", "-c", text] } });
const guarded = {
  about: ["ops@desk changes node1:", "Nic up0"],
  things: [],
  back: [],
  save: saveScript({ links: [], anew: [], ports: [] }),
  seconds: 3,
  most: 100,
};
const armed = (transaction: string) => arm(transaction, { ...guarded, restore: "echo undone >>/run/said" });
/** A host to which SSH comes by a way of which this is known. */
const wayOf = (state: string) => ({ sshWay: { client: "10.0.0.9", state }, links: [], rules: [] }) as never;
const untilGo = step("until [ -e /run/go ]; do sleep 0.02; done; echo end >>/run/said");

describe.skipIf(noTicking)("who holds the lock of a host", () => {
  let host: TickingHost;
  beforeEach(async () => {
    host = await TickingHost.start();
  });
  afterEach(() => host.stop());

  /** Somebody takes the lock and keeps it until he is told; `does` is what he does with it first. */
  async function holder(token: string, does: (line: LockedLine) => Promise<unknown> = async () => {}) {
    const shell = await host.login();
    const { promise: told, resolve: letGo } = Promise.withResolvers<void>();
    const { promise: has, resolve: take } = Promise.withResolvers<void>();
    const over = locked(
      "node1",
      onlyLine(token, shell),
      () => {},
      async (line) => {
        await line.talk();
        take();
        await does(line);
        await told;
      },
    ).catch(() => {});
    await has;
    return { shell, letGo, over };
  }

  /** Somebody else asks for it. */
  async function asker(token: string) {
    const said: string[] = [];
    const shell = await host.login();
    const entered = locked(
      "node1",
      onlyLine(token, shell),
      (text) => said.push(text),
      async ({ talk, found }) => {
        await talk();
        return [...found];
      },
    );
    return { said, entered };
  }

  test("is ended at once when he is we ourselves, over a connection that was lost, and does nothing", async () => {
    const { shell, over, letGo } = await holder("we");
    await host.allow(200);
    const { said, entered } = await asker("we");
    await entered;
    await vi.waitFor(() => expect(shell.open).toBe(false));
    expect(said).toEqual(["waiting for what still runs on node1"]);
    letGo();
    await over;
  });

  test("is waited for when he is we ourselves and still applies commands: they go on to their end", async () => {
    const transaction = newTransaction();
    const steps = [armed(transaction), untilGo, rest(transaction)];
    const { over, letGo } = await holder("we", async ({ talk }) => (await talk()).run(steps));
    await vi.waitFor(() => host.run('ls "$hostnet_run"/undo/*/armed'), { timeout: 10_000 });
    await host.allow(0);
    const { entered } = await asker("we");
    await host.wait(5);
    await host.run(": >/run/go");
    await host.allow(9999);
    expect(await entered).toHaveLength(1);
    expect(await host.run("cat /run/said")).toBe("end\nundone\n");
    letGo();
    await over;
  });

  test("is ended when he is another, and has done nothing for two minutes", async () => {
    const { shell, over, letGo } = await holder("he");
    await host.allow(0);
    const { said, entered } = await asker("we");
    await host.wait(239);
    expect(shell.open).toBe(true);
    await host.allow(9999);
    await entered;
    await vi.waitFor(() => expect(shell.open).toBe(false));
    expect(said.join()).toMatch(/^waiting for .+@.+, process \d+, who changes node1$/);
    letGo();
    await over;
  });

  test("is not ended when he has come only now, however long there was another before him", async () => {
    const { shell, over, letGo } = await holder("he");
    await host.allow(0);
    const { entered } = await asker("we");
    await host.wait(200);
    // As another would sign.
    await host.run(`sed -i 's/^he$/she/' "$hostnet_run/lock"`);
    await host.wait(400);
    expect(shell.open).toBe(true);
    letGo();
    await over;
    await host.allow(9999);
    await entered;
  });

  test("is waited for when he is another and applies commands, for however long", async () => {
    const transaction = newTransaction();
    const steps = [armed(transaction), untilGo, rest(transaction), disarm(transaction)];
    const { over, letGo, shell } = await holder("he", async ({ talk }) => (await talk()).run(steps));
    await vi.waitFor(() => host.run('ls "$hostnet_run"/undo/*/armed'), { timeout: 10_000 });
    // What a run before has left hides nothing.
    await host.run('mkdir "$hostnet_run/undo/0000"; echo 4194305 >"$hostnet_run/undo/0000/applying"');
    await host.allow(0);
    const { entered } = await asker("we");
    await host.wait(300);
    await host.run(": >/run/go");
    await host.allow(9999);
    letGo();
    expect(await entered).toEqual([]);
    expect([shell.open, await host.run("cat /run/said")]).toEqual([true, "end\n"]);
    await over;
  });

  test("is waited for when he is another and proves that all is well: his watcher bounds that", async () => {
    const transaction = newTransaction();
    const { over, letGo, shell } = await holder("he", async ({ talk }) =>
      (await talk()).run([armed(transaction), rest(transaction)]),
    );
    await vi.waitFor(() => host.run('[ -e /run/asleep ] && ! ls "$hostnet_run"/undo/*/applying'), { timeout: 10_000 });
    await host.allow(0);
    const { entered } = await asker("we");
    await host.wait(300);
    expect(shell.open).toBe(true);
    // He never comes to an end: his watcher undoes what he did, and ends him.
    await host.tick(4);
    await host.allow(9999);
    // He is ended before it is undone: the next one may come in between, and waits.
    expect((await entered).join("\n")).toMatch(
      /^node1: a run that died in the middle (is undone now|was undone by the host): ops@desk changes node1: Nic up0$/,
    );
    expect(await host.run("cat /run/said")).toBe("undone\n");
    letGo();
    await over;
  });

  test("goes on holding it when a new login has proved that all is well, and lets the new one hold it when he is cut off", async () => {
    for (const isCutOff of [false, true]) {
      const [standing, fresh] = [await host.login(), await host.login()];
      const adopted: Conversation[] = [];
      const adopt = (conversation: Conversation) => adopted.push(conversation);
      const line = { ...onlyLine("we", standing), dial: async () => fresh, adopt };
      await locked(
        "node1",
        line,
        () => {},
        async (own) => {
          await own.talk();
          if (isCutOff) standing.close();
          await prove(
            { line: own, guarding: { seconds: 60, proof: "login" }, courses: [], first: wayOf("a") } as never,
            wayOf("b"),
          );
        },
      );
      expect(adopted).toEqual(isCutOff ? [fresh] : []);
      await vi.waitFor(() => expect([standing.open, fresh.open]).toEqual([!isCutOff, isCutOff]));
    }
  });

  test("has died: what he has left is undone at once, not waited for, and told", async () => {
    const transaction = newTransaction();
    const { over, shell, letGo } = await holder("he", async ({ talk }) =>
      (await talk()).run([armed(transaction), step("exec sleep 1000")]),
    );
    await vi.waitFor(() => host.run("[ -e /run/asleep ]"), { timeout: 10_000 });
    shell.close();
    letGo();
    await over;
    // No second has passed for the watcher, and none does.
    const { said, entered } = await asker("we");
    expect(await entered).toEqual([
      "node1: a run that died in the middle is undone now: ops@desk changes node1: Nic up0",
    ]);
    expect(said).toEqual(["undoing on node1 what a dead run has left: ops@desk changes node1: Nic up0"]);
    expect(await host.run('cat /run/said; ls "$hostnet_run/undo"')).toBe("undone\n");
  });

  test("has died while he armed: what he has left is removed, and not worth a word", async () => {
    await host.run('mkdir -p "$hostnet_run/undo/0000"; : >"$hostnet_run/undo/0000/undo"');
    const { entered } = await asker("we");
    expect(await entered).toEqual([]);
    expect(await host.run('ls "$hostnet_run/undo"')).toBe("");
  });
});
