import { type Command, quote, render } from "./command.ts";

/** One step of a script: a command, and the steps (by index, all before this one) that must have exited 0 for it to run. */
export interface Step {
  readonly command: Command;
  /** Text that the shell runs itself in place of the command, for what must outlast the step: open files. */
  readonly inShell?: string;
  readonly after?: readonly number[];
  /** A step before it that does the same among other things: it counts as this one where it exits 0. */
  readonly unless?: number;
}

/** What a step did: its exit status, or "skipped" when a step it depends on failed or was skipped itself. */
export interface Answer {
  readonly status: number | "skipped";
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The text that makes a POSIX `sh` run the steps in order and say, on both streams, where each answer ends.
 * It is one compound command, which a shell reads to its end before it starts: half a text runs nothing at all.
 * `marker` must not occur in any output; 128 random bits in hex do. Throws RangeError for what no process can be given.
 */
export function frame(steps: readonly Step[], marker: string): string {
  const lines = steps.map((step, index) => {
    const { after = [], unless } = step;
    const own = `${step.inShell ?? pipeline(step.command)}; hostnet_${index}=$?`;
    const run =
      unless === undefined ? own : `if [ "$hostnet_${unless}" = 0 ]; then hostnet_${index}=0; else ${own}; fi`;
    const needed = [...after, ...(unless === undefined ? [] : [unless])];
    if (needed.some((earlier) => !Number.isInteger(earlier) || earlier < 0 || earlier >= index)) {
      throw new RangeError(`step ${index} may depend on earlier steps only, got ${needed.join(", ")}`);
    }
    const statuses = after.map((earlier) => `$hostnet_${earlier}`).join(" ");
    const succeeded = `[ "${statuses}" = "${after.map(() => "0").join(" ")}" ]`;
    const guarded = `if ${succeeded}; then ${run}; else hostnet_${index}=skipped; fi`;
    return `${after.length === 0 ? run : guarded}\n${sign(marker, index, `$hostnet_${index}`)}`;
  });
  return `{ :\n${lines.join("\n")}\n}\n`;
}

/** The shell text that ends answer `index` on both streams; `status` is a number or an expansion of the shell. */
export function sign(marker: string, index: number, status: string): string {
  const end = `printf '%s\\n' "${marker}:${index}:${status}"`;
  return `${end}; ${end} >&2`;
}

function pipeline({ argv, stdin }: Command): string {
  // UTF-8 has no half surrogates: the host would be given other bytes than those asked for.
  if (![...argv, stdin ?? ""].every((text) => text.isWellFormed())) {
    throw new RangeError("an argument must not contain half of a surrogate pair");
  }
  // A subshell, so that `cd`, `exit` or `umask` end with their step; it execs the command and costs no second process.
  // The empty quotes keep a first word such as `if` or `A=b` a command name, never a keyword or an assignment.
  // Descriptor 9 is the lock: what a command leaves running in the background must not hold it.
  const command = `( ''${render({ argv })} ) 9>&-`;
  if (stdin === undefined) return `${command} </dev/null`;
  // printf is a builtin, so the text never stands in a process list. That the command reads only a part is its own affair.
  return `printf %s ${quote(stdin)} 2>/dev/null | ${command}`;
}

/**
 * Reads the answers of one framed script out of its two streams, in whatever pieces they arrive.
 * Text is decoded once an answer is whole, so a character may be cut anywhere; bytes that are no UTF-8 become U+FFFD.
 */
export class Answers {
  readonly #stdout: Stream;
  readonly #stderr: Stream;
  #next = 0;

  constructor(marker: string) {
    this.#stdout = new Stream(marker);
    this.#stderr = new Stream(marker);
  }

  /** Takes a piece of one stream; returns the answers that it completes, in the order of the steps. */
  feed(stream: "stdout" | "stderr", chunk: Buffer): { index: number; answer: Answer }[] {
    (stream === "stdout" ? this.#stdout : this.#stderr).feed(chunk);
    const complete: { index: number; answer: Answer }[] = [];
    for (;;) {
      const stdout = this.#stdout.ended[this.#next];
      const stderr = this.#stderr.ended[this.#next];
      if (stdout === undefined || stderr === undefined) return complete;
      const answer = { status: stdout.status, stdout: stdout.text, stderr: stderr.text };
      complete.push({ index: this.#next, answer });
      this.#next += 1;
    }
  }

  /** What has arrived of a stream since its last complete answer: the words of a step, or of an ssh, that died. */
  rest(stream: "stdout" | "stderr"): string {
    return (stream === "stdout" ? this.#stdout : this.#stderr).rest();
  }
}

class Stream {
  readonly ended: { status: number | "skipped"; text: string }[] = [];
  readonly #end: RegExp;
  readonly #longestEnd: number;
  #chunks: Buffer[] = [];
  #tail: Buffer = Buffer.alloc(0);

  constructor(marker: string) {
    this.#end = new RegExp(`${marker}:(\\d+):(\\d+|skipped)\\n`, "g");
    this.#longestEnd = marker.length + ":9007199254740991:skipped\n".length;
  }

  feed(chunk: Buffer): void {
    this.#chunks.push(chunk);
    // Only the new bytes and as many old ones as an end may span are searched: megabytes stay linear.
    const window = Buffer.concat([this.#tail, chunk]);
    // Latin-1 has one character per byte, so positions in the text are positions in the buffer.
    const rest = window.toString("latin1").search(this.#end) < 0 ? window : this.#split();
    this.#tail = rest.subarray(-this.#longestEnd);
  }

  rest(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  #split(): Buffer {
    const all = Buffer.concat(this.#chunks);
    let from = 0;
    for (const { index, 0: end, 2: status } of all.toString("latin1").matchAll(this.#end)) {
      const text = all.subarray(from, index).toString("utf8");
      this.ended.push({ status: status === "skipped" ? status : Number(status), text });
      from = index + end.length;
    }
    const rest = all.subarray(from);
    this.#chunks = [rest];
    return rest;
  }
}
