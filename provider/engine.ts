import { Failure } from "./errors.ts";
import { Activity } from "./host/activity.ts";
import type { Command } from "./host/command.ts";
import type { Facts } from "./host/facts.ts";
import { missing, nameOf, shared } from "./host/graph.ts";
import { Session } from "./host/session.ts";
import type { HostSettings } from "./host/settings.ts";
import { linksOnWay, wayFacts } from "./host/way.ts";
import type { Around, Kind } from "./kind.ts";
import { refuseForeign, refuseRival } from "./owner.ts";
import { Program } from "./program.ts";
import type { Difference, Properties, Subject } from "./resource.ts";
import * as resource from "./resource.ts";
import { type Fields, isUnknown, type Problem, parseFields, UNKNOWN } from "./schema/field.ts";
import { parseAddress } from "./schema/net.ts";
import { listed, nearest } from "./schema/words.ts";

/** What became of a resource: its properties, and the commands that ran for it. */
export interface Changed {
  readonly host: string;
  readonly commands: readonly Command[];
  /** What the user should know. */
  readonly warnings: readonly string[];
  readonly state: Properties;
}

/** What a preview shows of one resource. */
export interface Preview {
  readonly host: string;
  /** Undefined when they depend on values that are only known at up. */
  readonly commands?: readonly Command[] | undefined;
  /** The links that SSH comes by. */
  readonly way?: ReadonlySet<string>;
  readonly warnings: readonly string[];
  /** The properties as far as they are known. */
  readonly state: Properties;
}

type Tell = (text: string) => void;

/** Checks, compares, reads and changes resources of any kind on the hosts of one provider configuration. */
export class Engine {
  readonly #hosts: Readonly<Record<string, HostSettings>>;
  readonly #sessions = new Map<string, Session>();
  /** Until it is over, a change may wait for what it needs. */
  readonly #activity = new Activity(3000);
  /** When it is over, a preview is judged by the whole program, of which all has come that is coming. */
  readonly #previews = new Activity(300, 3000);
  readonly #program: Program;

  constructor(hosts: Readonly<Record<string, HostSettings>>) {
    this.#hosts = hosts;
    const reached = Object.entries(hosts).flatMap(([name, { address }]) => {
      const normal = parseAddress(address);
      return normal ? [[name, normal]] : [];
    });
    this.#program = new Program(Object.fromEntries(reached));
  }

