import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Failure } from "../provider/errors.ts";
import { listed, nearest } from "../provider/schema/words.ts";
import { commands } from "./commands.ts";
import { readInventory } from "./inventory.ts";
import { table } from "./table.ts";

const options = {
  stack: { type: "string", short: "s" },
  cwd: { type: "string", default: process.cwd() },
  json: { type: "boolean", default: false },
  yes: { type: "boolean", short: "y", default: false },
  link: { type: "string" },
  raw: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** A call that cannot be meant: answered with how it is right. */
class UsageError extends Error {}

// Ended by a signal, a process would leave behind what it made to log in.
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.once(signal, () => process.exit(status));

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${explain(error)}\n`);
  return 2;
});

/** Runs a command; answers 0 when all is well, 1 when the report says that it is not. */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [name, ...words] = positionals;
  if (values.help || name === undefined) {
    (values.help ? process.stdout : process.stderr).write(`${usage()}\n`);
    return values.help ? 0 : 2;
  }
  const command = commands[name];
  if (!command) {
    const near = nearest(name, Object.keys(commands));
    const known = `the command must be ${listed(Object.keys(commands))}, got ${name}`;
    throw new UsageError(near ? `${known}; did you mean ${near}?` : known);
  }
  if (words.length !== command.takes.length)
    throw new UsageError(`usage: hostnet ${[name, ...command.takes].join(" ")}`);
  if (name !== "recover" && (values.yes || values.link !== undefined))
    throw new UsageError("--yes and --link are for hostnet recover");
  if (name !== "trace" && values.raw) throw new UsageError("--raw is for hostnet trace");
  const { json, text, isWell } = await command.run({
    words,
    link: values.link,
    raw: values.raw,
    inventory: () => readInventory(values),
    confirm: values.yes ? async () => true : ask,
    tell: (line) => process.stderr.isTTY && process.stderr.write(`${line} …\n`),
  });
  const printed = values.json ? [JSON.stringify(json, undefined, 2)] : text;
  process.stdout.write(printed.map((line) => `${line}\n`).join(""));
  return isWell ? 0 : 1;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split(/\. /)[0]);
  }
}

/** Asks at the terminal; without one nobody can agree. */
async function ask(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`${question} Nobody is there to ask: say --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function usage(): string {
  const rows = Object.entries(commands).map(([name, { takes, does }]) => [[name, ...takes].join(" "), does]);
  return [
    "usage: hostnet [--stack STACK] [--cwd FOLDER] [--json] COMMAND HOST",
    "",
    ...table(rows, "  "),
    "",
    "The hosts are those of the stack: hostnet:hosts in Pulumi.<stack>.yaml, in the folder of the program.",
    "--stack is needed when there are several stacks and none is selected. recover asks before it does anything,",
    "unless --yes is given. A flow is written as Open vSwitch writes them: dl_dst=02:00:00:00:00:05, or icmp,dl_vlan=10.",
    "Exit status: 0 all is well, 1 it is not (a problem, a difference, something left), 2 failed.",
  ].join("\n");
}

/** One line for what the user can mend, all of it for a defect of ours. */
function explain(error: unknown): string {
  if (error instanceof Failure || error instanceof UsageError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
