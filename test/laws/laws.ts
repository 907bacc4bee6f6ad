import { expect } from "vitest";
import { type Command, render } from "../../provider/host/command.ts";
import type { Facts } from "../../provider/host/facts.ts";
import { fire, forget, newTransaction, rest } from "../../provider/host/guard.ts";
import { type Line, look, type Talk } from "../../provider/host/line.ts";
import { locked } from "../../provider/host/lock.ts";
import { type Operation, type Outcome, planAll } from "../../provider/host/operation.ts";
import { guardFacts } from "../../provider/host/run.ts";
import type { Step } from "../../provider/host/script.ts";
import { lead, transact } from "../../provider/host/transaction.ts";
import type { Around, Kind } from "../../provider/kind.ts";
import {
  asksOf,
  beforeOf,
  type Course,
  differences,
  operationOf,
  type Properties,
  transition,
} from "../../provider/resource.ts";
import { brief, full, pick } from "../seed.ts";
import { snapshotWithin as snapshot } from "./namespaces.ts";

/** A host on which a kind is tried: what the kind's samples need is there, and nothing else is. */
export interface Ground {
  readonly host: string;
  readonly line: Line;
  readonly kind: Kind;
  /** Whether every step is tried; where that is left out, by `npm run test:full`. */
  readonly everyStep?: boolean;
}

/** How hosts are guarded here. */
export const guarding = { seconds: 60, patience: 60, probes: [], proof: "login" } as const;

/**
 * What holds for every kind on a real host. Together they are one walk, each law beginning where the one before ended:
 * a host under emulation takes seconds for a step.
 */
export const laws: readonly { name: string; holds(walk: Walk): Promise<void> }[] = [
  {
    name: "when a step of its making fails, whichever it is, the whole host is as it was before",
    holds: (walk) => walk.breaks(walk.kind.samples.a),
  },
  {
    name: "when it is made and nobody says that all is well, whichever step was the last, the host undoes it by itself",
    holds: (walk) => walk.isLeftAlone(walk.kind.samples.a),
  },
  {
    name: "what was made is read back as planned, and then takes no command",
    holds: async (walk) => {
      await walk.go(walk.kind.samples.a);
      await walk.isThere(walk.kind.samples.a);
    },
  },
  {
    name: "when it is changed and nobody says that all is well, whichever step was the last, the host undoes it by itself",
    holds: (walk) => walk.isLeftAlone(walk.kind.samples.b),
  },
  {
    name: "when a step of its change fails, whichever it is, the whole host is as it was before",
    holds: (walk) => walk.breaks(walk.kind.samples.b),
  },
  {
    name: "what was changed is read back as planned, and then takes no command, there and back again",
    holds: async (walk) => {
      for (const want of [walk.kind.samples.b, walk.kind.samples.a]) {
        await walk.go(want);
        await walk.isThere(want);
      }
    },
  },
  {
    name: "when it is let go and nobody says that all is well, whichever step was the last, the host undoes it by itself",
    holds: (walk) => walk.isLeftAlone(undefined),
  },
  {
    name: "when a step of its removal fails, whichever it is, the whole host is as it was before",
    holds: (walk) => walk.breaks(undefined),
  },
  {
    name: "when it is let go, the whole host is as it was before the first law",
    holds: async (walk) => {
      await walk.go(undefined);
      await walk.isAsAtFirst();
    },
  },
];

/** Makes what the samples of a kind need; answers why this host cannot, if so. */
export async function prepare({ host, line: { talk }, kind }: Ground): Promise<string | undefined> {
  const conversation = await talk();
  const quick = [
    // The kernel would hold back every IPv6 address for a second to see whether another host has it.
    "for f in all default; do echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad; done",
    // Docker does this with its first IPv6 network, and leaves it so: nobody's law.
    "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
  ].map((text) => ({ argv: ["sh", "-c", text] }));
  const steps = [...quick, ...kind.samples.given].map((command) => ({ command }));
  const failed = (await conversation.run(steps)).find(({ status }) => status !== 0);
  if (failed) return lacks(failed.stderr);
  const facts = await look(host, talk, asksOf(kind, kind.samples.a));
  try {
    // A table of facts is read when it is used.
    kind.read("none", facts);
  } catch (e) {
    return lacks((e as Error).message);
  }
  const first = transition(kind, kind.samples.a, undefined, facts, aroundOf())[0];
  return first && kind.adopts !== true ? await triedOut(host, talk, first, kind, facts) : undefined;
}

/** Why a host cannot run a kind's first command; that it can is undone again. */
async function triedOut(
  host: string,
  talk: Talk,
  first: Command,
  kind: Kind,
  facts: Facts,
): Promise<string | undefined> {
  const name = kind.id(kind.samples.a, facts) ?? "";
  const [answer] = await (await talk()).run([{ command: first }]);
  if (answer?.status !== 0) return lacks(answer?.stderr ?? "");
  const now = await look(host, talk, asksOf(kind, kind.samples.a));
  const back = kind
    .plan(undefined, kind.read(name, now), { ...aroundOf(), facts: now })
    .map((command) => ({ command }));
  await (await talk()).run(back);
  return undefined;
}

