import { spawn } from "node:child_process";
import type { Context } from "./measurement.ts";

/** Where and with what a command runs. */
export type RunOptions = { env?: NodeJS.ProcessEnv; cwd?: string; input?: string };

/** Runs a command that has to succeed; answers its standard output. It ends with the measurement. */
export async function run(
  [file = "", ...args]: readonly string[],
  { stopping }: Context,
  { env = process.env, cwd, input = "" }: RunOptions = {},
): Promise<string> {
  stopping.throwIfAborted();
  const child = spawn(file, args, { cwd, env, stdio: "pipe" });
  const kill = () => void child.kill();
  stopping.addEventListener("abort", kill);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (part: string) => {
      said[stream] += part;
    });
  // A command that ends without reading its input closes the pipe early.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  try {
    // "exit", not "close": a master connection that stays behind keeps our end of its standard error open.
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => setImmediate(resolve, code));
    });
    stopping.throwIfAborted();
    if (status !== 0) throw new Error(`${file} ${args.join(" ")} exited ${status}: ${said.stderr || said.stdout}`);
    return said.stdout;
  } finally {
    stopping.removeEventListener("abort", kill);
  }
}
