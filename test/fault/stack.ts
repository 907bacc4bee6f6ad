import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import type { Answer, Call, Job, Resource } from "./driver.ts";
import type { Place } from "./place.ts";

/** Resources by their names. */
export type Program = Readonly<Record<string, Resource>>;

/** What the engine keeps of a stack: each resource as it was declared when it was last done, and its state. */
export type State = Readonly<Record<string, Resource & { readonly id: string; readonly state: Answer["state"] }>>;

/** A run of the plugin that is going on. */
export interface Run {
  /** What it answered; undefined when it was killed. */
  readonly answers: Promise<readonly Answer[] | undefined>;
  /** What it has told its user so far. */
  readonly said: () => string;
  /** Ends it as `kill -9` does. */
  kill(): void;
  /** Ends its ssh as `kill -9` does. */
  killSsh(): void;
}

/** The calls that bring a stack from its state to a program, as Pulumi's engine would make them. */
export function calls(state: State, program: Program): Call[] {
  const gone = Object.entries(state).filter(([name]) => !program[name]);
  const wanted = Object.entries(program).flatMap(([name, resource]): Call[] => {
    const { kind } = resource;
    const have = state[name];
    if (!have) return [{ name, kind, does: "create" }];
    if (isDeepStrictEqual(have.inputs, resource.inputs)) return [];
    return [{ name, kind, does: "update", id: have.id, recorded: have.state ?? {} }];
  });
  const unwanted = gone.map(
    ([name, { kind, id, state }]): Call => ({ name, kind, does: "delete", id, recorded: state ?? {} }),
  );
  return [...wanted, ...unwanted];
}

/** The state after a run. A killed run leaves the state as it was. */
export function stateAfter(state: State, program: Program, answers: readonly Answer[]): State {
  const after: Record<string, State[string]> = { ...state };
  for (const { name, id, state: now, failure } of answers) {
    const wanted = program[name];
    if (!wanted) {
      if (!failure) delete after[name];
    } else if (id !== undefined) {
      // What was not done wholly is done again by the next run.
      after[name] = { ...wanted, ...(failure && { inputs: {} }), id, state: now };
    }
  }
  return after;
}

/** The calls that read all that a stack has, as a refresh does. */
export const reads = (state: State): Call[] =>
  Object.entries(state).map(([name, { kind, id, state }]) => ({ name, kind, does: "read", id, recorded: state ?? {} }));

/**
 * Starts the plugin for all calls that bring the stack from its state to the program, as one group. The host undoes what
 * is not proved good within so many seconds.
 */
export const start = (ground: Place, state: State, program: Program, seconds = ground.guardSeconds): Run =>
  startCalls(ground, program, calls(state, program), seconds);

/** Starts the plugin for calls, as one group. */
export function startCalls(ground: Place, program: Program, calls: readonly Call[], seconds: number): Run {
  const config = { hosts: ground.hosts, guard: { seconds } };
  const job: Job = { config, program, calls };
  const child = ground.spawn([process.execPath, join(import.meta.dirname, "driver.ts")]);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    said += part;
  });
  child.stdin.on("error", () => {}); // It was killed before it had read its job.
  child.stdin.end(JSON.stringify(job));
  const answers = Promise.all([text(child.stdout), once(child, "close")]).then(([printed, [status, signal]]) => {
    if (signal === "SIGKILL") return undefined;
    if (status !== 0) throw new Error(`the plugin exited ${status ?? signal}:\n${said}`);
    return JSON.parse(printed) as Answer[];
  });
  // It may fail while nobody waits for it yet.
  answers.catch(() => {});
  return {
    answers,
    said: () => said,
    kill: () => void child.kill("SIGKILL"),
    killSsh: () => {
      for (const pid of childrenOf(child.pid ?? 0, "ssh")) unlessGone(() => process.kill(pid, "SIGKILL"));
    },
  };
}

/** The processes of a name that a process has started; none when it is gone. */
function childrenOf(pid: number, name: string): number[] {
  const tasks = unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  const children = tasks.flatMap(
    (task) => unlessGone(() => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").match(/\d+/g)) ?? [],
  );
  return children.filter((child) => commandOf(child) === name).map(Number);
}

const commandOf = (pid: string) => unlessGone(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim());

/** A process may end at any time. */
function unlessGone<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (["ESRCH", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
