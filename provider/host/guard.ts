import { randomBytes } from "node:crypto";
import { type Command, quote, render } from "./command.ts";
import { savedFiles } from "./restore.ts";
import type { Step } from "./script.ts";

/**
 * What stands between a change and a lost host: before anything is applied, a script that puts everything back lies on the
 * host, and a watcher that belongs to the host's init runs it unless it is told in time that all is well.
 *
 * Each transaction has a folder, `$hostnet_run/undo/<transaction>`, with the token `armed`. Whoever renames the token
 * decides: to `done`, and the change stays; to `firing`, and it is undone.
 */
export interface Guarded {
  /** Who changes the host and what, one line each. */
  readonly about: readonly string[];
  /** What it changes, a line each: a later change of the same things, once proved good, must not be undone by this one. */
  readonly things: readonly string[];
  /** The commands that take each operation back, the last operation first; right from any state in between. */
  readonly back: readonly Command[];
  /** Shell text that saves what `restore` needs, in the transaction's folder. */
  readonly save: string;
  /** Shell text that puts links, addresses, routes and rules back, after `back`. */
  readonly restore: string;
  /** From the last command to the undo, in seconds. */
  readonly seconds: number;
  /** How long the commands may take, in seconds. */
  readonly most: number;
}

/** What is in the undo script. */
type Script = Omit<Guarded, "seconds" | "most">;

/** A new name for a transaction. */
export const newTransaction = (): string => randomBytes(6).toString("hex");

const sh = (text: string, ...words: (string | number)[]): Command => ({
  argv: ["sh", "-c", text, "hostnet", ...words.map(String)],
});

/** Writes the undo script and starts the watcher. Nothing may be changed unless it succeeds. */
export const arm = (transaction: string, guarded: Guarded): Step => ({
  command: { ...sh(armText, transaction, guarded.seconds, guarded.most), stdin: undoScript(guarded) },
});

/** Tells the watcher that no command runs any more: from here on it counts. */
export const rest = (transaction: string): Step => ({
  command: sh('rm -f "$hostnet_run/undo/$1/applying"', transaction),
});

/** Tells the watcher that commands run again: those that undo single operations. */
export const resume = (transaction: string): Step => ({
  command: sh(
    '[ ! -e "$hostnet_run/undo/$1/armed" ] || echo "$hostnet_shell" >"$hostnet_run/undo/$1/applying"',
    transaction,
  ),
});

/**
 * Keeps the change of these things; fails when it has been undone, or is about to be. The transaction that was kept last may
 * be told so again.
 */
export const disarm = (transaction: string, things: readonly string[] = []): Step => ({
  command: { ...sh(disarmText, transaction), stdin: textOf(things.map(marked)) },
});

/**
 * Lays the way back of a part of a transaction, which could not be undone, beside it under another name: `left` is what
 * was left of it. `narrow` is shell text that leaves of what was saved what this part needs. It counts once `keepAside` says so.
 */
export const setAside = (
  transaction: string,
  part: string,
  { narrow, left, ...guarded }: Script & { narrow: string; left: readonly string[] },
): Step => ({
  command: { ...sh(asideText, transaction, part, narrow, textOf(left)), stdin: undoScript(guarded) },
});

/** Keeps what was set aside, for whoever recovers the host. */
export const keepAside = (part: string): Step => ({ command: sh(': >"$hostnet_run/undo/$1/fired"', part) });

/** Keeps a transaction that was undone for whoever recovers the host, with what its undo has left besides what was saved. */
export const keepLeft = (transaction: string, left: readonly string[]): Step => ({
  command: { ...sh('cd "$hostnet_run/undo/$1" 2>/dev/null || exit 0; cat >left', transaction), stdin: textOf(left) },
});

const textOf = (lines: readonly string[]) => lines.map((line) => `${line.replaceAll("\n", " ")}\n`).join("");

/** Undoes the change at once, and answers when that is over. */
export const fire = (transaction: string): Step => ({
  command: sh('cd "$hostnet_run/undo/$1" && sh ./guard now', transaction),
});

/** Waits, for at most four minutes, until the undo that is under way is over. */
export const settled = (transaction: string): Step => ({
  command: sh(
    'for i in $(seq 480); do [ -e "$hostnet_run/undo/$1/firing" ] || exit 0; sleep 0.5; done; exit 1',
    transaction,
  ),
});

/** Waits, for at most so many seconds, until nobody can undo the transaction any more; says `fired` when it is undone. */
export const outcome = (transaction: string, seconds: number): Step => ({
  command: sh(
    `for i in $(seq "$2"); do
  [ -e "$hostnet_run/undo/$1/armed" ] || [ -e "$hostnet_run/undo/$1/firing" ] || break
  sleep 0.5
done
cd "$hostnet_run/undo/$1" 2>/dev/null && ls | grep -x -e armed -e firing -e fired`,
    transaction,
    seconds * 2,
  ),
});

/** Removes what is left of a transaction that was undone, or never was armed. */
export const forget = (transaction: string): Step => ({
  command: sh(
    'cd "$hostnet_run/undo/$1" 2>/dev/null && [ ! -e armed ] && [ ! -e firing ] || exit 0; cd ..; rm -rf "$1"',
    transaction,
  ),
});

/** A transaction that nobody has ended. */
export interface Leftover {
  readonly transaction: string;
  /** `overtaken`: it was undone, and then another change of the same things was kept. */
  readonly state: "armed" | "firing" | "fired" | "overtaken" | "broken";
  readonly about: readonly string[];
  /** How long ago it began, in seconds. */
  readonly age: number;
  /** The seconds, not counting those of commands that still run, after which the host undoes it; undefined when it will not. */
  readonly countdown?: number;
}

