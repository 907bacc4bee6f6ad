import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Snare } from "./place.ts";

/** Programs that change the network: for each of their commands it is asked what happens if it fails. */
const networkTools = ["ip", "bridge", "tc", "nft", "sysctl", "docker", "ovs-vsctl"];
/** Programs that change files: they stand between the others, and a fault may come after each of them too. */
const fileTools = ["mv", "rm", "mkdir", "ln", "cp", "chmod", "touch", "sync", "tee"];

export const trappedTools = [...networkTools, ...fileTools];

const verbs = "add append change replace del delete set flush restore create rm connect disconnect -batch -b -f -w";

/** Stands before the real program: counts the commands that change something, and stops or fails at the one that was asked for. */
export const wrapper = (tool: string, real: string) => `#!/bin/sh
trap=/run/fault
[ -e $trap/armed ] || exec ${real} "$@"
${fileTools.includes(tool) ? "" : looksPass(real)}
exec 8>>$trap/lock
flock 8
count=$(($(wc -l <$trap/steps) + 1))
printf '%s ' ${tool} "$@" | tr '\\n' ' ' >>$trap/steps
echo >>$trap/steps
exec 8>&-
read -r deed at <$trap/armed
[ "$count" = "$at" ] || exec ${real} "$@"
/bin/rm $trap/armed
if [ "$deed" = fail ]; then
  echo "${tool}: this command was made to fail" >&2
  exit 1
fi
${real} "$@"
status=$?
: >$trap/reached
until [ -e $trap/go ]; do sleep 0.01; done
exit $status
`;

const looksPass = (real: string) => `changes=
for word; do case $word in ${verbs.replaceAll(" ", "|")}) changes=1 ;; esac; done
[ $changes ] || exec ${real} "$@"`;

/** A trap on a host that is a namespace: it counts the commands that change something, and springs at one of them. */
export class Trap implements Snare {
  readonly #directory: string;

  /** The trap's own files lie in `directory`; what lies in `programs` comes first in the host's PATH. */
  constructor(directory: string, programs: string) {
    this.#directory = directory;
    mkdirSync(directory);
    mkdirSync(programs);
    for (const tool of trappedTools) {
      const real = realPath(tool);
      if (real) writeFileSync(join(programs, tool), wrapper(tool, real), { mode: 0o755 });
    }
  }

  /** Makes the command of this number fail, or stop after it is done until \`release\`. */
  set(deed: "fail" | "stop", at: number): void {
    this.clear();
    writeFileSync(join(this.#directory, "steps"), "");
    writeFileSync(join(this.#directory, "armed"), `${deed} ${at}\n`);
  }

  /** Counts, and never springs. */
  count(): void {
    this.set("stop", -1);
  }

  /** The commands that were counted. */
  steps(): string[] {
    const file = join(this.#directory, "steps");
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  }

  /** Whether the command was reached at which it was to spring. */
  sprung(): boolean {
    return !existsSync(join(this.#directory, "armed"));
  }

  /** Resolves when the host stands still after the command; gives up when \`over\` does first. */
  async reached(over: Promise<unknown>): Promise<void> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    over.then(end, end);
    while (!existsSync(join(this.#directory, "reached"))) {
      if (ended) throw new Error(`only ${this.steps().length} commands came:\n${this.steps().join("\n")}`);
      await sleep(5);
    }
  }

  /** Lets the host go on. */
  release(): void {
    appendFileSync(join(this.#directory, "go"), "");
  }

  /** Takes the trap away. */
  clear(): void {
    for (const name of readdirSync(this.#directory)) rmSync(join(this.#directory, name));
  }
}

/** Whether it is a command of a program that changes the network. */
export const changesNetwork = (step: string): boolean => networkTools.includes(step.split(" ")[0] ?? "");

function realPath(tool: string): string | undefined {
  const where = 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; command -v -- "$1" || true';
  return execFileSync("sh", ["-c", where, "sh", tool], { encoding: "utf8" }).trim() || undefined;
}
