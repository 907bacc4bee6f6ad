import type { Link } from "../../provider/host/facts.ts";
import type { Answer, Step } from "../../provider/host/script.ts";

/** One thing that was looked at. `remedy` says what to do about it. */
export interface Check {
  readonly level: "ok" | "warning" | "problem";
  readonly about: string;
  readonly says: string;
  readonly remedy?: string;
}

/** What is known of the host before anything is judged. */
export interface Around {
  readonly host: string;
  /** Empty when they cannot be read. */
  readonly links: Link[];
}

/** A part of the doctor: what it asks the host, and what it makes of the answers, one for each step. */
export interface Examination {
  readonly asks: readonly Step[];
  judge(answers: readonly Answer[], around: Around): Check[];
}

export const ok = (about: string, says: string): Check => ({ level: "ok", about, says });
export const warning = (about: string, says: string, remedy?: string): Check => ({
  level: "warning",
  about,
  says,
  ...(remedy !== undefined && { remedy }),
});
export const problem = (about: string, says: string, remedy?: string): Check => ({
  ...warning(about, says, remedy),
  level: "problem",
});
