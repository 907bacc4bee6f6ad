import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Failure } from "../errors.ts";
import { render } from "./command.ts";
import { type Answer, Answers, frame, type Step } from "./script.ts";

/** A shell on a host that runs scripts, one after another. */
export interface Conversation {
  /**
   * Sends the steps whole; resolves when all are answered, in the order of the steps. `onAnswer` hears each as it arrives.
   * Rejects with Failure "lost" when the connection ends or the deadline passes; what the host did is then not known.
   */
  run(steps: readonly Step[], options?: RunOptions): Promise<Answer[]>;
  readonly open: boolean;
  /** Ends the connection at once. A script that is running goes on, on the host, to its end. */
  close(): void;
}

/** `deadlineSeconds` is for the whole script, from when it is sent; 60 when omitted. */
export interface RunOptions {
  readonly deadlineSeconds?: number;
  readonly onAnswer?: (index: number, answer: Answer) => void;
}

/** How a shell came to its end before all was answered. */
export class Ended extends Error {
  /** What its process exited with; null when a signal ended it. */
  readonly status: number | null;
  /** What it, or the step that was running, said last. */
  readonly stderr: string;
  readonly stdout: string;
  /** Whether we ended it, because the deadline had passed. */
  readonly late: boolean;

  constructor(status: number | null, answers: Answers, late: boolean, cause?: Error) {
    super("the shell ended", { cause });
    this.status = status;
    this.stderr = answers.rest("stderr");
    this.stdout = answers.rest("stdout");
    this.late = late;
  }
}

/** A conversation with a POSIX `sh` at the other end of a process, which must lead a process group of its own. */
export class Shell implements Conversation {
  readonly #where: string;
  readonly #process: ChildProcessWithoutNullStreams;
  #end: { status: number | null; cause?: Error } | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #onPiece: (stream: "stdout" | "stderr", chunk: Buffer) => void = () => {};
  #onEnd: () => void = () => {};

  /** `where` is how messages name the host, `child` the process whose streams lead to the shell. */
  constructor(where: string, child: ChildProcessWithoutNullStreams) {
    this.#where = where;
    this.#process = child;
    child.stdout.on("data", (chunk: Buffer) => this.#onPiece("stdout", chunk));
    child.stderr.on("data", (chunk: Buffer) => this.#onPiece("stderr", chunk));
    child.stdin.on("error", () => {}); // The process has ended, which "close" reports with its status.
    let cause: Error | undefined;
    child.once("error", (error) => {
      cause = error;
    });
    const forget = atExit(() => this.close());
    child.once("close", (status) => {
      forget();
      this.#end = { status, ...(cause && { cause }) };
      this.#onEnd();
    });
  }

  get open(): boolean {
    return this.#end === undefined;
  }

  close(): void {
    const { pid } = this.#process;
    if (pid === undefined || !this.open) return;
    try {
      // The group, so that what ssh started to reach a jump host ends with it.
      process.kill(-pid, "SIGKILL");
    } catch {
      // It ended by itself a moment ago.
    }
  }

  run(steps: readonly Step[], { deadlineSeconds = 60, onAnswer }: RunOptions = {}): Promise<Answer[]> {
    const turn = this.#turn.then(async () => {
      if (steps.length === 0) return [];
      const marker = newMarker();
      let answered = 0;
      try {
        return await this.exchange(frame(steps, marker), marker, steps.length, deadlineSeconds, (index, answer) => {
          answered = index + 1;
          onAnswer?.(index, answer);
        });
      } catch (error) {
        if (!(error instanceof Ended)) throw error;
        throw this.#lost(error, steps[answered], deadlineSeconds);
      }
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Sends a text that makes the shell sign `count` answers with the marker. Rejects with Ended when it signs fewer. */
  async exchange(
    text: string,
    marker: string,
    count: number,
    deadlineSeconds: number,
    onAnswer: (index: number, answer: Answer) => void,
  ): Promise<Answer[]> {
    const answers = new Answers(marker);
    const arrived: Answer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.close();
    }, deadlineSeconds * 1000);
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = () => reject(new Ended(this.#end?.status ?? null, answers, late, this.#end?.cause));
        if (!this.open) return fail();
        this.#onEnd = fail;
        let thrown: unknown;
        this.#onPiece = (stream, chunk) => {
          for (const { index, answer } of answers.feed(stream, chunk)) {
            arrived.push(answer);
            try {
              onAnswer(index, answer);
            } catch (error) {
              thrown ??= error;
            }
          }
          // A listener's mistake waits for the end of the script: the next one must find the streams empty.
          if (arrived.length === count) thrown === undefined ? resolve() : reject(thrown);
        };
        this.#process.stdin.write(text);
      });
      return arrived;
    } finally {
      clearTimeout(timer);
      this.#onPiece = () => {};
      this.#onEnd = () => {};
    }
  }

  #lost({ status, stderr, late }: Ended, step: Step | undefined, deadlineSeconds: number): Failure {
    const during = step === undefined ? "" : ` while it ran: ${render(step.command)}`;
    if (late) return new Failure("lost", `${this.#where}: no answer within ${deadlineSeconds} s${during}`);
    const reason =
      stderr
        .trim()
        .split(/[\r\n]+/)
        .at(-1) || (status === null ? "closed" : `status ${status}`);
    return new Failure("lost", `${this.#where}: the connection ended${during}: ${reason}`);
  }
}

/** A word that no output contains by chance: 128 random bits, in hex. */
export function newMarker(): string {
  return randomBytes(16).toString("hex");
}

const actions = new Set<() => void>();
process.on("exit", () => {
  for (const action of actions) action();
});

/** Does the action when this process exits, unless the function that is returned was called before. */
export function atExit(action: () => void): () => void {
  actions.add(action);
  return () => actions.delete(action);
}
