import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Quiet } from "../../provider/host/quiet.ts";

/** How long it takes until it is quiet, for one that is at work itself, in ms. */
async function wait(quiet: Quiet): Promise<number> {
  const began = Date.now();
  await quiet.during(() => quiet.comes());
  return Date.now() - began;
}

test("it is quiet when nothing has come for a while", async () => {
  const quiet = new Quiet();
  const waiting = wait(quiet);
  await sleep(200);
  quiet.touch();
  expect(await waiting).toBeGreaterThanOrEqual(480);
});

test("whoever is at work may bring more", async () => {
  const quiet = new Quiet();
  const work = quiet.during(() => sleep(600));
  expect(await wait(quiet)).toBeGreaterThanOrEqual(850);
  await work;
});

test("those that wait do not wait for each other", async () => {
  const quiet = new Quiet();
  const [one = 0, other = 0] = await Promise.all([wait(quiet), wait(quiet)]);
  expect(Math.max(one, other)).toBeLessThan(2000);
});

test("work that fails is over too", async () => {
  const quiet = new Quiet();
  await expect(quiet.during(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await wait(quiet)).toBeLessThan(2000);
});
