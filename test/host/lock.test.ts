import { spawn } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { locked } from "../../provider/host/lock.ts";
import { Shell } from "../../provider/host/shell.ts";
import { onlyLine } from "./only-line.ts";

const root = process.getuid?.() === 0;

describe.skipIf(!root)("the lock of a host", () => {
  const shells: Shell[] = [];
  afterEach(() => {
    for (const shell of shells.splice(0)) shell.close();
  });
  /** A conversation in this machine's own namespace: two of them stand for two runs. */
  const open = () => {
    const shell = new Shell("here", spawn("sh", { detached: true }));
    shells.push(shell);
    return onlyLine(String(shells.length), shell);
  };
  const hold = (seconds: number) => ({ command: { argv: ["sleep", String(seconds)] } });

  test("lets one run after another in, and tells the second for whom it waits", async () => {
    const order: string[] = [];
    const told: string[] = [];
    const first = locked(
      "here",
      open(),
      () => {},
      async ({ talk }) => {
        const conversation = await talk();
        order.push("first in");
        await conversation.run([hold(0.5)]);
        order.push("first out");
      },
    );
    while (order.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const second = locked(
      "here",
      open(),
      (text) => told.push(text),
      async ({ talk }) => {
        await talk();
        order.push("second in");
      },
    );
    await Promise.all([first, second]);
    expect(order).toEqual(["first in", "first out", "second in"]);
    expect(told.join()).toMatch(new RegExp(`^waiting for .+@.+, process ${process.pid}, who changes here$`));
  });

  test("dies with its holder", async () => {
    const line = open();
    await expect(
      locked(
        "here",
        line,
        () => {},
        async ({ talk }) => {
          (await talk()).close();
          throw new Error("gone");
        },
      ),
    ).rejects.toThrow("gone");
    expect(
      await locked(
        "here",
        open(),
        () => {},
        async ({ talk }) => (await talk()).open,
      ),
    ).toBe(true);
  });

  test("is not held by what a command leaves running", async () => {
    const left = { command: { argv: ["sh", "-c", "sleep 5 </dev/null >/dev/null 2>&1 &"] } };
    await locked(
      "here",
      open(),
      () => {},
      async ({ talk }) => (await talk()).run([left]),
    );
    const begun = locked(
      "here",
      open(),
      () => {
        throw new Error("had to wait");
      },
      async ({ talk }) => (await talk()).open,
    );
    expect(await begun).toBe(true);
  });
});
