import { Failure } from "./errors.ts";
import { type Command, fold, withoutPreconditions } from "./host/command.ts";
import type { Ask, Facts } from "./host/facts.ts";
import { linksIn } from "./host/graph.ts";
import type { Operation } from "./host/operation.ts";
import { type Run, tried } from "./host/tries.ts";
import type { Around, Finding, Kind } from "./kind.ts";
import { compareFields, type DifferenceKind, type Fields, isUnknown, UNKNOWN } from "./schema/field.ts";
import { s } from "./schema/fields.ts";

/** Property values as the engine knows them: inputs, outputs, or both. */
export type Properties = Readonly<Record<string, unknown>>;

/** One place at which a resource is to change. */
export interface Difference {
  readonly path: string;
  readonly kind: DifferenceKind;
  /** Whether it takes a new object. */
  readonly replaces: boolean;
}

/** A resource of a program: its kind, and whose its thing on the host is. */
export interface Subject {
  readonly kind: Kind;
  /** `<project>/<stack>/<resource>`. */
  readonly owner: string;
}

/** The input that every resource has. */
export const commonInputs = { host: s.host() };

/** The output of resources that adopt what exists. */
export const adoptedOutputs = {
  before: s.map(s.any("A value."), "What the properties that are managed were before; delete puts them back."),
};

/** All properties of a kind's resources. */
export const fieldsOf = ({ inputs, outputs }: Kind): Fields => ({ ...inputs, ...outputs });

/** `VlanInterface` as IDs write it: `vlan-interface`. */
export const kebab = (type: string): string => type.replace(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase();

/** An ID says where a thing is and what: `node1/vlan-interface/ens33.10`. */
export const formatId = (host: string, { type }: Kind, name: string): string => `${host}/${kebab(type)}/${name}`;

/** The parts of an ID. */
export function parseId(id: string, kind: Kind): { host: string; name: string } {
  const middle = `/${kebab(kind.type)}/`;
  const at = id.indexOf(middle);
  if (at < 1 || at + middle.length === id.length)
    throw new Failure("invalid", `the ID of a ${kind.type} must be <host>${middle}<name>, got ${id}`);
  return { host: id.slice(0, at), name: id.slice(at + middle.length) };
}

/** What the kind derives from the inputs that are given; not known before up when one of them is not. */
export function derived(kind: Kind, given: Properties): Properties {
  const known = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined && !isUnknown(value)),
  );
  const values: Properties = kind.derive?.(known) ?? {};
  const waiting = isUnknown(given) ? Object.keys(kind.inputs).filter((name) => kind.inputs[name]?.isDerived) : [];
  return { ...Object.fromEntries(waiting.map((name) => [name, UNKNOWN])), ...values };
}

/** Where `have` differs from `want`, in what `want` manages. */
export function differences(kind: Kind, have: Properties, want: Properties): Difference[] {
  const found: Difference[] = [];
  for (const [name, field] of Object.entries({ ...commonInputs, ...kind.inputs }))
    compareFields({ [name]: field } as Fields, have, { [name]: want[name] }, "", (path, difference) =>
      found.push({ path, kind: difference, replaces: field.replace }),
    );
  return found;
}