/** The reason when it says that the host lacks something; any other is a failure. */
function lacks(message: string): string {
  if (/Operation not supported|Unknown device type|there is no `|does not answer|Cannot connect to/.test(message))
    return message.trim();
  throw new Error(message);
}

/** The surroundings of one resource that is alone in its program. */
export const aroundOf = (): Around => ({
  ...{ owner: "laws/test/it", changes: () => false, siblings: [] },
  ...{ host: "node1", program: [], addresses: {} },
});

/** Takes a host from state to state by the machinery that the engine uses. */
export class Walk {
  readonly kind: Kind;
  readonly #host: string;
  readonly #line: Line;
  readonly #talk: Talk;
  readonly #name: string;
  readonly #first: readonly string[];
  readonly #everyStep: boolean;
  /** What was there before it was adopted, as the engine keeps it. */
  #kept: Properties = {};

  constructor({ host, line, kind, everyStep = full }: Ground, name: string, first: readonly string[]) {
    this.kind = kind;
    this.#host = host;
    this.#line = line;
    this.#talk = line.talk;
    this.#name = name;
    this.#first = first;
    this.#everyStep = everyStep;
  }

  static async begin(ground: Ground): Promise<Walk> {
    const {
      host,
      line: { talk },
      kind,
    } = ground;
    const name = kind.id(kind.samples.a, await look(host, talk, asksOf(kind, kind.samples.a)));
    return new Walk(ground, name as string, await snapshot(talk));
  }

  /** Goes to a state; without one lets the thing go. */
  async go(want: Properties | undefined): Promise<void> {
    const facts = await this.#look();
    const have = this.kind.read(this.#name, facts);
    const outcome = await this.#transact(this.#operation(want));
    if (outcome && "failure" in outcome) throw outcome.failure;
    if (want) this.#kept = beforeOf(this.kind, have, want, this.#kept, undefined);
  }

  /** Tries to go to a state once for each command on the way, and lets this one fail; and once lets one fail after all. */
  async breaks(want: Properties | undefined): Promise<void> {
    const there = await snapshot(this.#talk);
    const facts = await this.#look();
    const have = this.kind.read(this.#name, facts);
    const count = this.#operation(want).plan(facts).length;
    expect(count).toBeGreaterThan(0);
    for (const k of this.#steps(count + 1, "breaks")) {
      const step = `step ${k + 1} of ${count}`;
      const whole = this.#operation(want);
      const broken = { ...whole, plan: (found: Facts) => whole.plan(found).toSpliced(k, 1, { argv: ["false"] }) };
      const outcome = await this.#transact(broken);
      const failure = outcome && "failure" in outcome ? outcome.failure : undefined;
      expect(failure?.message, step).toMatch(/ false exited 1: .*; what it had changed is undone$/s);
      const now = this.kind.read(this.#name, await this.#look());
      expect(now === undefined, step).toBe(have === undefined);
      if (now && have) expect(differences(this.kind, now, have), step).toEqual([]);
      await isAs(this.#talk, there, step);
    }
  }

  /** Goes to a state as far as each command on the way, and leaves the rest to the host. */
  async isLeftAlone(want: Properties | undefined): Promise<void> {
    const there = await snapshot(this.#talk);
    const first = await this.#look();
    const courses = planAll(this.#host, [this.#operation(want)], first);
    const commands = courses.flatMap((course) => course.commands);
    for (const last of this.#steps(commands.length, "is left alone")) {
      const k = last + 1;
      const transaction = newTransaction();
      const begin = lead({ host: this.#host, courses, first, transaction, guarding, most: 60 });
      const some = commands.slice(0, k).map((command, i): Step => ({ command, after: [i] }));
      const answers = await locked(
        this.#host,
        this.#line,
        () => {},
        async ({ talk }) =>
          (await talk()).run([begin, ...some, rest(transaction), fire(transaction), forget(transaction)], {
            deadlineSeconds: 600,
          }),
      );
      expect(answers.filter(({ status }) => status !== 0)).toEqual([]);
      await isAs(this.#talk, there, `after ${k} of ${commands.length} steps`);
    }
  }

  #transact(operation: Operation): Promise<Outcome | undefined> {
    return locked(
      this.#host,
      this.#line,
      () => {},
      async (line) => (await transact(this.#host, line, [operation], await this.#look(), guarding))[0],
    );
  }

  /** Which of so many steps are tried: always the last, at which all is done. */
  #steps(count: number, what: string): number[] {
    const others = [...Array(count - 1).keys()];
    return [...(this.#everyStep ? others : pick(others, brief ? 1 : 2, `${this.kind.type} ${what}`)), count - 1];
  }

  /** Expects a state to be there, and nothing to be left to do. */
  async isThere(want: Properties): Promise<void> {
    const facts = await this.#look();
    const now = this.kind.read(this.#name, facts);
    expect(now && differences(this.kind, now, want)).toEqual([]);
    expect(transition(this.kind, want, now, facts, aroundOf()).map(render)).toEqual([]);
  }

  /** Expects the whole host to be as it was at the beginning. */
  async isAsAtFirst(): Promise<void> {
    if (!this.kind.adopts) expect(this.kind.read(this.#name, await this.#look())).toBeUndefined();
    await isAs(this.#talk, this.#first, "the host");
  }

  #look = (): Promise<Facts> =>
    look(this.#host, this.#talk, [...new Set([...guardFacts, ...asksOf(this.kind, this.kind.samples.a)])]);

  #operation(want: Properties | undefined): Operation {
    const decide = (found: Facts): Course => ({
      name: this.#name,
      have: this.kind.read(this.#name, found),
      want: want ?? (this.kind.adopts ? this.#kept : undefined),
    });
    const about = want ?? this.kind.samples.a;
    return operationOf(this.kind, aroundOf(), this.#host, about, want === undefined, decide, () => {});
  }
}

async function isAs(talk: Talk, before: readonly string[], what: string) {
  const now = await snapshot(talk);
  // Only what differs: a host has a thousand lines.
  const changes = {
    gone: before.filter((line) => !now.includes(line)),
    new: now.filter((line) => !before.includes(line)),
  };
  expect(changes, what).toEqual({ gone: [], new: [] });
}
