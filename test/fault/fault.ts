import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Course, expectSame, quiet, up } from "./course.ts";
import type { Answer } from "./driver.ts";
import type { Place } from "./place.ts";
import { type Run, reads, type State, start, startCalls, stateAfter } from "./stack.ts";
import { changesNetwork } from "./trap.ts";

const failing = "the command fails";
const hasty = "the plugin is killed, and the next comes at once";

/** What goes wrong after the k-th command, while the host stands still; then the host goes on. */
const deeds = {
  "ssh is killed": async (_ground: Place, run: Run) => run.killSsh(),
  "the plugin is killed": async (_ground: Place, run: Run) => run.kill(),
  [hasty]: async (_ground: Place, run: Run) => run.kill(),
  "the link is cut": async (ground: Place) => {
    await ground.cut();
    await ground.trap.release();
    await sleep((ground.guardSeconds + 1.5) * 1000);
    await ground.mend();
  },
  "the host loses power": async (ground: Place, run: Run) => {
    // It ends no connections before it goes.
    await ground.cut();
    await ground.off();
    await ground.on();
    // A host that has booted anew resets the connections that it does not know.
    run.killSsh();
  },
};

/** What can go wrong at a command. */
export type Fault = keyof typeof deeds | typeof failing;

/** All that can go wrong in a course: a fault and the number of the command at which it strikes. */
export function faultsOf({ scenario, steps }: Course): { fault: Fault; step: number }[] {
  const all = [...(Object.keys(deeds) as Fault[]), failing] as const;
  return steps.flatMap((command, i) => {
    const possible = all.filter((fault) => {
      // An undo that fails has nobody who could undo it, and who locks himself out twice ends where he began.
      if (scenario.locksOut) return fault !== failing && fault !== hasty;
      return fault !== failing || changesNetwork(command);
    });
    return possible.map((fault) => ({ fault, step: i + 1 }));
  });
}

/** A host into which nobody can log in any more. */
export class HostLost extends Error {}

/**
 * Plays a course with a fault in it. Afterwards the host must be reachable, as it was or as asked, what the plugin said
 * of it true, the next run must converge, a refresh find what the state says, a reboot change nothing, and a destroy end as ever. Throws when not: HostLost, HalfState, or any other Error.
 */
export async function survive(course: Course, fault: Fault, step: number, ground: Place): Promise<void> {
  const { scenario, names } = course;
  await ground.reset(course.files);
  await ground.trap.set(fault === failing ? "fail" : "stop", step);
  const run = start(ground, course.state, scenario.after);
  try {
    if (fault !== failing) {
      await ground.trap.reached(run.answers);
      await deeds[fault](ground, run);
      await ground.trap.release();
    }
    const answers = await within(ground.patience.run, run.answers, "the plugin does not end");
    if (!(await ground.trap.sprung())) throw new Error(`only ${(await ground.trap.steps()).length} commands came`);
    if (fault !== hasty) {
      await quiet(ground);
      await expectLogin(ground);
      const possible = outcomes(names, answers);
      const seen = await ground.snapshot();
      const snapshots = [];
      for (const some of possible) snapshots.push(await course.snapshotAfter(some));
      expectSame(seen, snapshots, "the host is neither as it was nor as asked");
    }
    const state = scenario.locksOut ? course.state : await converge(course, answers, ground);
    await ground.off();
    await ground.on();
    const wanted = await course.snapshotAfter(names);
    expectSame(await ground.snapshot(), [wanted], "after a reboot it is not what it was before");
    await expectLogin(ground);
    const { failed } = await up(ground, state, {});
    if (failed) throw new Error(`it cannot be taken away: ${failed}`);
    expectSame(await ground.snapshot(), [course.removed], "a destroy does not end as without the fault");
  } catch (error) {
    if (error instanceof Error) error.message += `\nThe plugin said:\n${run.said()}\nThe host said:\n${ground.log}`;
    throw error;
  } finally {
    run.kill();
  }
}

/** Which resources may have been changed, by what the plugin has answered. */
function outcomes(names: readonly string[], answers: readonly Answer[] | undefined): string[][] {
  if (!answers) return [[], [...names]];
  const helpless = answers.find(({ failure }) => failure?.kind === "undoFailed");
  if (helpless) throw new Error("it could not be undone");
  const sure = answers.filter(({ failure }) => !failure).map(({ name }) => name);
  const unsure = answers.filter(({ failure }) => failure?.kind === "lost").map(({ name }) => name);
  return unsure.reduce<string[][]>((sets, name) => sets.flatMap((set) => [set, [...set, name]]), [sure]);
}

async function expectLogin(ground: Place): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) if (await ground.canLogIn()) return;
  throw new HostLost("nobody can log in");
}

/** Runs again, as one does after a fault; answers the stack's state. */
async function converge(course: Course, answers: readonly Answer[] | undefined, ground: Place): Promise<State> {
  const { scenario, names } = course;
  const { state, failed } = await up(ground, stateAfter(course.state, scenario.after, answers ?? []), scenario.after);
  if (failed) throw new Error(`the next run fails: ${failed}`);
  const wanted = await course.snapshotAfter(names);
  expectSame(await ground.snapshot(), [wanted], "the next run does not bring it to an end");
  await expectRead(state, ground);
  return state;
}

/** A refresh must find what the state says. */
async function expectRead(state: State, ground: Place): Promise<void> {
  const answers = await startCalls(ground, {}, reads(state), ground.guardSeconds).answers;
  for (const [name, { state: recorded }] of Object.entries(state)) {
    const { state: now, failure } = answers?.find((answer) => answer.name === name) ?? {};
    if (isDeepStrictEqual(now, recorded)) continue;
    const found = failure?.message ?? JSON.stringify(now);
    throw new Error(`a refresh of ${name} finds ${found}, not ${JSON.stringify(recorded)}`);
  }
}

function within<T>(seconds: number, promise: Promise<T>, otherwise: string): Promise<T> {
  const late = sleep(seconds * 1000, undefined, { ref: false }).then(() => {
    throw new Error(`${otherwise}, for ${seconds} s`);
  });
  return Promise.race([promise, late]);
}
