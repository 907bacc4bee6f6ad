import type { Leftover } from "../../provider/host/guard.ts";
import { askPending, parsePending } from "../../provider/host/pending.ts";
import { type Check, type Examination, ok, problem, warning } from "./check.ts";

/** Changes that are under way, and what dead runs have left. */
export const examinePending: Examination = {
  asks: askPending,
  judge: (answers, { host }) => {
    const { holder, leftovers } = parsePending(answers);
    if (holder !== undefined) return [ok("changes", `${holder} changes the host at this moment`)];
    if (leftovers.length === 0) return [ok("changes", "none is under way, and none was left half done")];
    return leftovers.map((leftover) => judge(leftover, host));
  },
};

function judge({ state, about }: Leftover, host: string): Check {
  const what = about.join(", ") || "a change that does not say what it is";
  const recover = `hostnet recover ${host}`;
  if (state === "armed")
    return problem(
      "changes",
      `a dead run has left a change half done: ${what}`,
      `${recover}; the host undoes it by itself, too`,
    );
  if (state === "firing") return warning("changes", `the host is undoing: ${what}`, `wait, then ${recover}`);
  if (state === "fired")
    return warning("changes", `the host has undone by itself: ${what}`, `${recover} checks and forgets it`);
  if (state === "overtaken")
    return warning(
      "changes",
      `the host had undone, before a later change: ${what}`,
      `${recover} tells what differs, and forgets it`,
    );
  return warning("changes", `a change was left before it began: ${what}`, `${recover} forgets it`);
}
