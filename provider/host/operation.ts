import { Failure } from "../errors.ts";
import type { Edges } from "../kind.ts";
import { type Fragment, type FragmentName, managedSteps, unmanagedSteps } from "./boot.ts";
import { type Command, ip, joined, render } from "./command.ts";
import type { Ask, Facts } from "./facts.ts";
import { gives, linksIn, missing, order } from "./graph.ts";
import type { Answer, Step } from "./script.ts";

/** One change of one thing on a host, as the transaction sees it. */
export interface Operation {
  /** What it is about, for messages: `VlanInterface ens33.10`. */
  readonly title: string;
  /** Whether it takes away what it names in `edges.makes`. */
  readonly removes: boolean;
  readonly edges: Edges;
  readonly facts: readonly Ask[];
  /** The commands, from what the look found. Throws a Failure when the host does not allow it. */
  plan(facts: Facts): readonly Command[];
  /** What is not as asked, or undefined when all is. */
  verify(facts: Facts): string | undefined;
  /** The commands from what is there now back to what `plan` found; none when all is as it was. */
  undo(facts: Facts): Command[];
  /** The commands from what was asked back to what `plan` found, without a look: for the host itself. */
  back(): Command[];
  /** What the host is to keep for its next boot, from a look after all went well; undefined: nothing any more. */
  boot(facts: Facts): Fragment | undefined;
  /** What names it among what the host keeps. */
  readonly keeps: () => FragmentName | undefined;
  /** The links that it takes from the host's own network configuration, once it is planned. */
  takes(): readonly string[];
  /** The links that it gives back to the host's own network configuration, once it is planned. */
  gives(): readonly string[];
  /** Whether it takes up what exists, and gives it back. */
  readonly adopts: boolean;
  /** Tells the user what goes on. */
  progress(text: string): void;
}

/** What became of an operation: the facts after it and what the user should know, or the failure. */
export type Outcome = { readonly facts: Facts; readonly notes: readonly string[] } | { readonly failure: Failure };

/** An operation on its way: planned, perhaps failed. */
export interface Course {
  readonly operation: Operation;
  /** The courses that must have gone well before this one starts. */
  readonly after: readonly Course[];
  commands: readonly Command[];
  /** Where its commands stand in the script; negative when it has none there. */
  first: number;
  failure?: Failure;
  /** It may have changed the host and has to be taken back. */
  stained: boolean;
  /** What could not be taken back, in words or as commands that do. */
  left: readonly string[];
}

/** Whether it could not be undone: the host is in between. */
export const isLeft = ({ failure }: Course): boolean => failure?.kind === "undoFailed";

/** The links that an operation may change. */
export const linksOf = ({ operation: { edges } }: Course): string[] => linksIn([...edges.makes, ...edges.needs]);

/** The links that it makes or removes. */
export const linksMade = ({ operation: { edges, adopts } }: Course): string[] => (adopts ? [] : linksIn(edges.makes));

/**
 * The links that operations make where there were none: renderers are told of them, and untold when they are undone. What
 * was there under such a name was ours, and stays left alone.
 */
export function linksToCome(courses: readonly Course[], { links }: Pick<Facts, "links">): string[] {
  const there = new Set(links.map(({ name }) => name));
  const makers = courses.filter(({ operation }) => !operation.removes);
  return makers.flatMap(linksMade).filter((name) => !there.has(name));
}

/** Plans all operations, in the order in which each finds what it needs. */
export function planAll(host: string, operations: readonly Operation[], facts: Facts): Course[] {
  const courses: Course[] = [];
  for (const { operation, after } of order(operations)) {
    const course: Course = {
      operation,
      after: after.flatMap((i) => courses[i] ?? []),
      commands: [],
      first: -1,
      stained: false,
      left: [],
    };
    courses.push(course);
    try {
      const blocker = course.after.find((c) => c.failure);
      if (blocker) throw notAttempted(host, course, blocker);
      if (!operation.removes) requireNeeds(host, course, facts);
      const commands = operation.plan(facts);
      course.commands = handedOver(commands, operation.gives(), operation.takes());
    } catch (e) {
      course.failure = asFailure(e);
    }
  }
  return courses;
}

