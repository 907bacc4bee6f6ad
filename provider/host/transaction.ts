import { Failure } from "../errors.ts";
import { keepSteps, managedSteps, unmanagedSteps } from "./boot.ts";
import { type Facts, factCommands, parseFacts, tablesIn } from "./facts.ts";
import { arm, disarm, fire, newTransaction, rest } from "./guard.ts";
import { look } from "./line.ts";
import type { LockedLine } from "./lock.ts";
import {
  type Course,
  isLeft,
  judge,
  linksMade,
  linksToCome,
  type Operation,
  type Outcome,
  planAll,
  script,
} from "./operation.ts";
import { prove, regain, restored } from "./proof.ts";
import { type Guarding, guardFacts, type Run, tell, Undone } from "./run.ts";
import type { Answer, Step } from "./script.ts";
import { failing } from "./tries.ts";
import { undo } from "./undo.ts";
import { setWayAside, thingsOf, wayBack } from "./way-back.ts";

/**
 * Changes a host by a group of operations: look, plan, arm, apply, look, prove, commit. What is not as asked is undone,
 * each operation for itself; when the host may be out of reach, all of them, by the host. Answers one outcome per
 * operation, in their order.
 */
export async function transact(
  host: string,
  line: LockedLine,
  operations: readonly Operation[],
  first: Facts,
  guarding: Guarding,
): Promise<Outcome[]> {
  const courses = planAll(host, operations, first);
  const commands = courses.flatMap(({ failure, commands }) => (failure ? [] : commands));
  let now = first;
  const notes = line.found.splice(0);
  if (commands.length > 0) {
    const transaction = newTransaction();
    const names = [...new Set([...guardFacts, ...operations.flatMap((o) => o.facts)])];
    const most = commands.reduce((sum, { seconds = 10 }) => sum + seconds, 60);
    const run = { host, line, guarding, transaction, courses, names, first, most };
    line.guarding.add(transaction);
    let isTold = false;
    try {
      now = await guarded(run, notes);
      // What could not be undone lies there for whoever recovers the host.
      isTold = courses.some(isLeft);
    } finally {
      if (!isTold) line.guarding.delete(transaction);
    }
  } else notes.push(...(await keepOnly(host, line, courses, now)));
  const failures = operations.map((operation) => courses.find((c) => c.operation === operation)?.failure);
  // They are about the group: it is enough if one tells them. Where none went well, a failure must.
  if (failures[0] && !failures.includes(undefined)) failures[0].message = [failures[0].message, ...notes].join("\n");
  return failures.map((failure) => (failure ? { failure } : { facts: now, notes: notes.splice(0) }));
}

/** Applies what is planned, and keeps of it what is proved to be good; answers what is there then. */
async function guarded(run: Run, notes: string[]): Promise<Facts> {
  const { host, line, guarding } = run;
  const before = await failing(await line.talk(), guarding.probes);
  for (const { probe, said } of before) notes.push(`${host}: ${probe} failed before the change already: ${said}`);
  const probes = guarding.probes.filter((probe) => !before.some((failed) => failed.probe === probe));
  const coming = linksToCome(
    run.courses.filter(({ failure }) => !failure),
    run.first,
  );
  const steps = script(run.courses, [lead(run), ...unmanagedSteps(coming)]);
  try {
    const applied = await apply(run, steps);
    if (!applied) return run.first;
    judge(host, run.courses, applied.answers, applied.now);
    const now = await undo(run, applied.now);
    const doubt = await prove(run, now);
    await probe(run, probes);
    notes.push(...(await commit(run, now, doubt)));
    return now;
  } catch (e) {
    return await giveUp(run, e);
  }
}

/**
 * Runs the script, and looks at what it came to: after it, or over a new connection when this one is lost. Undefined when
 * the host cannot be guarded: then nothing was done.
 */
async function apply(run: Run, steps: readonly Step[]): Promise<{ answers?: Answer[]; now: Facts } | undefined> {
  const { host, line, courses, names, transaction, most } = run;
  const looks = factCommands(names).map((command) => ({ command }));
  const conversation = await line.talk();
  let answers: Answer[];
  try {
    answers = await conversation.run([...steps, rest(transaction), ...looks], {
      deadlineSeconds: most,
      onAnswer: progress(run, steps.length),
    });
  } catch (e) {
    if (!isLost(e)) throw e;
    await regain(run, e.message);
    return { now: await look(host, line.talk, names) };
  }
  const [armed] = answers;
  if (armed?.status !== 0) {
    for (const course of courses.filter(({ first }) => first >= 0)) {
      const said = `${course.operation.title} on ${host}: not attempted, because it could not be guarded`;
      course.failure = new Failure("refused", `${said}: ${armed?.stderr.trim()}`);
    }
    return undefined;
  }
  const now = parseFacts(host, names, answers.slice(steps.length + 1));
  const wentWell = (course: Course) =>
    answers.slice(course.first, course.first + course.commands.length).every(({ status }) => status === 0);
  const judged = courses
    .filter((course) => !course.failure && (course.first < 0 || wentWell(course)))
    .flatMap(({ operation }) => operation.facts);
  // A table that cannot be read only now leaves what was done unknown.
  for (const name of tablesIn([...guardFacts, ...judged])) void now[name];
  return { answers, now };
}

