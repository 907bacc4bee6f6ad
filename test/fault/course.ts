import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Ground } from "./ground.ts";
import type { Place } from "./place.ts";
import type { Scenario } from "./scenarios.ts";
import { calls, type Program, type State, start, stateAfter } from "./stack.ts";

/** A scenario as it goes when nothing disturbs it: what its faults are measured by. */
export interface Course {
  readonly scenario: Scenario;
  /** The stack's state before the run. */
  readonly state: State;
  /** The host's snapshot when a destroy has taken away all that the run has made. */
  readonly removed: readonly string[];
  /** The host's files before the run. */
  readonly files: string;
  /** What the host changes in the run, a command each. */
  readonly steps: readonly string[];
  /** The resources that the run changes. */
  readonly names: readonly string[];
  /** The host's snapshot when the run has changed only these resources; played when it is first asked for. */
  snapshotAfter(names: readonly string[]): Promise<readonly string[]>;
}

/** Plays a scenario undisturbed. */
export async function play(scenario: Scenario, ground: Place): Promise<Course> {
  await ground.reset();
  const { state } = await up(ground, {}, scenario.before ?? {});
  const files = await ground.keep();
  const before = await ground.snapshot();
  await ground.reset(files);
  expectSame(await ground.snapshot(), [before], `${scenario.name}: the boot does not bring back what was made before`);
  await ground.trap.count();
  const { state: last, failed } = await up(
    ground,
    state,
    scenario.after,
    scenario.locksOut ? ground.guardSeconds : unhurried,
  );
  const steps = await ground.trap.steps();
  await ground.trap.clear();
  if (scenario.locksOut && !failed) throw new Error(`${scenario.name}: locks nobody out`);
  if (!scenario.locksOut && failed) throw new Error(`${scenario.name}: ${failed}`);
  const names = calls(state, scenario.after).map(({ name }) => name);
  const key = (some: readonly string[]) => names.filter((name) => some.includes(name)).join(" ");
  const after = await ground.snapshot();
  if (scenario.locksOut) expectSame(after, [before], `${scenario.name}: it was not undone`);
  else if (isDeepStrictEqual(after, before)) throw new Error(`${scenario.name}: nothing was changed`);
  await ground.off();
  await ground.on();
  await up(ground, last, {});
  const removed = await ground.snapshot();
  const known = new Map([["", before] as const, [key(names), after] as const]);
  const snapshotAfter = async (some: readonly string[]) => {
    const snapshot = known.get(key(some)) ?? (await playSome(scenario, files, state, some));
    known.set(key(some), snapshot);
    return snapshot;
  };
  return { scenario, removed, state, files, steps, names, snapshotAfter };
}

async function playSome(scenario: Scenario, files: string, state: State, names: readonly string[]) {
  const program: Record<string, Program[string]> = { ...scenario.before };
  for (const name of names) {
    const wanted = scenario.after[name];
    if (wanted) program[name] = wanted;
    else delete program[name];
  }
  const ground = await Ground.make();
  try {
    await ground.reset(files);
    const { failed } = await up(ground, state, program);
    if (failed) throw new Error(`${scenario.name}, ${names} only: ${failed}`);
    return await ground.snapshot();
  } finally {
    await ground.stop();
  }
}

/** As long as by default: where nothing goes wrong, only a busy machine would make a host undo what is good. */
const unhurried = 60;

/** Brings the stack to the program, undisturbed; answers its state, and what failed. */
export async function up(
  ground: Place,
  state: State,
  program: Program,
  seconds: number = unhurried,
): Promise<{ state: State; failed: string }> {
  if (calls(state, program).length === 0) return { state, failed: "" };
  const run = start(ground, state, program, seconds);
  const answers = (await run.answers) ?? [];
  const left = await leftovers(ground);
  if (left !== "") throw new Error(`the run is over, and yet there is ${left}\n${run.said()}`);
  const failed = answers.flatMap(({ failure }) => failure?.message ?? []).join("; ");
  return { state: stateAfter(state, program, answers), failed };
}

/** Waits until nothing on the host is to be undone any more. */
export async function quiet(ground: Place): Promise<void> {
  const most = ground.guardSeconds + ground.patience.more;
  const deadline = Date.now() + most * 1000;
  for (;;) {
    // A script goes on when nobody listens any more, and holds the lock. What was undone is kept for the next run to tell.
    const pending = await ground.run(`
for lock in /run/hostnet-*/lock; do [ ! -e $lock ] || flock -n $lock true || echo $lock; done
for token in /run/hostnet-*/undo/*/armed /run/hostnet-*/undo/*/firing; do echo $token; done | grep -vF '*'; true`);
    if (pending === "") return;
    if (Date.now() > deadline) throw new Error(`${most} s later there still is ${pending}`);
    await sleep(50);
  }
}

/** What runs of the plugin have left on the host besides what they were to make; empty when there is nothing. */
function leftovers(ground: Place): Promise<string> {
  // A shell that has just been told to end is no leftover.
  return ground.run(`ours() { grep -Els 'hostnet-[0-9]+/' /proc/[0-9]*/cmdline; }
ls -d /run/hostnet-*/undo/* /etc/hostnet/new /etc/hostnet/*.new /etc/hostnet/commit 2>/dev/null
[ -z "$(ours)" ] || sleep 0.1
for process in $(ours); do tr '\\0' ' ' <$process; echo; done 2>/dev/null
true`);
}

/** Throws when a snapshot is none of those; says how it differs from the nearest. */
export function expectSame(seen: readonly string[], possible: readonly (readonly string[])[], claim: string): void {
  const differences = possible.map((wanted) => [
    ...wanted.filter((line) => !seen.includes(line)).map((line) => `- ${line}`),
    ...seen.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
    ...(wanted.length === seen.length ? [] : [`${wanted.length} lines became ${seen.length}`]),
  ]);
  if (differences.some((lines) => lines.length === 0)) return;
  const nearest = differences.toSorted((a, b) => a.length - b.length)[0] ?? [];
  throw new HalfState(`${claim}:\n${nearest.join("\n")}`);
}

/** A host that is neither as it was nor as asked. */
export class HalfState extends Error {}
