import { Failure } from "../errors.ts";
import type { Edges } from "../kind.ts";
import { type Command, render } from "./command.ts";
import type { Conversation } from "./connection.ts";
import { type FactName, type Facts, factCommands, parseFacts } from "./facts.ts";
import { missing, order } from "./graph.ts";
import type { Answer, Step } from "./script.ts";

/** One change of one thing on a host, as the transaction sees it. */
export interface Operation {
  /** What it is about, for messages: `VlanInterface ens33.10`. */
  readonly title: string;
  /** Whether it takes away what it names in `edges.makes`. */
  readonly removes: boolean;
  readonly edges: Edges;
  readonly facts: readonly FactName[];
  /** The commands, from what the look found. Throws a Failure when the host does not allow it. */
  plan(facts: Facts): readonly Command[];
  /** What is not as asked, or undefined when all is. */
  verify(facts: Facts): string | undefined;
  /** The commands from what is there now back to what `plan` found; none when all is as it was. */
  undo(facts: Facts): Command[];
  /** Tells the user what goes on. */
  progress(text: string): void;
}

/** What became of an operation: the facts after it, or the failure. */
export type Outcome = { readonly facts: Facts } | { readonly failure: Failure };

/** Gives an open conversation with the host; a new one when the last was lost. */
export type Talk = () => Promise<Conversation>;

/** Reads tables of a host in one exchange. */
export async function look(host: string, talk: Talk, names: readonly FactName[]): Promise<Facts> {
  const conversation = await talk();
  const answers = await conversation.run(factCommands(names).map((command) => ({ command })));
  return parseFacts(host, names, answers);
}

/** An operation on its way: planned, perhaps failed. */
interface Course {
  readonly operation: Operation;
  /** The courses that must have gone well before this one starts. */
  readonly after: readonly Course[];
  commands: readonly Command[];
  /** Where its commands stand in the script. */
  first: number;
  failure?: Failure;
  /** It may have changed the host and has to be taken back. */
  stained: boolean;
}

/**
 * Changes a host by a group of operations: look, plan, apply, look; what is not as asked is undone, each operation for
 * itself. Answers one outcome per operation, in their order.
 */
export async function transact(
  host: string,
  talk: Talk,
  operations: readonly Operation[],
  first: Facts,
): Promise<Outcome[]> {
  const courses = planAll(host, operations, first);
  const steps = script(courses);
  const names = [...new Set(operations.flatMap((o) => o.facts))];
  let now = first;
  if (steps.length > 0) {
    const answers = await apply(talk, courses, steps);
    const judged = courses.filter((c) => !c.failure).flatMap((c) => c.operation.facts);
    now = await lookAfter(host, talk, names, judged);
    judge(host, courses, answers, now);
    now = await undo(host, talk, courses, names, now);
  }
  return operations.map((operation) => {
    const failure = courses.find((c) => c.operation === operation)?.failure;
    return failure ? { failure } : { facts: now };
  });
}

function planAll(host: string, operations: readonly Operation[], facts: Facts): Course[] {
  const courses: Course[] = [];
  for (const { operation, after } of order(operations)) {
    const course: Course = {
      operation,
      after: after.flatMap((i) => courses[i] ?? []),
      commands: [],
      first: -1,
      stained: false,
    };
    courses.push(course);
    try {
      const blocker = course.after.find((c) => c.failure);
      if (blocker) throw notAttempted(host, course, blocker);
      if (!operation.removes) requireNeeds(host, course, facts);
      course.commands = operation.plan(facts);
    } catch (e) {
      course.failure = asFailure(e);
    }
  }
  return courses;
}

function requireNeeds(host: string, { operation, after }: Course, facts: Facts) {
  for (const node of operation.edges.needs) {
    const made = after.some((c) => !c.operation.removes && c.operation.edges.makes.includes(node));
    const problem = made ? undefined : missing(node, host, facts);
    if (problem) throw new Failure("refused", `${operation.title} on ${host}: ${problem}`);
  }
}

const notAttempted = (host: string, course: Course, blocker: Course) =>
  new Failure(
    "undone",
    `${course.operation.title} on ${host}: not attempted, because ${blocker.operation.title} failed`,
  );

/** One script of all commands: each operation a chain, which starts when the chains before it have gone well. */
function script(courses: readonly Course[]): Step[] {
  const steps: Step[] = [];
  for (const course of courses) {
    if (course.failure || course.commands.length === 0) continue;
    course.first = steps.length;
    course.commands.forEach((command, i) => {
      const before = course.after.filter((c) => c.first >= 0).map((c) => c.first + c.commands.length - 1);
      steps.push({ command, after: i === 0 ? before : [steps.length - 1] });
    });
  }
  return steps;
}

