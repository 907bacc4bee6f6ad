import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { SetupError } from "./progress.ts";

/** How a command ended. `status` is its exit code, or 128 plus the signal's effect when a signal ended it. */
export type Ended = { status: number; stdout: string; stderr: string };

/** Where and with what a command runs. */
export type RunOptions = { cwd?: string; env?: NodeJS.ProcessEnv; input?: string };

/** Runs a command to its end and returns what it printed; rejects only when it cannot be started. */
export function capture(command: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [file, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file ?? "", args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => err.push(part));
    // A command that ends without reading its input closes the pipe early.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ status: code ?? 128, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** Runs a command that has to succeed and returns its standard output; its last words are the error when it fails. */
export async function must(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const ended = await capture(command, options);
  if (ended.status === 0) return ended.stdout;
  // Node names the error above the stack, most others at the end.
  const words = (ended.stderr.trim() || ended.stdout.trim()).split("\n");
  const said = words.filter((line, i) => i >= words.length - 5 || /^\w*Error\b/.test(line)).join("; ");
  throw new SetupError(`${command.join(" ")} exited ${ended.status}: ${said}`);
}

/** Runs a command on the user's own terminal and returns its exit code. */
export function attached(command: readonly string[], options: RunOptions = {}): Promise<number> {
  const [file, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file ?? "", args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "inherit" });
    // ^C reaches the child through the terminal; we stay to report how it ended.
    const wait = () => {};
    process.on("SIGINT", wait);
    const relay = () => child.kill("SIGTERM");
    process.on("SIGTERM", relay);
    child.on("error", reject);
    child.on("close", (code) => {
      process.off("SIGINT", wait);
      process.off("SIGTERM", relay);
      resolve(code ?? 130);
    });
  });
}

/** The path of a program, looked up as the shell does; undefined when there is none. */
export function which(name: string, path: string = process.env.PATH ?? ""): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder || ".", name))
    .find(isProgram);
}

/** Whether a path is a file that may be executed. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us: either way it cannot be run.
    return false;
  }
}
