import { type Conversation, connect, greet } from "../provider/host/connection.ts";
import { type Line, look } from "../provider/host/line.ts";
import { locked } from "../provider/host/lock.ts";
import type { Operation } from "../provider/host/operation.ts";
import { type Guarding, guardFacts } from "../provider/host/run.ts";
import type { Answer, Step } from "../provider/host/script.ts";
import { guardOf, type HostSettings } from "../provider/host/settings.ts";
import { newMarker } from "../provider/host/shell.ts";
import { transact } from "../provider/host/transaction.ts";
import { timed } from "./timing.ts";

/** What a group of changes took, in seconds. */
export type Taken = {
  whole: number;
  /** From sending the script to the answer of its first step, which arms the guard. */
  arm: number;
  /** The exchange that disarms it and keeps what the host is to have after its next boot. */
  commit: number;
  /** The new connection that proves that the host can be reached; 0 when none was needed. */
  proof: number;
  /** How many scripts were sent. */
  exchanges: number;
};

/** How a group is made: with all that guards it, or by the same transaction with the guard's own steps left out. */
export type Way = "guarded" | "unguarded";

/** A connection to a host over which groups are changed as the provider does, with a watch on every exchange. */
export class Wire {
  readonly host: string;
  readonly #settings: HostSettings;
  #conversation: Conversation;
  #taken: Taken = { whole: 0, arm: 0, commit: 0, proof: 0, exchanges: 0 };

  private constructor(host: string, settings: HostSettings, conversation: Conversation) {
    this.host = host;
    this.#settings = settings;
    this.#conversation = conversation;
  }

  /** Logs in. */
  static async open(host: string, settings: HostSettings): Promise<Wire> {
    return new Wire(host, settings, await connect(host, settings));
  }

  /** Ends the connection. */
  close(): void {
    this.#conversation.close();
  }

  /** Runs steps as one script; answers how long that took. Each must succeed. */
  async run(steps: readonly Step[]): Promise<number> {
    return timed(async () => {
      const failed = (await this.#conversation.run(steps)).find(({ status }) => status !== 0);
      if (failed) throw new Error(`a step exited ${failed.status}: ${failed.stderr}`);
    });
  }

  /** Changes the host by a group of operations, as a session of the provider does. Each must succeed. */
  async change(operations: readonly Operation[], way: Way, proof: Guarding["proof"] = "login"): Promise<Taken> {
    this.#taken = { whole: 0, arm: 0, commit: 0, proof: 0, exchanges: 0 };
    const transactions = { names: new Set<string>() };
    const line = this.#line(way, transactions);
    const names = [...new Set([...operations.flatMap(({ facts }) => facts), ...guardFacts])];
    const guarding = { ...guardOf(this.#settings, undefined), proof };
    const whole = await timed(() =>
      locked(
        this.host,
        line,
        () => {},
        async (held) => {
          transactions.names = held.guarding;
          const first = await look(this.host, held.talk, names);
          for (const outcome of await transact(this.host, held, operations, first, guarding))
            if ("failure" in outcome) throw outcome.failure;
        },
      ),
    );
    return { ...this.#taken, whole };
  }

  #line(way: Way, transactions: { names: ReadonlySet<string> }): Line {
    const isGuards = ({ command }: Step) => command.argv.some((word) => transactions.names.has(word));
    const wrapped = new WeakMap<Conversation, Conversation>();
    const wrap = (conversation: Conversation): Conversation => {
      const known = wrapped.get(conversation) ?? this.#watched(conversation, way, isGuards);
      wrapped.set(conversation, known);
      return known;
    };
    const proved = async (connecting: () => Promise<unknown>) => {
      if (way === "guarded") this.#taken.proof += await timed(connecting);
    };
    let fresh = this.#conversation;
    return {
      token: newMarker(),
      talk: async () => wrap(this.#conversation),
      dial: async () => {
        await proved(async () => {
          fresh = await connect(this.host, this.#settings);
        });
        return wrap(fresh);
      },
      standing: () => wrap(this.#conversation),
      greet: () => proved(() => greet(this.host, this.#settings)),
      adopt: () => {
        if (fresh !== this.#conversation) this.#conversation.close();
        this.#conversation = fresh;
      },
    };
  }

  /** The conversation with a watch on it; unguarded, it answers the guard's steps itself, as if they had succeeded. */
  #watched(conversation: Conversation, way: Way, isGuards: (step: Step) => boolean): Conversation {
    const run: Conversation["run"] = async (steps, { deadlineSeconds = 60 } = {}) => {
      if (steps.length === 0) return [];
      const leads = steps[0] !== undefined && isGuards(steps[0]);
      const part = !leads ? undefined : steps[0]?.command.stdin === undefined ? "commit" : "arm";
      const { kept, rest } = way === "guarded" ? all(steps) : without(steps, part === "commit" ? () => true : isGuards);
      if (kept.length === 0) return steps.map(() => done);
      this.#taken.exchanges += 1;
      const began = performance.now();
      const since = () => (performance.now() - began) / 1000;
      const answers = await conversation.run(kept, {
        deadlineSeconds,
        onAnswer: (index) => {
          if (index === 0 && part === "arm") this.#taken.arm += since();
        },
      });
      if (part === "commit") this.#taken.commit += since();
      return steps.map((_, i) => answers[rest.indexOf(i)] ?? done);
    };
    return {
      run,
      get open() {
        return conversation.open;
      },
      close: () => conversation.close(),
    };
  }
}

const done: Answer = { status: 0, stdout: "", stderr: "" };

const all = (steps: readonly Step[]) => ({ kept: steps, rest: [...steps.keys()] });

/** The steps that are not left out, and where each stood; what they depended on of the others is taken as done. */
export function without(steps: readonly Step[], leftOut: (step: Step) => boolean): { kept: Step[]; rest: number[] } {
  const rest = [...steps.keys()].filter((i) => !leftOut(steps[i] as Step));
  const places = new Map(rest.map((old, now) => [old, now]));
  const kept = rest.map((i) => {
    const { after = [], ...step } = steps[i] as Step;
    return { ...step, after: after.flatMap((old) => places.get(old) ?? []) };
  });
  return { kept, rest };
}
