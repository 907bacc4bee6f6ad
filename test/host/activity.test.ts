import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Activity } from "../../provider/host/activity.ts";

/** How long it takes until it is quiet, for one that is at work itself, in ms. */
async function wait(activity: Activity): Promise<number> {
  const began = Date.now();
  await activity.during(() => activity.over());
  return Date.now() - began;
}

test("it is quiet when nothing has come for a while", async () => {
  const activity = new Activity(300);
  const waiting = wait(activity);
  await sleep(200);
  activity.touch();
  expect(await waiting).toBeGreaterThanOrEqual(480);
});

test("whoever is at work may bring more", async () => {
  const activity = new Activity(300);
  const work = activity.during(() => sleep(600));
  expect(await wait(activity)).toBeGreaterThanOrEqual(850);
  await work;
});

test("those that wait do not wait for each other", async () => {
  const activity = new Activity(300);
  const [one = 0, other = 0] = await Promise.all([wait(activity), wait(activity)]);
  expect(Math.max(one, other)).toBeLessThan(2000);
});

test("work that fails is over too", async () => {
  const activity = new Activity(300);
  await expect(activity.during(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await wait(activity)).toBeLessThan(2000);
});

test("where requests come slowly it takes three times their pauses until it is quiet, and no longer than that may last", async () => {
  const activity = new Activity(300, 600);
  const waiting = wait(activity);
  await sleep(250);
  activity.touch();
  // Now it would be quiet for one who knows of no pauses.
  await sleep(400);
  activity.touch();
  expect(await waiting).toBeGreaterThanOrEqual(1200);
});
