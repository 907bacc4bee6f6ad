import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { ensureEngine } from "../setup/engine.ts";
import { explain, print, SetupError } from "../setup/progress.ts";
import { capture } from "../setup/run.ts";
import { chosen } from "./arguments.ts";
import { exchanges } from "./exchanges.ts";
import { guard } from "./guard.ts";
import { lockOut } from "./lock-out.ts";
import { many } from "./many.ts";
import type { Measurement } from "./measurement.ts";
import { move } from "./move.ts";
import { noOp } from "./no-op.ts";
import { ovsPorts } from "./ovs-ports.ts";
import { start } from "./start.ts";
import { type Row, table } from "./table.ts";
import { up } from "./up.ts";

const measurements: readonly Measurement[] = [start, noOp, up, many, ovsPorts, guard, exchanges, move, lockOut];

const notes = `Medians; a spread is the least and the greatest run. A ratio is our median by the peer's: below 1, hostnet needs less.
"answers at once": the same program and state with a provider that only answers, so the cost of engine, program and state.
Hosts are network namespaces behind a real sshd on this machine: no network delays, no PAM. Contenders take turns.`;

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  return 1;
});

/** Measures what the arguments name, or everything, and prints the table. */
async function main(words: readonly string[]): Promise<number> {
  const choices = chosen(words, measurements);
  if (process.getuid?.() !== 0) throw new SetupError("hosts made of namespaces are root's business: run this as root");
  const stopped = new AbortController();
  const stop = () => stopped.abort(new SetupError("stopped; everything is taken down"));
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const context = { stopping: stopped.signal, log: print };
  const rows: Row[] = [];
  const before = load();
  try {
    for (const { measurement, size } of choices) rows.push(...(await measurement.run(context, size)));
  } catch (error) {
    // What ends because of ^C says so in many ways.
    stopped.signal.throwIfAborted();
    throw error;
  } finally {
    // What was measured before a failure has cost minutes.
    if (rows.length > 0) print(`\n${await machine(before)}\n\n${table(rows)}\n\n${notes}`);
  }
  return 0;
}

/** How many processes ran or wanted to, as a mean of the last minute. */
function load(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ")[0] ?? "";
}

/** What was measured on, and with which versions. */
async function machine(before: string): Promise<string> {
  const version = async (...words: string[]) => {
    const { stdout, stderr } = await capture(words).catch(() => ({ stdout: "", stderr: "not installed" }));
    return (stdout || stderr).trim().split("\n")[0];
  };
  const engine = process.env.HOSTNET_ENGINE || (await ensureEngine());
  return [
    `machine: ${cpus().length} cores, ${cpus()[0]?.model}; load ${before} before, ${load()} after`,
    `kernel:  Linux ${release()}; ${execFileSync("ip", ["-V"], { encoding: "utf8" }).trim()}`,
    `pulumi:  ${await version(`${engine}/pulumi`, "version")}; Node ${process.version}`,
    `peers:   ${await version("ssh", "-V")}; ${await version("ansible-playbook", "--version")}`,
  ].join("\n");
}