/** The commands that take an operation back; `back` are those for the thing itself. */
export const backwards = ({ operation }: Course, back: readonly Command[]): Command[] =>
  handedOver(back, operation.takes(), operation.gives());

/**
 * The commands, and those by which the host's renderers get links and lose others: only then, for a link that they get
 * while it is a port they take out of its bridge. Of what is on it they drop what they do not know, so that is said again.
 */
function handedOver(commands: readonly Command[], gives: readonly string[], takes: readonly string[]): Command[] {
  if (commands.length === 0) return [];
  return [
    ...commands,
    ...managedSteps(gives).map(({ command }) => command),
    ...commands.flatMap((command) => again(command, gives)),
    ...unmanagedSteps(takes).map(({ command }) => command),
  ];
}

/** An address or a route of these links once more, in words that do not mind if it is there; none for other commands. */
function again({ argv }: Command, links: readonly string[]): Command[] {
  const text = argv.join(" ");
  if (!argv.some((word, i) => argv[i - 1] === "dev" && links.includes(word))) return [];
  if (/^ip -\d route replace /.test(text)) return [{ argv }];
  return /^ip address (add|replace) /.test(text) ? [ip`address replace ${argv.slice(3)}`] : [];
}

function requireNeeds(host: string, { operation, after }: Course, facts: Facts) {
  for (const node of operation.edges.needs) {
    const made = after.some((c) => !c.operation.removes && c.operation.edges.makes.some((n) => gives(n, node)));
    const problem = made ? undefined : missing(node, host, facts);
    if (problem) throw new Failure("refused", `${operation.title} on ${host}: ${problem}`);
  }
}

const notAttempted = (host: string, course: Course, blocker: Course) =>
  new Failure(
    "undone",
    `${course.operation.title} on ${host}: not attempted, because ${blocker.operation.title} failed`,
  );

/**
 * One script of all commands, behind `lead`, which must go well: each operation a chain, which starts when the chains
 * before it have gone well. Neighbours that begin with a shared command begin with one for all; where that fails, each with its own.
 */
export function script(courses: readonly Course[], lead: readonly Step[]): Step[] {
  const steps = [...lead];
  const acting = courses.filter(({ failure, commands }) => !failure && commands.length > 0);
  for (const neighbours of neighbourhoods(acting)) {
    const before = (course: Course) =>
      course.after.filter((c) => c.first >= 0).map((c) => c.first + c.commands.length - 1);
    const unless = neighbours.length > 1 ? steps.length : undefined;
    if (unless !== undefined) {
      const all = joined(neighbours.flatMap(({ commands }) => commands.slice(0, 1)));
      steps.push({ command: all, after: [...lead.keys(), ...new Set(neighbours.flatMap(before))] });
    }
    for (const course of neighbours) {
      course.first = steps.length;
      course.commands.forEach((command, i) => {
        const after = i === 0 ? [...lead.keys(), ...before(course)] : [steps.length - 1];
        steps.push({ command, after, ...(i === 0 && unless !== undefined && { unless }) });
      });
    }
  }
  return steps;
}

/** The courses in their order: those together whose first commands one call can do. */
function neighbourhoods(courses: readonly Course[]): Course[][] {
  const all: Course[][] = [];
  for (const course of courses) {
    const last = all.at(-1);
    // Who waits for more than the first command of another does not begin along with it.
    const waits = last?.some((one) => one.commands.length > 1 && course.after.includes(one));
    if (last?.[0] && !waits && head(course) !== undefined && head(last[0]) === head(course)) last.push(course);
    else all.push([course]);
  }
  return all;
}

const head = ({ commands: [first] }: Course) =>
  first?.shared === undefined ? undefined : first.argv.slice(0, first.shared).join(" ");

/**
 * Finds out which operations reached what was asked. Without answers (the connection was lost) only what is there now
 * tells it.
 */
export function judge(host: string, courses: readonly Course[], answers: readonly Answer[] | undefined, now: Facts) {
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

/** Any thrown value as a Failure; a mistake of our own stays recognisable by its stack. */
function asFailure(e: unknown): Failure {
  if (e instanceof Failure) return e;
  return new Failure("unreadable", e instanceof Error ? (e.stack ?? e.message) : String(e));
}