/** The property at the top of a path: `subnets` of `subnets[0].gateway`. */
export const top = (path: string): string => path.replace(/[.[].*/s, "");

/** Where a thing that is there differs from what is wanted of it. */
const changesOf = (kind: Kind, want: Properties | undefined, have: Properties | undefined): Difference[] =>
  want && have ? differences(kind, have, { ...want, host: undefined }) : [];

/** Why a thing does not work though it may be as asked; undefined when it does. */
export const faultOf = (kind: Kind, have: Properties): string | undefined =>
  kind.fault === undefined ? undefined : (have[kind.fault] as string | undefined);

/** What the kind says of a change on this host. */
export function examine(
  kind: Kind,
  want: Properties | undefined,
  have: Properties | undefined,
  facts: Facts,
  around: Around,
) {
  return kind.examine?.({ want, have, differs: changesOf(kind, want, have).length > 0 }, facts, around) ?? [];
}

/** The commands from one state to the other, which `facts` tell of; what cannot be changed in place is made anew. */
export function transition(
  kind: Kind,
  want: Properties | undefined,
  have: Properties | undefined,
  facts: Facts,
  given: Around,
): Command[] {
  const around = { ...given, facts };
  if (!changesOf(kind, want, have).some(({ replaces }) => replaces)) return kind.plan(want, have, around);
  return [...kind.plan(undefined, have, around), ...kind.plan(want, undefined, around)];
}

/** The properties that the engine keeps: where, what, and what was there before. */
export function stateOf(kind: Kind, host: string, now: Properties, before?: Properties): Properties {
  const { owner: _, besides: __, ...properties } = now;
  return { host, ...properties, ...(kind.adopts && { before: before ?? {} }) };
}

/**
 * What of `have` is to be put back when a thing that `want` manages is let go. What was recorded when it was adopted
 * counts more; `kept` is what the host itself recorded, for a run that was killed before it could tell.
 */
export function beforeOf(
  kind: Kind,
  have: Properties | undefined,
  want: Properties,
  recorded: Properties | undefined,
  kept: Properties | undefined,
): Properties {
  if (kind.before && have) return kind.before(have, want, { ...kept, ...recorded });
  const managed = Object.keys(kind.inputs).filter(
    (name) => (want[name] !== undefined || kind.records?.includes(name)) && have?.[name] !== undefined,
  );
  return { ...Object.fromEntries(managed.map((name) => [name, have?.[name]])), ...kept, ...recorded };
}

/** What a look at a thing asks for: `about` are inputs that tell which, or those that its name says. */
export const asksOf = (kind: Kind, about: Properties): Ask[] =>
  kind.facts.flatMap((name): readonly Ask[] => {
    if (name !== "sysctls") return [name];
    return kind.sysctls?.(about).map((sysctl): Ask => `sysctls ${sysctl}`) ?? [];
  });

/** The name of a thing on its host. */
export function identify(kind: Kind, want: Properties, host: string, facts: Facts): string {
  const name = kind.id(want, facts);
  if (name !== undefined) return name;
  const given = Object.entries(want).filter(([key]) => key !== "host");
  throw new Failure(
    "refused",
    `${kind.type} on ${host}: the host has none that fits ${JSON.stringify(Object.fromEntries(given))}`,
  );
}

/** What the host keeps of a thing for its next boot; undefined when it keeps nothing. */
export const keptOf = (kind: Kind, name: string, fragments: Facts["fragments"]) =>
  fragments.find((fragment) => fragment.kind === kebab(kind.type) && fragment.name === name);

/** Refuses a change that findings of severity error stand in the way of; answers the warnings as text. */
export function settle(kind: Kind, host: string, name: string, findings: readonly Finding[]): string[] {
  const text = ({ property, reason }: Finding) => `${property} ${reason}`.trim();
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0)
    throw new Failure("refused", `${kind.type} ${name} on ${host}: ${errors.map(text).join("; ")}`);
  return findings.map(text);
}

/** Whether there is nothing to warn of, and nothing to refuse. */
export function isFlawless(judge: () => readonly string[]): boolean {
  try {
    return judge().length === 0;
  } catch (e) {
    if (e instanceof Failure) return false;
    throw e;
  }
}

/** What a kind that only asks finds out, by commands that `run` runs. */
export const ask = async (kind: Kind, want: Properties, facts: Facts, around: Around, run: Run): Promise<Properties> =>
  kind.found?.(want, await tried(kind.plan(want, undefined, { ...around, facts }), run), facts) ?? {};

/** What the kind says of what was found out: refused, or warnings. */
export const judged = (
  kind: Kind,
  host: string,
  want: Properties,
  found: Properties,
  facts: Facts,
  around: Around,
): string[] => settle(kind, host, identify(kind, want, host, facts), examine(kind, want, found, facts, around));

/** Between which states an operation goes: decided when the look is there. */
export interface Course {
  readonly name: string;
  readonly have: Properties | undefined;
  readonly want: Properties | undefined;
  /** What it was before it was adopted. */
  readonly before?: Properties;
}

