import { expect, test } from "vitest";
import { Failure } from "../../provider/errors.ts";
import { logInAnew } from "../../provider/host/proof.ts";
import type { Conversation } from "../../provider/host/shell.ts";

/** A way to a host whose open conversation is `standing`; tells what was made, kept and closed. */
function wayWith(standing: Conversation | undefined) {
  const seen: string[] = [];
  const line = {
    standing: () => standing,
    dial: async () => {
      seen.push("a new login");
      return conversation(seen);
    },
    adopt: () => void seen.push("which is kept"),
  };
  return { line, seen };
}

function conversation(seen: string[], run = async () => [{ status: 0, stdout: "", stderr: "" }]): Conversation {
  return { open: true, run, close: () => void seen.push("which is closed") };
}

test("a conversation that stands and answers is kept: it holds the lock", async () => {
  const { line, seen } = wayWith(conversation([]));
  await logInAnew(line);
  expect(seen).toEqual(["a new login", "which is closed"]);
});

test("trap 12: the new login takes the place of a conversation that does not answer any more", async () => {
  const dead = conversation([], () => Promise.reject(new Failure("lost", "it does not answer")));
  const { line, seen } = wayWith(dead);
  await logInAnew(line);
  expect(seen).toEqual(["a new login", "which is kept"]);
});

test("trap 12: where no conversation stands the new login is it, and no third is made", async () => {
  const { line, seen } = wayWith(undefined);
  await logInAnew(line);
  expect(seen).toEqual(["a new login", "which is kept"]);
});
