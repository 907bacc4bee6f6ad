import { Failure } from "../provider/errors.ts";
import { differing } from "../provider/host/difference.ts";
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
export const diff = (before: Named, after: Named): DiffReport => ({
  before: before.name,
  after: after.name,
  lines: differing(before.lines, after.lines),
});

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