/** One change of one thing, for the transaction of its host. `about` are the inputs that name it and its edges. */
export function operationOf(
  kind: Kind,
  around: Around,
  host: string,
  about: Properties,
  removes: boolean,
  decide: (facts: Facts) => Course,
  progress: (text: string) => void,
): Operation & { reached(facts: Facts): Properties; commands(): readonly Command[] } {
  let course: Course | undefined;
  let commands: readonly Command[] = [];
  let first: Facts | undefined;
  const taken = (state: Properties | undefined): string[] => (state && kind.takes?.(state)) ?? [];
  const read = (facts: Facts) => course && kind.read(course.name, facts);
  const operation = {
    title: `${kind.type} ${String(about.name ?? around.owner.split("/").at(-1))}`,
    removes,
    edges: kind.edges(about),
    facts: asksOf(kind, about),
    progress,
    plan: (facts: Facts) => {
      course = decide(facts);
      const { name, have, want } = course;
      settle(kind, host, name, examine(kind, want, have, facts, around));
      first = facts;
      commands = transition(kind, want, have, facts, around);
      return commands;
    },
    verify: (facts: Facts) => {
      const now = read(facts);
      if (!course?.want) return now ? "it is still there" : undefined;
      if (!now) return "it is not there";
      const wrong = differences(kind, now, { ...course.want, host: undefined });
      const fault = faultOf(kind, now);
      if (wrong.length === 0) return fault;
      return [describe(wrong, now, course.want), ...(fault ? [fault] : [])].join("; ");
    },
    undo: (facts: Facts) => {
      if (!course) return [];
      const { have } = course;
      const owner = (have?.owner as string | undefined) ?? around.owner;
      return withoutPreconditions(transition(kind, have, read(facts), facts, { ...around, owner }));
    },
    back: () => {
      if (!course || !first) return [];
      const { have, want } = course;
      const owner = (have?.owner as string | undefined) ?? around.owner;
      // What is asked, upon what was there: so the host will look when all went well.
      const now = want && { ...have, ...want, owner: around.owner };
      return withoutPreconditions(transition(kind, have, now, first, { ...around, owner }));
    },
    boot: (facts: Facts) => {
      if (!course?.want || removes) return undefined;
      const want = { ...course.want, name: course.name };
      return {
        kind: kebab(kind.type),
        name: course.name,
        owner: around.owner,
        ...kind.edges(want),
        unmanaged: [...(kind.adopts ? [] : linksIn(kind.edges(want).makes)), ...(kind.takes?.(want) ?? [])],
        ...(kind.adopts && { before: course.before ?? {} }),
        ...(kind.again && { again: true }),
        follows: kind.follows?.(want),
        commands: withoutPreconditions(
          kind.boot?.(want, course.before ?? {}, { ...around, facts }) ??
            kind.plan(want, undefined, { ...around, facts }),
        ),
      };
    },
    keeps: () => course && { kind: kebab(kind.type), name: course.name },
    takes: () => taken(course?.want).filter((link) => !taken(course?.have).includes(link)),
    gives: () => taken(course?.have).filter((link) => !taken(course?.want).includes(link)),
    adopts: kind.adopts === true,
    reached: (facts: Facts) => read(facts) ?? {},
    commands: () => commands,
  };
  if (!kind.found) return operation;
  // What only asks does so afterwards, and leaves nothing that could be missed, undone or kept.
  const nothing = { verify: () => undefined, boot: () => undefined, keeps: () => undefined };
  const plan = (facts: Facts) => {
    operation.plan(facts);
    return [];
  };
  return { ...operation, ...nothing, plan };
}

function describe(wrong: readonly Difference[], now: Properties, want: Properties): string {
  const names = [...new Set(wrong.map(({ path }) => top(path)))];
  return names.map((name) => `${name} is ${JSON.stringify(now[name])}, not ${JSON.stringify(want[name])}`).join(", ");
}

/** A command as lines that a person can read and paste, at most `width` characters wide; one that touches a link of `way` says so. */
export function linesOf(command: Command, way: ReadonlySet<string> = new Set(), width = Infinity): string[] {
  const touches = command.argv.some((word) => way.has(word));
  return fold(command, width, touches ? "  # carries SSH" : "");
}
