import { type Leftover, list, parseLeftovers } from "../provider/host/guard.ts";
import type { Answer, Step } from "../provider/host/script.ts";
import { linesOf, place, sh } from "./look.ts";

/** What is under way on a host, and what was left there. */
export interface Pending {
  /** Who changes the host at this moment. */
  readonly holder?: string;
  /** Changes that nobody has ended; that of the holder is among them. */
  readonly leftovers: readonly Leftover[];
}

/** Asks for both. The lock is tried for a moment only. */
export const askPending: readonly Step[] = [
  place,
  sh(`[ -e "$hostnet_run/lock" ] && command -v flock >/dev/null || exit 0
flock --nonblock "$hostnet_run/lock" true || head -n 1 "$hostnet_run/lock"`),
  list,
];

/** Reads what `askPending` printed. */
export function parsePending([, lock, listed]: readonly Answer[]): Pending {
  const holder = lock && linesOf(lock)[0];
  return { ...(holder && { holder }), leftovers: parseLeftovers(listed?.stdout ?? "") };
}
