import { join } from "node:path";
import { buildNodeSdk } from "./build.ts";
import { binFolder, repository } from "./paths.ts";
import { prepare, prepareDocker, prepareOvs } from "./prepare.ts";
import { print, step } from "./progress.ts";
import { attached, capture } from "./run.ts";

/** Format, lint, types and the quick tests, of the long ones of those some; returns the exit code. */
export async function check(args: readonly string[]): Promise<number> {
  await buildNodeSdk();
  const programs: [string, string[]][] = [
    ["check: biome", ["biome", "check", "--error-on-warnings", "."]],
    ["check: types", ["tsc", "-p", ".", ...since("types")]],
    ["check: types of the components", ["tsc", "-p", "components", "--noEmit", ...since("component-types")]],
  ];
  const right = await Promise.all(programs.map(([what, command]) => step(what, () => quiet(command))));
  await prepareOvs();
  const { seed } = await import("../test/seed.ts");
  const { leftByCheck } = await import("../test/long.ts");
  const left = args.length > 0 ? [] : leftByCheck();
  print(`check: a glance; HOSTNET_SEED=${seed} repeats it. \`npm test\` plays more, and ${left.length} long files:`);
  print(`  ${left.map((file) => file.replace(/^test\/|\.test\.ts$/g, "")).join(" ")}`);
  const env = { ...process.env, HOSTNET_SEED: seed, HOSTNET_BRIEF: "1", HOSTNET_WITHOUT: left.join(" ") };
  const status = await vitest(["--project", "quick", ...args], env);
  return right.includes(false) ? 1 : status;
}

/** Lets tsc look only at what has changed since the last time. */
const since = (name: string) => [
  "--incremental",
  "--tsBuildInfoFile",
  join(repository, "node_modules", ".cache", `${name}.tsbuildinfo`),
];

/** Runs vitest after setting up what the chosen groups of tests need; returns the exit code. */
export async function test(args: readonly string[]): Promise<number> {
  const groups = chosenGroups(args);
  const env = await prepare(groups.has("lab") ? "lab" : groups.has("engine") ? "engine" : "none");
  await prepareOvs();
  if (groups.has("engine")) await prepareDocker();
  return vitest(args, env);
}

/** The groups (vitest's projects) that the arguments choose: those of `--project`, or all. */
export function chosenGroups(args: readonly string[]): Set<string> {
  const named = args.flatMap((arg, at) => {
    if (arg.startsWith("--project=")) return [arg.slice("--project=".length)];
    return arg === "--project" ? [args[at + 1] ?? ""] : [];
  });
  return new Set(named.length > 0 ? named : ["quick", "engine", "lab"]);
}

function vitest(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const reporters = ["--reporter=default", "--reporter=./setup/count-reporter.ts"];
  return attached([join(binFolder, "vitest"), "run", ...reporters, ...args], { cwd: repository, env });
}

/** Runs a checker; prints what it says only when it found something. Returns whether all is well. */
async function quiet([program = "", ...args]: readonly string[]): Promise<boolean> {
  const { status, stdout, stderr } = await capture([join(binFolder, program), ...args], { cwd: repository });
  if (status !== 0) process.stdout.write(stdout + stderr);
  return status === 0;
}
