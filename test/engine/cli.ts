import { type ChildProcess, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { contentOf, processesWith } from "../host/sshd.ts";

/** What a run of the Pulumi CLI came to. */
export type Result = {
  /** The exit code; 128 and more when a signal ended the CLI. */
  status: number;
  stdout: string;
  stderr: string;
  /** Standard output and standard error as a user sees them, in the order in which they came, without colours. */
  text: string;
  /** How many resources of each kind of step, in previews and real runs alike: `{ create: 2, same: 1 }`. */
  summary: Counts;
};

/** Steps by the engine's name for them; a name that is absent stands for none. */
export type Counts = Partial<Record<StepName, number>>;
type StepName = "create" | "update" | "delete" | "replace" | "same" | "import" | "read" | "refresh";

/** A run of the CLI that is still going on. */
export type Running = {
  process: ChildProcess;
  result: Promise<Result>;
  /** What has been printed so far. */
  text: () => string;
  /** Resolves when what has been printed matches; rejects when the run ends without that. */
  says: (pattern: RegExp) => Promise<void>;
  /** As ^C does by default: the CLI gets the signal, its plugins do not. */
  interrupt: (signal?: NodeJS.Signals) => void;
};

/** The result of a run that has to succeed; the error says all that the CLI said. */
export async function ok(run: Promise<Result>): Promise<Result> {
  const result = await run;
  if (result.status !== 0) throw new Error(`pulumi exited ${result.status}:\n${result.text}`);
  return result;
}

/** Starts the CLI. */
export function startCli(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv, input = ""): Running {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { cwd, env, stdio: "pipe" });
  const said = { all: "", stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (part: string) => {
      said.all += part;
      said[stream] += part;
      for (const listener of listeners) listener();
    });
  }
  // The CLI reads its input in a few commands only, and may end before.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const text = () => stripVTControlCharacters(said.all);
  const result = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const { stdout, stderr } = said;
      resolve({ status: code ?? 128, stdout, stderr, text: text(), summary: countSteps(text()) });
    });
  });
  const says = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(text())) resolve();
      };
      listeners.add(look);
      look();
      result.then(() => reject(new Error(`pulumi ended without printing ${pattern}:\n${text()}`)), reject);
    });
  return { process: child, result, text, says, interrupt: (signal = "SIGINT") => void child.kill(signal) };
}

/** Reads the counts below `Resources:` at the end of the CLI's text, or the summary in what `--json` prints. */
export function countSteps(text: string): Counts {
  const json = /^ {2,4}"changeSummary": (\{[^}]*\})/m.exec(text);
  if (json) return JSON.parse(json[1] ?? "") as Counts;
  const block = text.split(/^Resources:[ \t]*$/m).at(-1);
  if (block === undefined || block === text) return {};
  const counts: Counts = {};
  for (const line of block.split("\n").slice(1)) {
    // "    + 3 to create", "    ~ 1 updated", "    2 unchanged", "    +-1 replaced"; "4 changes. 1 unchanged" is a sum.
    const found = /^\s+[^\d\s]*\s*(\d+) (?:changes?\. )?(?:(\d+) )?(?:to )?([a-z]+)/.exec(line);
    if (!found) break;
    const name = stepNames[found[3] ?? ""];
    if (name) counts[name] = Number(found[2] ?? found[1]);
  }
  return counts;
}

const stepNames: Record<string, StepName> = {
  create: "create",
  created: "create",
  update: "update",
  updated: "update",
  delete: "delete",
  deleted: "delete",
  replace: "replace",
  replaced: "replace",
  unchanged: "same",
  import: "import",
  imported: "import",
  read: "read",
  refresh: "refresh",
  refreshed: "refresh",
};

/** The provider's processes that a run of the engine has started. */
export function pluginsOf({ process: { pid } }: Running): number[] {
  const parentOf = (child: number) => Number(contentOf(`/proc/${child}/stat`).split(") ").at(-1)?.split(" ")[1] ?? 0);
  const isBelow = (child: number): boolean => child === pid || (child > 1 && isBelow(parentOf(child)));
  return processesWith("dist/plugin/main.mjs").filter(isBelow);
}
