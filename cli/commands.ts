import { existsSync, readFileSync } from "node:fs";
import { Failure } from "../provider/errors.ts";
import { type Conversation, connect } from "../provider/host/connection.ts";
import { diff, diffText, type Named, parseSnapshot } from "./diff.ts";
import { doctor, doctorText } from "./doctor.ts";
import { inspect, inspectText } from "./inspect.ts";
import { hostOf, type Inventory } from "./inventory.ts";
import { type Confirm, recover, recoverText } from "./recover.ts";
import { snapshot, snapshotText } from "./snapshot.ts";
import { checkFlow, trace, traceText } from "./trace.ts";

/** What a command came to: for `--json`, for a person, and whether all is well, which is the exit status. */
export interface Report {
  readonly json: unknown;
  readonly text: readonly string[];
  readonly isWell: boolean;
}

/** How a command was called. */
export interface Call {
  /** What stands after the command's name. */
  readonly words: readonly string[];
  readonly link?: string | undefined;
  readonly raw: boolean;
  readonly inventory: () => Promise<Inventory>;
  readonly confirm: Confirm;
  /** Tells the user what goes on. */
  readonly tell: (text: string) => void;
}

interface Command {
  /** The words after its name, for the usage. */
  readonly takes: readonly string[];
  readonly does: string;
  run(call: Call): Promise<Report>;
}

/** All commands, in the order of the usage. */
export const commands: Readonly<Record<string, Command>> = {
  doctor: {
    takes: ["<host>"],
    does: "whether the host is fit to be managed, and what to do about it",
    run: async ({ words: [host = ""], inventory }) => {
      const report = await doctor(host, hostOf(await inventory(), host));
      const isWell = report.checks.every(({ level }) => level !== "problem");
      return { json: report, text: doctorText(report), isWell };
    },
  },
  inspect: {
    takes: ["<host>"],
    does: "all links, bridges of Open vSwitch, networks and routes, by whose they are",
    run: async (call) => {
      const report = await on(call, inspect);
      return { json: report, text: inspectText(report), isWell: true };
    },
  },
  trace: {
    takes: ["<host>", "<port>", "<flow>"],
    does: "which way a frame goes through Open vSwitch that comes by a port; --raw in its own words",
    run: async (call) => {
      const [, port = "", flow = ""] = call.words;
      checkFlow(flow);
      const report = await on(call, (host, conversation) => trace(host, conversation, port, flow));
      return { json: report, text: call.raw ? report.raw.trimEnd().split("\n") : traceText(report), isWell: true };
    },
  },
  snapshot: {
    takes: ["<host>"],
    does: "the whole state of the network, for diff",
    run: async (call) => {
      const report = await on(call, snapshot);
      return { json: report, text: snapshotText(report), isWell: true };
    },
  },
  diff: {
    takes: ["<host or file>", "<file>"],
    does: "what differs from a snapshot: - is in the file, + on the host",
    run: async (call) => {
      const [subject = "", file = ""] = call.words;
      const report = diff(...(await compared(call, subject, file)));
      return { json: report, text: diffText(report), isWell: report.lines.length === 0 };
    },
  },
  recover: {
    takes: ["<host>"],
    does: "undoes what dead runs have left; --link removes a link of ours that no stack knows",
    run: async (call) => {
      const report = await on(call, (host, conversation) => recover(host, conversation, call));
      return { json: report, text: recoverText(report), isWell: report.isWell };
    },
  },
};

/** Does work over a connection to the host that the call names. */
async function on<T>(
  { words: [host = ""], inventory, tell }: Call,
  work: (host: string, conversation: Conversation) => Promise<T>,
) {
  const conversation = await connect(host, hostOf(await inventory(), host), tell);
  try {
    return await work(host, conversation);
  } finally {
    conversation.close();
  }
}

/** Two files, the older first; or a file and a host. */
async function compared(call: Call, subject: string, file: string): Promise<[Named, Named]> {
  if (existsSync(subject)) return [fromFile(subject), fromFile(file)];
  const before = fromFile(file);
  return [before, { name: subject, lines: snapshotText(await on(call, snapshot)) }];
}

function fromFile(file: string): Named {
  try {
    return parseSnapshot(file, readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("invalid", `${file} cannot be read: ${(error as Error).message.replace(/,.*/, "")}`);
  }
}
