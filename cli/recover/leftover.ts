import { leftOf } from "../../provider/host/difference.ts";
import { fire, forget, type Leftover, settled } from "../../provider/host/guard.ts";
import { linesOf, type Speaker, sh } from "../look.ts";

/** A change that somebody left half done, and what became of it. */
export interface Recovered extends Leftover {
  /**
   * `kept`: nothing was done, because nobody agreed. `ended`: it had come to its end before we had the lock. `overtaken`: a
   * later change of the same things was proved good, which an undo would break; it is forgotten.
   */
  readonly outcome: "undone" | "forgotten" | "ended" | "kept" | "left" | "overtaken";
  /** What is not as it was: `-` was there before, `+` is there now; without either, what the undo was known to have left. */
  readonly left: readonly string[];
  /** What commands of the undo said; those that had nothing to undo failed. */
  readonly said: readonly string[];
}

// An undo whose watcher was killed in the middle: it is right from any state, so it begins anew.
const again = 'cd "$hostnet_run/undo/$1" && rm -f left && sh ./undo >log 2>&1; [ ! -e firing ] || mv firing fired';

/** Undoes one, the lock of its host being held, and makes sure that all is as it was. */
export async function undoLeftover(speaker: Speaker, leftover: Leftover): Promise<Recovered> {
  const { transaction, state } = leftover;
  const on = (text: string) => sh(text, transaction);
  if (state === "broken") {
    // Armed never, or disarmed already: nobody undoes it any more, and nothing is to be undone.
    await speaker.run([on('rm -rf "$hostnet_run/undo/$1"')]);
    return { ...leftover, outcome: "forgotten", left: [], said: [] };
  }
  if (state === "overtaken") {
    const left = await leftOf(speaker, transaction);
    await speaker.run([forget(transaction)]);
    return { ...leftover, outcome: "overtaken", left, said: [] };
  }
  const steps = [...(state === "armed" ? [fire(transaction)] : []), settled(transaction)];
  const waited = (await speaker.run(steps, { deadlineSeconds: 300 })).at(-1);
  if (waited?.status !== 0) await speaker.run([on(again)]);
  let left = await leftOf(speaker, transaction);
  if (left.length > 0 && state === "fired") {
    // What stood in its way may be gone by now.
    await speaker.run([on(again)]);
    left = await leftOf(speaker, transaction);
  }
  const [log] = await speaker.run([on('cat "$hostnet_run/undo/$1/log"')]);
  const said = log ? linesOf(log) : [];
  if (left.length > 0) return { ...leftover, outcome: "left", left, said };
  await speaker.run([forget(transaction)]);
  return { ...leftover, outcome: "undone", left, said };
}