/**
 * Runs the script. Undefined when the connection was lost: the script goes on to its end, and only a look after that can
 * tell what happened. The lock makes that look wait.
 */
async function apply(talk: Talk, courses: readonly Course[], steps: readonly Step[]): Promise<Answer[] | undefined> {
  const acting = courses.filter((c) => c.first >= 0);
  const tell = (done: number) => {
    for (const { operation } of acting) operation.progress(`applying ${done} of ${steps.length}`);
  };
  tell(0);
  const conversation = await talk();
  // A terminal redraws a few times a second: more messages would only cost time.
  let told = Date.now();
  try {
    // Place of the undo timer: it is to be armed here, before anything is touched.
    return await conversation.run(steps, {
      deadlineSeconds: 60 + steps.length * 10,
      onAnswer: (index) => {
        if (Date.now() - told < 250) return;
        told = Date.now();
        tell(index + 1);
      },
    });
  } catch (e) {
    if (e instanceof Failure && e.kind === "lost") return undefined;
    throw e;
  }
}

/** The look that judges. A table that cannot be read only now leaves what was done unknown. */
async function lookAfter(
  host: string,
  talk: Talk,
  names: readonly FactName[],
  judged: readonly FactName[],
): Promise<Facts> {
  try {
    const facts = await look(host, talk, names);
    for (const name of judged) void facts[name];
    return facts;
  } catch (e) {
    throw notKnown(host, e);
  }
}

function notKnown(host: string, e: unknown): Failure {
  const reason = e instanceof Error ? e.message : String(e);
  return new Failure("lost", `${host} was lost while it was being changed, and what it did is not known: ${reason}`);
}

/** Finds out which operations reached what was asked. */
function judge(host: string, courses: readonly Course[], answers: readonly Answer[] | undefined, now: Facts) {
  for (const course of courses) {
    if (course.failure) continue;
    const { operation, commands, first } = course;
    const own = answers?.slice(first, first + commands.length) ?? [];
    const failed = first < 0 ? -1 : own.findIndex(({ status }) => status !== 0);
    const blocker = course.after.find((c) => c.failure);
    course.stained = first >= 0;
    if (failed >= 0 && own[failed]?.status === "skipped" && blocker) {
      course.failure = notAttempted(host, course, blocker);
      course.stained = false;
    } else if (failed >= 0)
      course.failure = new Failure("undone", failedStep(host, operation, commands[failed], own[failed]));
    else if (blocker)
      course.failure = new Failure(
        "undone",
        `${operation.title} on ${host}: undone, because ${blocker.operation.title} failed`,
      );
    else {
      const lacking = operation.verify(now);
      const why = answers ? "every command succeeded, but" : "the connection was lost while commands ran:";
      if (lacking)
        course.failure = new Failure(answers ? "undone" : "lost", `${operation.title} on ${host}: ${why} ${lacking}`);
    }
  }
}

function failedStep(host: string, { title }: Operation, command: Command | undefined, answer: Answer | undefined) {
  const said = answer ? answer.stderr.trim() || answer.stdout.trim() || "it said nothing" : "";
  return `${title} on ${host}: ${command ? render(command) : ""} exited ${answer?.status}: ${said}`;
}

/** Takes back what failed operations changed, the last first, and makes sure that it is gone. */
async function undo(
  host: string,
  talk: Talk,
  courses: readonly Course[],
  names: readonly FactName[],
  now: Facts,
): Promise<Facts> {
  const failed = courses.filter((c) => c.failure && c.stained).reverse();
  const steps: Step[] = [];
  for (const { operation } of failed)
    operation.undo(now).forEach((command, i) => {
      steps.push(i === 0 ? { command } : { command, after: [steps.length - 1] });
    });
  let answers: Answer[] = [];
  let after = now;
  try {
    if (steps.length > 0) {
      answers = await (await talk()).run(steps);
      after = await look(host, talk, names);
    }
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e);
    for (const course of failed)
      course.failure = new Failure("undoFailed", `${course.failure?.message}; and it could not be undone: ${reason}`);
    return now;
  }
  for (const course of failed) {
    const left = course.operation.undo(after);
    if (left.length === 0) {
      course.failure = new Failure("undone", `${course.failure?.message}; what it had changed is undone`);
      continue;
    }
    const said = answers
      .map((a) => a.stderr.trim())
      .filter(Boolean)
      .join("; ");
    course.failure = new Failure(
      "undoFailed",
      `${course.failure?.message}; and it could not be undone (${said}). To put it back by hand: ${left.map(render).join("; ")}`,
    );
  }
  return after;
}

/** Any thrown value as a Failure; a mistake of our own stays recognisable by its stack. */
function asFailure(e: unknown): Failure {
  if (e instanceof Failure) return e;
  return new Failure("unreadable", e instanceof Error ? (e.stack ?? e.message) : String(e));
}
