import { tool } from "./command.ts";
import { type Leftover, list, parseLeftovers } from "./guard.ts";
import { namePlace } from "./place.ts";
import type { Answer, Step } from "./script.ts";

/** What is under way on a host, and what was left there. */
export interface Pending {
  /** Who changes the host at this moment. */
  readonly holder?: string;
  /** Changes that nobody has ended; that of the holder is among them. */
  readonly leftovers: readonly Leftover[];
}

// The lock is tried for a moment only.
const holder = `[ -e "$hostnet_run/lock" ] && command -v flock >/dev/null || exit 0
flock --nonblock "$hostnet_run/lock" true || head -n 1 "$hostnet_run/lock"`;

/** Asks for both; changes nothing. */
export const askPending: readonly Step[] = [
  { command: tool("true")``, inShell: namePlace },
  { command: tool("sh")`-c ${holder}` },
  list,
];

/** Reads what `askPending` printed. */
export function parsePending([, lock, listed]: readonly Answer[]): Pending {
  const holder = lock?.status === 0 ? lock.stdout.split("\n").find(Boolean) : undefined;
  return { ...(holder && { holder }), leftovers: parseLeftovers(listed?.stdout ?? "") };
}

/** What whoever only looks at a host should know: changes of dead runs, which the look may see half done or half undone. */
export function halfDone(host: string, { holder, leftovers }: Pending): string[] {
  // Who holds the lock is alive, and ends it himself.
  if (holder !== undefined) return [];
  return leftovers.flatMap(({ state, about: [whose = "a run", ...operations], age, countdown }) => {
    const what = `${age} s ago, ${whose.replace(/:$/, "")}: ${operations.join(", ")}`;
    if (state === "firing") return [`${host}: the host is undoing what a run that died had changed: ${what}`];
    if (state !== "armed") return [];
    const undone =
      countdown === undefined
        ? "The next change undoes it"
        : `It undoes that in ${countdown} s, the next change at once`;
    return [`${host} is in between: a run died in the middle of a change: ${what}. ${undone}`];
  });
}
