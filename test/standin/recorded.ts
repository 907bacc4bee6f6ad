import { existsSync, readFileSync } from "node:fs";

/** Inputs and outputs, as plain JSON; secrets are still wrapped. */
export type Properties = Record<string, unknown>;

/** One call that a stand-in wrote down: creates, updates and deletes that were real (no previews), and functions. */
export type Recorded = {
  package: string;
  call: "configure" | "create" | "update" | "delete" | "invoke";
  /** The resource; the token of the function for `invoke`; absent for `configure`. */
  urn?: string;
  inputs: Properties;
};

/** The calls in a stand-in's log, in order; none when nothing was called. */
export function readRecorded(file: string): Recorded[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Recorded);
}
