import type { Command } from "./command.ts";
import { savedFiles } from "./restore.ts";
import type { Conversation } from "./shell.ts";

// What a transaction saved before the change tells whether all is as it was: it is saved anew, beside it.
const saveAnew: Command = {
  argv: [
    "sh",
    "-c",
    `cd "$hostnet_run/undo/$1" && rm -rf check && mkdir check && cp undo check && cd check && sh ./undo save || exit
for file in ${savedFiles.join(" ")}; do
  sed "s/^/before $file: /" "../$file" && sed "s/^/now $file: /" "$file" || exit
done
[ ! -e ../left ] || sed 's/^/left /' ../left`,
    "hostnet",
  ],
};

/**
 * What a transaction that was undone has left: `-` was there before it, `+` is there now, and without either what the run
 * that undid it could not undo. How long something still lasts does not count.
 */
export async function leftOf(speaker: Pick<Conversation, "run">, transaction: string): Promise<string[]> {
  const command = { argv: [...saveAnew.argv, transaction] };
  const [answer] = await speaker.run([{ command }], { deadlineSeconds: 300 });
  if (answer?.status !== 0) return [`it cannot be compared with what was saved: ${answer?.stderr.trim()}`];
  const lines = answer.stdout.split("\n").map((line) => line.replace(/ (valid_lft \d|expires ).*/, ""));
  const of = (name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
  return [...of("left"), ...differing(of("before"), of("now"))];
}

/** The lines that are in one of two lists only, by what they are about: `-` in the first, `+` in the second. */
export function differing(before: readonly string[], after: readonly string[]): string[] {
  const count = new Map<string, number>();
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  const changed = [...count].flatMap(([line, n]) => Array.from({ length: Math.abs(n) }, () => ({ line, gone: n < 0 })));
  const order = changed
    .map(({ line, gone }) => ({ line: `${gone ? "-" : "+"} ${line}`, key: `${thingOf(line)}\0${gone ? 0 : 1}${line}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return order.map(({ line }) => line);
}

/** What a line is about, so that what a thing was stands beside what it is: `link: up0`. */
const thingOf = (line: string) => /^[^:]*: [^\s:=]*/.exec(line)?.[0] ?? line;
