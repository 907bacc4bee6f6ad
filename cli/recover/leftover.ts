import { fire, forget, type Leftover, settled } from "../../provider/host/guard.ts";
import type { Step } from "../../provider/host/script.ts";
import { diff } from "../diff.ts";
import { linesOf, type Speaker, sh } from "../look.ts";

/** A change that somebody left half done, and what became of it. */
export interface Recovered extends Leftover {
  /** `kept`: nothing was done, because nobody agreed. `ended`: it had come to its end before we had the lock. */
  readonly outcome: "undone" | "forgotten" | "ended" | "kept" | "left";
  /** What is not as it was: `-` was there before, `+` is there now. */
  readonly left: readonly string[];
  /** What commands of the undo said; those that had nothing to undo failed. */
  readonly said: readonly string[];
}

// An undo whose watcher was killed in the middle: it is right from any state, so it begins anew.
const again = 'cd "$hostnet_run/undo/$1" && sh ./undo >log 2>&1; [ ! -e firing ] || mv firing fired';

// What it saved before the change tells whether all is as it was: it is saved anew, beside it.
const saved = `cd "$hostnet_run/undo/$1" && rm -rf check && mkdir check && cp undo check && cd check && sh ./undo save || exit
for file in addresses4 addresses6 attributes routes4 routes6 rules4 rules6 settings; do
  sed "s/^/before $file: /" "../$file" && sed "s/^/now $file: /" "$file" || exit
done`;

/** What differs between the two, but for how long something still lasts. */
async function compare(speaker: Speaker, step: Step): Promise<readonly string[]> {
  const [answer] = await speaker.run([step]);
  if (answer?.status !== 0) return [`it cannot be compared with what was saved: ${answer?.stderr.trim()}`];
  const lines = answer.stdout.split("\n").map((line) => line.replace(/ (valid_lft \d|expires ).*/, ""));
  const of = (name: string) => ({
    name,
    lines: lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : [])),
  });
  return diff(of("before"), of("now")).lines;
}

/** Undoes one, the lock of its host being held, and makes sure that all is as it was. */
export async function undoLeftover(speaker: Speaker, leftover: Leftover): Promise<Recovered> {
  const { transaction, state } = leftover;
  const on = (text: string) => sh(text, transaction);
  if (state === "broken") {
    // Armed never, or disarmed already: nobody undoes it any more, and nothing is to be undone.
    await speaker.run([on('rm -rf "$hostnet_run/undo/$1"')]);
    return { ...leftover, outcome: "forgotten", left: [], said: [] };
  }
  const steps = [...(state === "armed" ? [fire(transaction)] : []), settled(transaction)];
  const waited = (await speaker.run(steps, { deadlineSeconds: 300 })).at(-1);
  if (waited?.status !== 0) await speaker.run([on(again)]);
  let left = await compare(speaker, on(saved));
  if (left.length > 0 && state === "fired") {
    // What stood in its way may be gone by now.
    await speaker.run([on(again)]);
    left = await compare(speaker, on(saved));
  }
  const [log] = await speaker.run([on('cat "$hostnet_run/undo/$1/log"')]);
  const said = log ? linesOf(log) : [];
  if (left.length > 0) return { ...leftover, outcome: "left", left, said };
  await speaker.run([forget(transaction)]);
  return { ...leftover, outcome: "undone", left, said };
}
