import type { Ask, Facts } from "./facts.ts";
import type { LockedLine } from "./lock.ts";
import type { Course } from "./operation.ts";

/** How a change is guarded; see `guardFields`. */
export interface Guarding {
  readonly seconds: number;
  readonly patience: number;
  readonly probes: readonly string[];
  readonly proof: "login" | "handshake";
}

/** What every transaction looks at, whatever its operations are about. */
export const guardFacts = ["links", "routes", "rules", "sshWay", "fragments"] as const satisfies readonly Ask[];

/** A transaction under way. */
export interface Run {
  readonly host: string;
  readonly line: LockedLine;
  readonly guarding: Guarding;
  readonly transaction: string;
  readonly courses: readonly Course[];
  /** What it looks at. */
  readonly names: readonly Ask[];
  /** The host before anything was applied. */
  readonly first: Facts;
  /** How long its commands may take, in seconds. */
  readonly most: number;
}

/** The host undoes the whole group by itself, or was told to; the message says why. */
export class Undone extends Error {}

/** Tells all whose operations are under way. */
export function tell({ courses }: Run, text: string) {
  for (const { operation, first } of courses) if (first >= 0) operation.progress(text);
}
