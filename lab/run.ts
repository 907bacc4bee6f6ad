import { spawn } from "node:child_process";

/** What a command did. */
export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** How to run a script: with what on its standard input, as which user, and for how long at most (60 s). */
export interface RunOptions {
  timeoutSeconds?: number;
  input?: string;
  user?: string;
}

/** Thrown when a command does not end in time. */
export class TimeoutError extends Error {}

/** Runs a command and answers with its status, whatever that is; throws when it cannot be started or runs out of time. */
export function attempt(command: string[], options: { seconds?: number; input?: string } = {}): Promise<Ran> {
  const { seconds = 60, input } = options;
  const [file = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // A grandchild may hold the streams open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new TimeoutError(`${command.join(" ").slice(0, 200)} did not end within ${seconds} s`));
    }, seconds * 1000);
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // A command that ends without reading its input is judged by its status.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const status = code ?? 128;
      const stderr = Buffer.concat(err).toString() + (signal ? `killed by ${signal}` : "");
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr });
    });
  });
}

/** Runs a command and answers with its output; throws when it fails, with its last words. */
export async function run(command: string[], options: { seconds?: number; input?: string } = {}): Promise<string> {
  const { status, stdout, stderr } = await attempt(command, options);
  if (status === 0) return stdout;
  const reason = (stderr || stdout).trim().split("\n").slice(-3).join(" ");
  throw new Error(`${command.join(" ").slice(0, 200)} exited ${status}: ${reason}`);
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** How long something took, in words. */
export function since(begin: number): string {
  return `${((Date.now() - begin) / 1000).toFixed(1)} s`;
}

/** Calls back for each line of a stream. node's readline would raise the stream's errors a second time. */
export function onLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
