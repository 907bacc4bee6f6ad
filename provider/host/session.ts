import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../errors.ts";
import type { Activity } from "./activity.ts";
import type { Command } from "./command.ts";
import { type Conversation, connect, greet } from "./connection.ts";
import { type Ask, type Facts, factCommands, parseFacts } from "./facts.ts";
import { unmet } from "./graph.ts";
import { type Line, look, type Talk } from "./line.ts";
import { locked } from "./lock.ts";
import type { Operation, Outcome } from "./operation.ts";
import { askPending, halfDone, parsePending } from "./pending.ts";
import { guardFacts } from "./run.ts";
import type { Answer } from "./script.ts";
import { guardOf, type HostSettings } from "./settings.ts";
import { newMarker } from "./shell.ts";
import { transact } from "./transaction.ts";

/** The engine calls in bursts of up to 64 within 60 ms: waiting this long, in ms, makes one group of most of them. */
const gather = 10;

/** How long a failed connection speaks for the next ones, in ms: otherwise each of 100 resources would wait anew. */
const failureLasts = 30_000;

/** From so many links on, a look takes long enough for this many ms of the past to be the better answer to a read. */
const many = 200;
const fresh = 1000;

type Tell = (text: string) => void;
type Pending = { tell: Tell; reject(reason: unknown): void };
type Look = Pending & { names: readonly Ask[]; resolve(facts: Facts): void };
type Change = Pending & { operation: Operation; resolve(outcome: Outcome): void };
type Question = Pending & {
  commands: readonly Command[];
  deadlineSeconds: number;
  resolve(answers: Answer[]): void;
};
type Request = Look | Change | Question;

/**
 * One conversation with one host. Requests that arrive while it is busy wait and form the next group: any number of
 * looks is one exchange, any number of changes one transaction. A change that needs what is not there yet waits until
 * another change has made it, or nobody else is expected. Commands that only ask come after the changes.
 */
export class Session {
  readonly host: string;
  readonly #settings: HostSettings;
  readonly #activity: Activity;
  readonly #token = newMarker();
  #conversation: Conversation | undefined;
  #failed: { failure: unknown; at: number } | undefined;
  /** The last look at a host of many links, unless something was changed since. */
  #last: { facts: Facts; names: ReadonlySet<Ask>; at: number } | undefined;
  /** The connection over which what dead runs have left was asked for. */
  #lookedAround: Conversation | undefined;
  readonly #notices: string[] = [];
  #waiting: Request[] = [];
  /** Changes that need what is not there yet. */
  #held: Change[] = [];
  #working: Promise<void> | undefined;
  #isCancelled = false;

  constructor(host: string, settings: HostSettings, activity: Activity) {
    this.host = host;
    this.#settings = settings;
    this.#activity = activity;
  }

