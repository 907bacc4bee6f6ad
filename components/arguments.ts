import * as pulumi from "@pulumi/pulumi";
import type { Component } from "../provider/component.ts";
import { child, type Fields, type Problem, parseFields, UNKNOWN, type Values } from "../provider/schema/field.ts";
import { inOrder } from "./address-plan.ts";

/** Says what is wrong with an argument: its path, and the reason without the path. */
export type Report = (path: string, reason: string) => void;

/** What is left of a value when all that is wrong, or not known yet, is taken out. */
export type Sound<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Sound<T[K]> }
    : T;

/** An entry of a map, with its name and with its path for messages. */
export type Named<T> = T & { readonly name: string; readonly path: string };

/**
 * Computes what a component is to make. `plan` gets what is sound in the arguments and reports what is wrong with it,
 * once for each place that had nothing wrong with it before; all mistakes are thrown together, as one RunError.
 */
export function planned<I extends Fields, O extends Fields, Plan>(
  { type, inputs }: Component<I, O>,
  name: string,
  args: unknown,
  plan: (right: Sound<Values<I>>, report: Report) => Plan,
): Plan {
  const problems: Problem[] = [];
  const report: Report = (path, reason) => problems.push({ path, reason });
  const parsed = parseFields(inputs, withoutOutputs(args, "", report), "", report);
  const isTold = new Set(problems.map(({ path }) => path));
  const right = sound(parsed, "", isTold) ?? {};
  const made = plan(right as Sound<Values<I>>, (path, reason) => isTold.has(path) || report(path, reason));
  // Not InputPropertiesError: with that, the engine would print the values at those paths, secrets among them.
  if (problems.length > 0) throw new pulumi.RunError(complaint(`${type} ${name}`, problems));
  return made;
}

/** The entries of a map of objects, by their names and not by its order; of one that is not sound at all, its name. */
export const named = <T extends object>(
  map: Readonly<Record<string, T | undefined>> | undefined,
  path: string,
): Named<Partial<T>>[] =>
  inOrder(Object.keys(map ?? {})).map((name) => ({ ...(map?.[name] as Partial<T>), name, path: child(path, name) }));

function complaint(what: string, problems: readonly Problem[]): string {
  const [first, ...more] = problems.map(({ path, reason }) => `${path || "its arguments"} ${reason}`);
  if (more.length === 0) return `${what}: ${first}`;
  return [`${what} has ${problems.length} problems:`, first, ...more].join("\n  ");
}

/** The arguments with an unknown value in place of every output: the fields say where none can be. */
function withoutOutputs(value: unknown, path: string, report: Report): unknown {
  if (pulumi.Resource.isInstance(value)) {
    report(path, "must be a value, got a resource: take one of its properties");
    return UNKNOWN;
  }
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return UNKNOWN;
  if (Array.isArray(value)) return value.map((item, i) => withoutOutputs(item, `${path}[${i}]`, report));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutOutputs(inner, child(path, key), report)]),
  );
}

/** A value without what is wrong or unknown in it; a list with a wrong item is wrong as a whole. */
function sound(value: unknown, path: string, wrong: ReadonlySet<string>): unknown {
  if (value === UNKNOWN || wrong.has(path)) return undefined;
  if (Array.isArray(value)) return value.some((_, i) => wrong.has(`${path}[${i}]`)) ? undefined : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sound(inner, child(path, key), wrong)]));
}
