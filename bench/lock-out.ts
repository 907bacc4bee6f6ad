import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Job } from "../test/fault/driver.ts";
import { Ground } from "../test/fault/ground.ts";
import { calls, type Program } from "../test/fault/stack.ts";
import { leavingNothing, type Measurement } from "./measurement.ts";
import { inTurns } from "./timing.ts";

const seconds = 10;

const wrong: Program = { lan: { kind: "Nic", inputs: { host: "node1", name: "eth0", addresses: ["10.88.0.2/16"] } } };

/** How long a host cannot be reached when a change locks everybody out. */
export const lockOut: Measurement = {
  name: "lock-out",
  does: "seconds from a lock-out to the next login",
  run: (context) =>
    leavingNothing(async (later) => {
      const ground = await Ground.make();
      later(() => ground.stop());
      const told: number[] = [];
      const { reachable } = await inTurns(
        {
          reachable: async () => {
            await ground.reset();
            const times = await lockOutOf(ground, context.stopping);
            told.push(times.told);
            return times.reachable;
          },
        },
        (round, of) => context.log(`lock-out: ${round} of ${of}`),
        { runs: 3, slow: Infinity, slowRuns: 3 },
      );
      const peer = { name: "the timer", samples: [seconds] };
      return [
        {
          measure: "from a lock-out to the next login",
          unit: "s",
          samples: reachable,
          peer,
          goal: { most: seconds + 5, of: "median" },
        },
        { measure: "  until the user is told", unit: "s", samples: told, peer },
      ];
    }),
};

/** Locks everybody out of a host; answers after how many seconds somebody can log in again, and the user is told why. */
async function lockOutOf(ground: Ground, stopping: AbortSignal): Promise<{ reachable: number; told: number }> {
  const answered = change(ground).then((answer) => ({ answer, at: performance.now() }));
  let early = false;
  const end = () => {
    early = true;
  };
  answered.then(end, end);
  while (!early && (await ground.run("ip -o address show dev eth0")).includes("10.86.0.2/")) {
    stopping.throwIfAborted();
    await sleep(20);
  }
  const began = performance.now();
  const reachable = (await nextLogin(ground, stopping)) - began;
  const { answer, at } = await answered;
  if (answer?.failure?.kind !== "undone") throw new Error(`it was not undone: ${JSON.stringify(answer)}`);
  return { reachable: reachable / 1000, told: (at - began) / 1000 };
}

/** Gives the NIC that carries SSH an address by which nobody reaches it; answers what the plugin says of it. */
async function change(ground: Ground): Promise<Answer | undefined> {
  const job: Job = {
    config: { hosts: ground.hosts, guard: { seconds } },
    program: wrong,
    calls: calls({}, wrong),
  };
  const driver = join(import.meta.dirname, "..", "test", "fault", "driver.ts");
  const plugin = ground.spawn([process.execPath, driver]);
  plugin.stdin.end(JSON.stringify(job));
  const [printed, said] = await Promise.all([text(plugin.stdout), text(plugin.stderr)]);
  if (printed === "") throw new Error(`the plugin answers nothing:\n${said}`);
  return (JSON.parse(printed) as Answer[])[0];
}

/** When the next login succeeds. One that tries in vain takes a second: another tries meanwhile. */
async function nextLogin(ground: Ground, stopping: AbortSignal): Promise<number> {
  const tries: Promise<unknown>[] = [];
  let at: number | undefined;
  while (at === undefined) {
    stopping.throwIfAborted();
    const tried = ground.canLogIn().then((can) => {
      if (can) at ??= performance.now();
    });
    tries.push(tried);
    await sleep(200);
  }
  await Promise.all(tries);
  return at;
}