  /** What was noticed of hosts while they were looked at, besides what was asked; each is answered once. */
  notices(): string[] {
    return [...this.#sessions.values()].flatMap((session) => session.notices());
  }

  /** Refuses what has not begun; what is in flight goes on to its end. */
  cancel() {
    for (const session of this.#sessions.values()) session.cancel();
  }

  /** Ends all conversations, after the groups in flight. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  /** The inputs in normal form with defaults filled in, and all that is wrong with them. */
  check({ kind, owner }: Subject, given: Properties): { inputs: Properties; problems: Problem[] } {
    this.#previews.touch();
    const problems: Problem[] = [];
    const fields: Fields = { ...resource.commonInputs, ...kind.inputs };
    const inputs: Properties = parseFields(fields, { ...resource.derived(kind, given), ...given }, "", (path, reason) =>
      problems.push({ path, reason }),
    );
    const host = inputs.host as string;
    if (problems.length === 0 && host !== UNKNOWN && !this.#hosts[host])
      problems.push({ path: "host", reason: this.#unknownHost(host) });
    if (problems.length > 0 || isUnknown(inputs)) return { inputs, problems };
    for (const [path, reason] of Object.entries(kind.check?.(inputs) ?? {})) problems.push({ path, reason });
    const { makes } = kind.edges(inputs);
    for (const other of this.#program.others({ kind, owner }, host)) {
      const same = shared(makes, other.makes);
      if (!same || (other.kind !== kind && (kind.adopts || other.kind.adopts))) continue;
      const verb = kind.adopts ? "adopts" : "makes";
      problems.push({
        path: "name" in kind.inputs ? "name" : "",
        reason: `${nameOf(same)} on ${host} is what ${other.owner.split("/").at(-1)} ${verb} already`,
      });
      break;
    }
    if (problems.length === 0) this.#program.declare({ kind, owner, want: inputs, makes });
    return { inputs, problems };
  }

  /** Where the state that was read differs from what is wanted. Pure: no host is asked. */
  diff(kind: Kind, have: Properties, want: Properties): Difference[] {
    const faulty = kind.fault !== undefined && resource.faultOf(kind, have) !== undefined;
    const fault = faulty ? [{ path: kind.fault, kind: "delete", replaces: false } as const] : [];
    return [...resource.differences(kind, have, want), ...fault];
  }

  /** The inputs that a state amounts to: those that `recorded` inputs manage, or all when there are none (an import). */
  managed(kind: Kind, state: Properties, recorded: Properties | undefined): Properties {
    const names = Object.keys(recorded ?? { ...resource.commonInputs, ...kind.inputs });
    const differing = new Set(
      recorded && resource.differences(kind, state, recorded).map(({ path }) => resource.top(path)),
    );
    return Object.fromEntries(
      names.map((name) => [name, recorded && !differing.has(name) ? recorded[name] : state[name]]),
    );
  }

  /** What is on the host under an ID; undefined when there is nothing. `recorded` is the state of the last run, if any. */
  async read(
    id: string,
    subject: Subject,
    recorded: Properties | undefined,
    tell?: Tell,
  ): Promise<Properties | undefined> {
    const { kind } = subject;
    const { host, name } = resource.parseId(id, kind);
    if (this.#hosts[host]?.gone && recorded) return recorded;
    const kept = kind.adopts || !recorded ? (["fragments"] as const) : [];
    const facts = await this.#session(host).look([...resource.asksOf(kind, recorded ?? { name }), ...kept], tell);
    const asked = kind.found && recorded && (await this.#ask(subject, host, recorded, facts, tell));
    const have = asked ?? kind.read(name, facts);
    if (!recorded) refuseRival(subject, host, name, have, facts, false);
    if (!have || !kind.adopts) return have && resource.stateOf(kind, host, have);
    const before = recorded?.before ?? resource.keptOf(kind, name, facts.fragments)?.before;
    return resource.stateOf(kind, host, have, before as Properties | undefined);
  }

  /** What creating (no `recorded` state) or updating would do now. Changes nothing. */
  preview(subject: Subject, want: Properties, recorded: Properties | undefined, tell?: Tell): Promise<Preview> {
    return this.#previews.during(() => this.#preview(subject, want, recorded, tell));
  }

  async #preview(
    { kind, owner }: Subject,
    want: Properties,
    recorded: Properties | undefined,
    tell: Tell | undefined,
  ): Promise<Preview> {
    const host = want.host as string;
    const later = { ...kind.outputs, ...(kind.adopts && resource.adoptedOutputs) };
    const outputs = Object.fromEntries(Object.keys(later).map((name) => [name, recorded?.[name] ?? UNKNOWN]));
    if (isUnknown(want)) return { host, warnings: [], state: { ...outputs, ...want } };
    const facts = await this.#session(host).look([...resource.asksOf(kind, want), ...wayFacts, "fragments"], tell);
    const name = resource.identify(kind, want, host, facts);
    const have = kind.read(name, facts);
    (recorded ? refuseRival : refuseForeign)({ kind, owner }, host, name, have, facts);
    const judge = (around: Around) => {
      const warnings = resource.settle(kind, host, name, resource.examine(kind, want, have, facts, around));
      for (const node of kind.edges(want).needs) {
        const problem = around.changes(node) ? undefined : missing(node, host, facts);
        if (problem) warnings.push(`${problem}; up will fail unless something makes it first`);
      }
      return warnings;
    };
    // What is missed may be what the program says next.
    if (kind.judgesProgram || !resource.isFlawless(() => judge(this.#program.around({ kind, owner }, host))))
      await this.#previews.over();
    const around = this.#program.around({ kind, owner }, host);
    const warnings = judge(around);
    const unmanaged = Object.fromEntries(Object.keys(kind.inputs).map((input) => [input, have?.[input]]));
    const commands = resource.transition(kind, want, have, facts, around);
    const renewed = commands.length > 0 ? (kind.renews ?? []).map((name) => [name, UNKNOWN]) : [];
    const state = { ...unmanaged, ...outputs, ...Object.fromEntries(renewed), ...want };
    return {
      host,
      commands,
      way: linksOnWay(facts),
      warnings,
      state,
    };
  }

  /** Makes a thing, or adopts it; answers its ID and its state. */
  async create(subject: Subject, want: Properties, tell: Tell): Promise<Changed & { id: string }> {
    const { kind } = subject;
    const host = want.host as string;
    let course: resource.Course | undefined;
    const made = (now: Properties) => ({
      id: resource.formatId(host, kind, course?.name ?? ""),
      state: resource.stateOf(kind, host, now, course?.before),
    });
    try {
      const { now, ...changed } = await this.#change(subject, host, want, false, tell, (facts) => {
        const name = resource.identify(kind, want, host, facts);
        const have = kind.read(name, facts);
        refuseForeign(subject, host, name, have, facts);
        const kept = resource.keptOf(kind, name, facts.fragments)?.before;
        course = { name, have, want, before: resource.beforeOf(kind, have, want, undefined, kept) };
        return course;
      });
      return { ...made(now), ...changed };
    } catch (e) {
      // Something of it may be there: the next run must know of it.
      if (!course || !(e instanceof Failure) || (e.kind !== "lost" && e.kind !== "undoFailed")) throw e;
      const failure = new Failure(e.kind, e.message);
      failure.reached = made(want);
      throw failure;
    }
  }

  /** Makes a thing as wanted, whatever has become of it since the last run. */
  async update(id: string, subject: Subject, want: Properties, recorded: Properties, tell: Tell): Promise<Changed> {
    const { kind } = subject;
    const { host, name } = resource.parseId(id, kind);
    let before: Properties = {};
    const { now, ...changed } = await this.#change(subject, host, want, false, tell, (facts) => {
      const have = kind.read(name, facts);
      const kept = resource.keptOf(kind, name, facts.fragments)?.before;
      before = resource.beforeOf(kind, have, want, recorded.before as Properties | undefined, kept);
      return { name, have, want, before };
    });
    return { ...changed, state: resource.stateOf(kind, host, now, before) };
  }

  /** Takes a thing away, or puts back what it was when it was adopted. What is not there any more is gone already. */
  async delete(id: string, subject: Subject, recorded: Properties, tell: Tell): Promise<Changed> {
    const { kind } = subject;
    const { host, name } = resource.parseId(id, kind);
    if (this.#hosts[host]?.gone || kind.found) return { host, commands: [], warnings: [], state: {} };
    const { now, ...changed } = await this.#change(subject, host, recorded, true, tell, (facts) => {
      const have = kind.read(name, facts);
      const before = kind.adopts ? (recorded.before as Properties | undefined) : undefined;
      return { name, have, want: have && before };
    });
    return { ...changed, state: now };
  }

  /** Runs one operation and answers what is there after it. */
  async #change(
    subject: Subject,
    host: string,
    about: Properties,
    removes: boolean,
    tell: Tell,
    decide: (facts: Facts) => resource.Course,
  ): Promise<Omit<Changed, "state"> & { now: Properties }> {
    const around = this.#program.around(subject, host);
    const ours = (facts: Facts) => {
      const course = decide(facts);
      refuseRival(subject, host, course.name, course.have, facts);
      return course;
    };
    const operation = resource.operationOf(subject.kind, around, host, about, removes, ours, tell);
    const outcome = await this.#session(host).change(operation);
    if ("failure" in outcome) throw outcome.failure;
    const { facts, notes } = outcome;
    const asked = subject.kind.found && (await this.#ask(subject, host, about, facts, tell));
    const judged = asked ? resource.judged(subject.kind, host, about, asked, facts, around) : [];
    const now = asked || operation.reached(facts);
    return { host, now, commands: operation.commands(), warnings: [...notes, ...judged] };
  }

  /** What a kind that only asks finds out. Others may use the host between two attempts. */
  #ask(subject: Subject, host: string, about: Properties, facts: Facts, tell: Tell = () => {}): Promise<Properties> {
    const session = this.#session(host);
    tell(`asking ${host}`);
    return this.#activity.during(() =>
      resource.ask(subject.kind, about, facts, this.#program.around(subject, host), (commands, deadlineSeconds) =>
        session.ask(commands, deadlineSeconds, tell),
      ),
    );
  }

  #session(host: string): Session {
    const settings = this.#hosts[host];
    if (!settings) throw new Failure("invalid", `host ${this.#unknownHost(host)}`);
    if (settings.gone) throw new Failure("refused", `host ${host} is marked as gone (hostnet:hosts.${host}.gone)`);
    const session = this.#sessions.get(host) ?? new Session(host, settings, this.#activity);
    this.#sessions.set(host, session);
    return session;
  }

  #unknownHost(host: string): string {
    const names = Object.keys(this.#hosts);
    if (names.length === 0)
      return `must be a host of the provider's configuration, but hostnet:hosts is empty; got ${host}`;
    const near = nearest(host, names);
    return `must be ${listed(names)} (the names in hostnet:hosts), got ${host}${near ? `; did you mean ${near}?` : ""}`;
  }
}
