import { Failure } from "../provider/errors.ts";
import { isRecord } from "../provider/schema/field.ts";
import { type SnapshotReport, snapshotText } from "./snapshot.ts";

/** What differs between two snapshots. */
export interface DiffReport {
  readonly before: string;
  readonly after: string;
  /** By what they are about; `-` is in the first only, `+` in the second. */
  readonly lines: readonly string[];
}

/** A snapshot under a name. */
export interface Named {
  readonly name: string;
  readonly lines: readonly string[];
}

/** Compares two snapshots line by line. */
export function diff(before: Named, after: Named): DiffReport {
  const count = new Map<string, number>();
  for (const line of after.lines) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of before.lines) count.set(line, (count.get(line) ?? 0) - 1);
  const changed = [...count].flatMap(([line, n]) => Array.from({ length: Math.abs(n) }, () => ({ line, gone: n < 0 })));
  const order = changed
    .map(({ line, gone }) => ({ line: `${gone ? "-" : "+"} ${line}`, key: `${thingOf(line)}\0${gone ? 0 : 1}${line}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return { before: before.name, after: after.name, lines: order.map(({ line }) => line) };
}

/** What a line is about, so that what a thing was stands beside what it is: `link: up0`. */
const thingOf = (line: string) => /^[^:]*: [^\s:=]*/.exec(line)?.[0] ?? line;

/** Reads what `snapshot` printed, as text or as JSON. */
export function parseSnapshot(name: string, text: string): Named {
  const isJson = text.trimStart().startsWith("{");
  const lines = isJson ? linesOfJson(text) : text.split("\n").filter((line) => line !== "");
  if (!lines?.length || !lines.every((line) => /^[a-z][\w -]*: /.test(line)))
    throw new Failure("invalid", `${name} must be a file that \`hostnet snapshot\` has written`);
  return { name, lines: lines.toSorted() };
}

function linesOfJson(text: string): string[] | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return isRecord(found) && isRecord(found.tables) ? snapshotText(found as unknown as SnapshotReport) : undefined;
  } catch {
    // Cut off, or something else altogether: the caller says what it should have been.
    return undefined;
  }
}

/** The report as a person reads it. */
export function diffText({ before, after, lines }: DiffReport): string[] {
  return lines.length === 0 ? [`${before} and ${after} are equal`] : [`- ${before}`, `+ ${after}`, "", ...lines];
}
