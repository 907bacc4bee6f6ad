import { nearest } from "./words.ts";

/** A mistake in one property: `path` as the user writes it (`subnets[0].gateway`), `reason` without the path. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

export type DifferenceKind = "add" | "delete" | "update";

/** What a value at preview is when it will only be known at up. The engine's own sentinel. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A type as `schema.json` writes it. */
export interface TypeSpec {
  readonly type?: string;
  readonly items?: TypeSpec;
  readonly additionalProperties?: TypeSpec;
  readonly $ref?: string;
  readonly oneOf?: readonly TypeSpec[];
  /** Inputs of components: no output can stand here. */
  readonly plain?: boolean;
}

type Report = (path: string, reason: string) => void;

/** What one property may hold: how to read it, compare it, and write its type down. */
export interface Rule<T> {
  readonly type: TypeSpec;
  /** The value in its normal form. Reports what is wrong; what it returns then is not used. */
  parse(value: unknown, path: string, report: Report): T;
  /** Calls `differ` for every place at which `have` must change to become `want`. */
  compare(have: T, want: T, path: string, differ: (path: string, kind: DifferenceKind) => void): void;
  /** Object types below this one, for `schema.json`. */
  readonly nested?: readonly ObjectType[];
}

/** A named object type of `schema.json`. */
export interface ObjectType {
  readonly name: string;
  readonly doc: string;
  readonly fields: Fields;
}

/** One property, said once: rule, type, documentation and schema. */
export interface Field<T = unknown, Required extends boolean = boolean> {
  readonly rule: Rule<T>;
  readonly doc: string;
  readonly required: Required;
  readonly fallback?: T | undefined;
  readonly replace: boolean;
  readonly isSecret: boolean;
  readonly isDerived: boolean;
  /** May be left out: then it is neither set nor reported as drift. */
  optional(): Field<T, false>;
  /** May be left out: then it is this. */
  default(value: T): Field<T, true>;
  /** May be left out: then the kind derives it from its other inputs (`Kind.derive`). */
  derived(): Field<T, true>;
  /** A change makes a new object. */
  replaces(): Field<T, Required>;
  /** Encrypted in the state, never shown. */
  secret(): Field<T, Required>;
  /** Decides what a component makes, and must be known before: no output can stand here. */
  plain(): Field<T, Required>;
}

export type Fields = Readonly<Record<string, Field>>;

type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends Field<unknown, true> ? never : K }[keyof F];

/** The values of a set of fields; what may be left out may be undefined. */
export type Values<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: F[K] extends Field<infer T> ? T : never;
} & { readonly [K in OptionalKeys<F>]?: (F[K] extends Field<infer T> ? T : never) | undefined };

function field<T, R extends boolean>(
  spec: Omit<Field<T, R>, "optional" | "default" | "derived" | "replaces" | "secret" | "plain">,
): Field<T, R> {
  return {
    ...spec,
    optional: () => field({ ...spec, required: false }),
    default: (fallback) => field({ ...spec, required: true, fallback }),
    derived: () => field({ ...spec, required: true, isDerived: true }),
    replaces: () => field({ ...spec, replace: true }),
    secret: () => field({ ...spec, isSecret: true, rule: discreet(spec.rule) }),
    plain: () => field({ ...spec, rule: known(spec.rule) }),
  };
}

/** The same rule, without the value in its messages. */
const discreet = <T>(rule: Rule<T>): Rule<T> => ({
  ...rule,
  parse: (value, path, report) => rule.parse(value, path, (at, reason) => report(at, reason.replace(/, got .*$/s, ""))),
});

/** The same rule, for values that are known when the program runs. */
const known = <T>(rule: Rule<T>): Rule<T> => ({
  ...rule,
  // An object type is as plain as its fields. Plain objects in a plain map or list: Go's generator writes of these what
  // does not compile.
  type: rule.type.$ref ? rule.type : { ...rule.type, plain: true },
  parse: (value, path, report) => {
    if (value === UNKNOWN)
      report(path, "must be plain, got an output: what a component makes is decided before any output is known");
    return rule.parse(value, path, report);
  },
});