/** The transactions that the host knows of. */
export const list: Step = {
  command: sh(`cd "$hostnet_run/undo" 2>/dev/null || exit 0
now=$(date +%s)
for folder in *; do
  [ -d "$folder" ] || continue
  state=broken
  for token in armed firing fired overtaken; do [ ! -e "$folder/$token" ] || state=$token; done
  age=$((now - $(stat -c %Y "$folder/undo" 2>/dev/null || echo "$now"))) countdown=''
  [ $state != armed ] || ! grep -qs guard "/proc/$(cat "$folder/pid")/cmdline" ||
    # It may be just being written.
    read -r countdown <"$folder/countdown" || { sleep 0.1; read -r countdown <"$folder/countdown"; }
  echo "$folder $state $age $countdown"
  # Its first lines say whose it is.
  sed -n '1d; /^# /!q; s/^# /  /p' "$folder/undo" 2>/dev/null
done`),
};

/** What `list` printed. */
export function parseLeftovers(stdout: string): Leftover[] {
  const found: (Leftover & { about: string[] })[] = [];
  for (const line of stdout.split("\n").filter(Boolean)) {
    if (line.startsWith("  ")) found.at(-1)?.about.push(line.trim());
    else {
      const [transaction = "", state, age, countdown] = line.split(" ");
      const when = { age: Number(age), ...(countdown && { countdown: Number(countdown) }) };
      found.push({ transaction, state: state as Leftover["state"], about: [], ...when });
    }
  }
  return found;
}

/** The script that puts a host back. Each of its commands may fail: it starts from whatever the change came to. */
export function undoScript({ about, things, back, save, restore }: Script): string {
  return `#!/bin/sh
${about.map((line) => `# ${line.replaceAll("\n", " ")}`).join("\n")}
${textOf(things.map(marked))}PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd "\${0%/*}" || exit
if [ "$1" = save ]; then
${save}
exit
fi

try() { "$@" || echo "$* exited $?"; }
${back.map(tried).join("\n")}

${restore}
`;
}

const marked = (thing: string) => `#: ${thing}`;

const tried = (command: Command): string =>
  command.stdin === undefined ? `try ${render(command)}` : `printf %s ${quote(command.stdin)} | try ${render(command)}`;

// systemd-run starts the watcher in the network of init, which is the wrong one for a host that is a namespace.
const armText = `umask 077
folder=$hostnet_run/undo/$1
mkdir -p "$folder" && cd "$folder" && cat >undo && cat >guard <<'GUARD' && sh ./undo save || exit
${watcherText()}GUARD
echo "$hostnet_shell" >applying && : >armed || exit
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null &&
  [ "$(readlink /proc/1/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then
  systemd-run --quiet --collect --unit="hostnet-undo-$1" /bin/sh "$folder/guard" "$2" "$3" || { status=$?; rm armed; exit $status; }
else
  setsid sh "$folder/guard" "$2" "$3" </dev/null >/dev/null 2>&1 &
fi
tries=0
until [ -s pid ]; do
  tries=$((tries + 1))
  [ $tries -le 500 ] || { rm -f armed; echo "the watcher does not start" >&2; exit 1; }
  sleep 0.01
done`;

const disarmText = `kept=$hostnet_run/kept
[ "$(cat "$kept" 2>/dev/null)" != "$1" ] || exit 0
cd "$hostnet_run/undo/$1" 2>/dev/null || { echo "nothing is known of it any more" >&2; exit 1; }
[ -e done ] || mv armed done 2>/dev/null || { echo "it has been undone" >&2; exit 1; }
kill -- "-$(cat pid)" 2>/dev/null
cat >things
for other in ../*/fired; do
  [ ! -e "$other" ] || ! grep -qxF -f things "\${other%fired}undo" || mv "$other" "\${other%fired}overtaken"
done
echo "$1" >"$kept"
cd .. && rm -rf "$1" && rmdir ../undo 2>/dev/null
:`;

const asideText = `umask 077
cd "$hostnet_run/undo/$1" && part=../$2 && mkdir "$part" && cp ${savedFiles.join(" ")} seconds tools "$part" || exit
cd "$part" && cat >undo && eval "$3" || exit
printf %s "$4" >left`;

function watcherText(): string {
  return `#!/bin/sh
# usage: guard SECONDS MOST | guard now
# Undoes the transaction in this folder when, SECONDS after its last command, nobody has renamed \`armed\`.
# Its commands may take MOST seconds.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd "\${0%/*}" || exit
apply=$(cat applying 2>/dev/null)
since() { cut -d ' ' -f 22 "/proc/$apply/stat" 2>/dev/null; }
born=$(since)
if [ "$1" != now ]; then
  echo $$ >pid
  left=$1 most=$2
  while [ -e armed ] && [ "$left" -gt 0 ]; do
    echo "$left" >countdown
    if [ -e applying ] && kill -0 "$apply" 2>/dev/null && [ "$most" -gt 0 ]; then most=$((most - 1)); else left=$((left - 1)); fi
    sleep 1
  done
fi
mv armed firing 2>/dev/null || exit 0
if [ "$1" = now ]; then
  kill -- "-$(cat pid)" 2>/dev/null
else
  # Whoever applied is stuck, or dead without knowing: what he holds, he lets go, with all that he has started. Stopped
  # first: he would go on to his next command while the undo runs.
  end() {
    kill -STOP "$1" 2>/dev/null || return
    for process in $(ps -o pid= --ppid "$1" 2>/dev/null); do end "$process"; done
    kill -9 "$1" 2>/dev/null
  }
  # His number may be another's by now.
  [ "$(since)" != "$born" ] || end "$apply"
fi
rm -f applying
sh ./undo >log 2>&1
mv firing fired
`;
}