  /** Reads tables of the host. */
  look(names: readonly Ask[], tell: Tell = () => {}): Promise<Facts> {
    return new Promise((resolve, reject) => this.#enqueue({ names, tell, resolve, reject }));
  }

  /** What its user should know of a host that was only looked at; each is answered once. */
  notices(): string[] {
    return this.#notices.splice(0);
  }

  /** Changes the host; rejects when nobody can say what became of the change. */
  change(operation: Operation): Promise<Outcome> {
    const tell = (text: string) => operation.progress(text);
    return new Promise((resolve, reject) => this.#enqueue({ operation, tell, resolve, reject }));
  }

  /** Runs commands that change nothing, when all else of their group is done. */
  ask(commands: readonly Command[], deadlineSeconds: number, tell: Tell = () => {}): Promise<Answer[]> {
    // Who asks several times comes again by himself.
    if (this.#isCancelled) return Promise.reject(this.#cancelled());
    return new Promise((resolve, reject) => this.#enqueue({ commands, deadlineSeconds, tell, resolve, reject }));
  }

  /** Refuses the requests that wait; the group in flight goes on to its end. */
  cancel() {
    this.#isCancelled = true;
    const refused = [...this.#held, ...this.#waiting];
    this.#held = [];
    this.#waiting = [];
    for (const request of refused) request.reject(this.#cancelled());
  }

  #cancelled(): Failure {
    return new Failure("cancelled", `cancelled before anything was done on ${this.host}`);
  }

  /** Ends the conversation after the group in flight. */
  async close(): Promise<void> {
    await this.#working;
    this.#conversation?.close();
  }

  #enqueue(request: Request) {
    this.#activity.touch();
    if (this.#working && "operation" in request) request.tell(`waiting for its turn on ${this.host}`);
    this.#waiting.push(request);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work() {
    while (this.#waiting.length > 0 || this.#held.length > 0) {
      await sleep(gather);
      const patient = this.#waiting.length > 0;
      if (!patient && !this.#activity.isOver) continue;
      const group = [...this.#held, ...this.#waiting];
      this.#held = [];
      this.#waiting = [];
      try {
        await this.#activity.during(() => this.#serve(group, patient));
      } catch (e) {
        // What is told to have failed must not be done later.
        this.#held = this.#held.filter((change) => !group.includes(change));
        for (const request of group) request.reject(e);
      }
    }
  }

  async #serve(group: readonly Request[], patient: boolean) {
    const line = this.#line((text) => {
      for (const request of group) request.tell(text);
    });
    const changes = group.filter((request) => "operation" in request);
    const names = group.flatMap((request): readonly Ask[] => {
      if ("operation" in request) return [...request.operation.facts, ...guardFacts];
      return "names" in request ? request.names : [];
    });
    const answerLooks = async (speak: Talk) => {
      const facts = await this.#look(speak, new Set(names), changes.length === 0);
      for (const request of group) if ("names" in request) request.resolve(facts);
      return facts;
    };
    if (changes.length > 0) await this.#change(changes, line, answerLooks, patient);
    else if (names.length > 0) await answerLooks(line.talk);
    for (const request of group) {
      if (!("commands" in request)) continue;
      const steps = request.commands.map((command) => ({ command }));
      const answers = line.talk().then((conversation) => conversation.run(steps, request));
      await answers.then(request.resolve, request.reject);
    }
  }

  /** Makes of changes one transaction, under the lock. */
  async #change(
    changes: readonly Change[],
    line: Line,
    answerLooks: (speak: Talk) => Promise<Facts>,
    patient: boolean,
  ): Promise<void> {
    const tell = (text: string) => {
      for (const change of changes) change.tell(text);
    };
    await locked(this.host, line, tell, async (lockedLine) => {
      const facts = await answerLooks(lockedLine.talk);
      const ready = patient ? this.#hold(changes, facts) : changes;
      if (ready.length === 0) return;
      const operations = ready.map(({ operation }) => operation);
      const outcomes = await transact(this.host, lockedLine, operations, facts, guardOf(this.#settings, undefined));
      for (const [i, change] of ready.entries()) change.resolve(outcomes[i] as Outcome);
    });
  }

  /** Looks at the host; where that takes long, what was seen a moment ago may do. */
  async #look(speak: Talk, names: ReadonlySet<Ask>, mayBeOld: boolean): Promise<Facts> {
    const last = this.#last;
    const isSeen = (name: Ask) => last?.names.has(name);
    if (last && mayBeOld && Date.now() - last.at < fresh && [...names].every(isSeen)) return last.facts;
    this.#last = undefined;
    const at = Date.now();
    const facts = await (mayBeOld ? this.#lookAround(speak, [...names]) : look(this.host, speak, [...names]));
    if (mayBeOld && names.has("links") && isLarge(facts)) this.#last = { facts, names, at };
    return facts;
  }

  /** Looks; over a new connection also at what dead runs have left: a look may see it half done. Who changes ends it. */
  async #lookAround(speak: Talk, names: readonly Ask[]): Promise<Facts> {
    const conversation = await speak();
    if (this.#lookedAround === conversation) return look(this.host, speak, names);
    const looks = factCommands(names).map((command) => ({ command }));
    const answers = await conversation.run([...looks, ...askPending]);
    this.#lookedAround = conversation;
    this.#notices.push(...halfDone(this.host, parsePending(answers.slice(looks.length))));
    return parseFacts(this.host, names, answers);
  }

  /** Holds back the changes that need what is not there yet; answers the others. */
  #hold(changes: readonly Change[], facts: Facts): Change[] {
    const needs = unmet(
      changes.map(({ operation }) => operation),
      facts,
    );
    for (const [i, change] of changes.entries()) {
      const need = needs[i];
      if (need === undefined) continue;
      change.tell(`waiting for ${need} on ${this.host}`);
      this.#held.push(change);
    }
    return changes.filter((_, i) => needs[i] === undefined);
  }

  #line(tell: Tell): Line {
    return {
      token: this.#token,
      talk: () => this.#talk(tell),
      standing: () => (this.#conversation?.open ? this.#conversation : undefined),
      dial: () => connect(this.host, this.#settings),
      greet: () => greet(this.host, this.#settings),
      adopt: (conversation) => {
        this.#conversation?.close();
        this.#conversation = conversation;
        this.#failed = undefined;
      },
    };
  }

  async #talk(tell: Tell): Promise<Conversation> {
    if (this.#conversation?.open) return this.#conversation;
    if (this.#failed && Date.now() - this.#failed.at < failureLasts) throw this.#failed.failure;
    tell(`connecting to ${this.host}`);
    try {
      this.#conversation = await connect(this.host, this.#settings, tell);
      this.#failed = undefined;
      tell(`looking at ${this.host}`);
      return this.#conversation;
    } catch (failure) {
      if (failure instanceof Failure) this.#failed = { failure, at: Date.now() };
      throw failure;
    }
  }
}

/** Whether a host has many links; not where that cannot be read, which is for those to be told who asked for them. */
function isLarge(facts: Facts): boolean {
  try {
    return facts.links.length >= many;
  } catch {
    return false;
  }
}