/** The step before all others: whatever happens after it, the host undoes what was done. */
export function lead({ host, courses, first, transaction, guarding, most }: Omit<Run, "line" | "names">): Step {
  const acting = courses.filter((c) => !c.failure && c.commands.length > 0);
  return arm(transaction, { ...wayBack({ host, first }, acting), seconds: guarding.seconds, most });
}

/** Tells how far the script is; a terminal redraws a few times a second: more messages would only cost time. */
function progress(run: Run, count: number): (index: number) => void {
  tell(run, `applying 0 of ${count - 1}`);
  let told = Date.now();
  return (index) => {
    if (Date.now() - told < 250 || index >= count) return;
    told = Date.now();
    tell(run, `applying ${index} of ${count - 1}`);
  };
}

/** Makes sure that what worked before still works; undoes all of it otherwise. */
async function probe({ line, transaction }: Run, probes: readonly string[]) {
  const lost = await failing(await line.talk(), probes);
  if (lost.length === 0) return;
  await (await line.talk()).run([fire(transaction)], { deadlineSeconds: 300 });
  throw new Undone(lost.map(({ probe, said }) => `${probe} worked before it and fails after it (${said})`).join("; "));
}

/**
 * Keeps what was done, also over the next boot, and the way back of what could not be undone; answers what could not be
 * kept. `doubt` is why it may be too late.
 */
async function commit(run: Run, now: Facts, doubt?: string): Promise<string[]> {
  const { host, line, transaction, guarding, courses } = run;
  const done = courses.filter(({ failure }) => !failure);
  const removed = done.filter(({ operation }) => operation.removes).flatMap(linksMade);
  const after = [...keep(courses, now), ...managedSteps(removed)];
  const changed = done.filter(({ first }) => first >= 0);
  const aside = await setWayAside(run, changed);
  const answers = await (await line.talk()).run([
    disarm(transaction, thingsOf(changed)),
    ...[...aside, ...after].map((step) => ({ ...step, after: [0] })),
  ]);
  if (answers[0]?.status !== 0)
    throw new Undone(doubt ?? `it took longer than ${guarding.seconds} s to prove that all is well`);
  return unkept(host, answers.slice(1 + aside.length));
}

/** Where nothing is to be changed, the host may still lack what it keeps, or keep what nobody wants any more. */
async function keepOnly(host: string, line: LockedLine, courses: readonly Course[], now: Facts): Promise<string[]> {
  const steps = keep(courses, now);
  return steps.length > 0 ? unkept(host, await (await line.talk()).run(steps)) : [];
}

/** The steps that make the host keep for its next boot what operations have come to. */
function keep(courses: readonly Course[], now: Facts): Step[] {
  const done = courses.filter(({ failure }) => !failure);
  const write = done.flatMap(({ operation }) => operation.boot(now) ?? []);
  const named = done.flatMap(({ operation }) => operation.keeps() ?? []);
  return keepSteps(
    write,
    named.filter(({ kind, name }) => !write.some((kept) => kept.kind === kind && kept.name === name)),
  );
}

const unkept = (host: string, answers: readonly Answer[]) =>
  answers.flatMap(({ status, stderr }) =>
    status === 0 ? [] : [`${host}: all is as asked, but not all of it may be so after its next boot: ${stderr.trim()}`],
  );

/** Leaves it to the host to put everything back, or tells it to where that is possible; answers what is there then. */
async function giveUp(run: Run, e: unknown): Promise<Facts> {
  const { host, line, transaction } = run;
  const reason = e instanceof Error ? e.message : String(e);
  try {
    if (!(e instanceof Undone) && !isLost(e))
      await (await line.talk()).run([fire(transaction)], { deadlineSeconds: 300 });
    return await restored(run, reason);
  } catch (late) {
    const said = late instanceof Error ? late.message : String(late);
    throw new Failure("lost", `what became of the change of ${host} is not known: ${reason}; ${said}`);
  }
}

const isLost = (e: unknown): e is Failure => e instanceof Failure && (e.kind === "lost" || e.kind === "unreachable");