/** The same field, whose values get a normal form besides; not those that are only known at up. */
export const normalised = <T>({ doc, rule }: Field<T, true>, normal: (value: T) => T): Field<T, true> =>
  make(doc, {
    ...rule,
    parse: (given, path, report) => {
      const value = rule.parse(given, path, report);
      return isUnknown(value) ? value : normal(value);
    },
  });

/** A required field with a rule of its own. */
export const make = <T>(doc: string, rule: Rule<T>): Field<T, true> =>
  field({ doc, rule, required: true, replace: false, isSecret: false, isDerived: false });

/** Reads an object by its fields: fills in defaults, reports unknown names with the nearest known one. */
export function parseFields<F extends Fields>(fields: F, value: unknown, path: string, report: Report): Values<F> {
  const result: Record<string, unknown> = {};
  if (!isRecord(value)) {
    report(path, `must be an object, got ${show(value)}`);
    return result as Values<F>;
  }
  for (const name of Object.keys(value)) {
    if (fields[name] || name.startsWith("__")) continue; // Names with two underscores are the engine's own.
    const near = nearest(name, Object.keys(fields));
    report(
      child(path, name),
      near ? `is unknown; did you mean ${near}?` : `is unknown; known are ${Object.keys(fields).join(", ")}`,
    );
  }
  for (const [name, f] of Object.entries(fields)) {
    const given = value[name] ?? f.fallback;
    if (given !== undefined) result[name] = f.rule.parse(given, child(path, name), report);
    else if (f.required) report(child(path, name), "is required");
  }
  return result as Values<F>;
}

/** Compares what `want` names; what it leaves out is unmanaged. */
export function compareFields<F extends Fields>(
  fields: F,
  have: Partial<Values<F>>,
  want: Values<F>,
  path: string,
  differ: (path: string, kind: DifferenceKind) => void,
): void {
  for (const [name, f] of Object.entries(fields)) {
    const wanted = (want as Record<string, unknown>)[name];
    if (wanted === undefined) continue;
    compareOne(f.rule, (have as Record<string, unknown>)[name], wanted, child(path, name), differ);
  }
}

/** Compares all fields: what `want` leaves out must be absent. */
export function compareAll<F extends Fields>(
  fields: F,
  have: Partial<Values<F>>,
  want: Values<F>,
  path: string,
  differ: (path: string, kind: DifferenceKind) => void,
): void {
  const [has, wants] = [have, want] as Record<string, unknown>[];
  for (const [name, f] of Object.entries(fields))
    compareOne(f.rule, has?.[name], wants?.[name], child(path, name), differ);
}

/** Whether what `want` manages is otherwise in `have`. */
export function differs<F extends Fields>(fields: F, have: Partial<Values<F>>, want: Values<F>): boolean {
  let found = false;
  compareFields(fields, have, want, "", () => {
    found = true;
  });
  return found;
}

/** Compares two values of one rule, either of which may be missing or unknown. */
export function compareOne<T>(
  rule: Rule<T>,
  have: T | undefined,
  want: T | undefined,
  path: string,
  differ: (path: string, kind: DifferenceKind) => void,
): void {
  if (have === undefined && want === undefined) return;
  if (have === undefined) differ(path, "add");
  else if (want === undefined) differ(path, "delete");
  else if (isUnknown(have) || isUnknown(want)) {
    if (show(have) !== show(want)) differ(path, "update");
  } else rule.compare(have, want, path, differ);
}

/** Whether a value holds, at any depth, something that is only known at up. */
export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN || (typeof value === "object" && value !== null && Object.values(value).some(isUnknown));
}

/** A property's path one level down, as the engine writes it: `hosts.node1`, `labels["a.b"]`. */
export function child(path: string, name: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** All object types that a set of fields refers to. */
export const nestedTypes = (fields: Fields): ObjectType[] => Object.values(fields).flatMap((f) => f.rule.nested ?? []);

/** Whether a value is an object with properties, not a list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as messages show it. */
export const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** A value as one compares it with others: the engine hands objects on with their keys in another order. */
export const canonical = (value: unknown): string => show(sorted(value));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
};
