import { createConnection } from "node:net";
import { join } from "node:path";
import { onLine, TimeoutError } from "./run.ts";

/** What the supervisor is asked, one per connection, as a line of JSON. */
export type Request =
  | { ask: "status" }
  | { ask: "stop" }
  | { ask: "save"; state: string; copyTo?: string }
  | { ask: "revert"; state: string }
  | { ask: "reset"; host: string }
  | { ask: "cut" | "mend"; target: string }
  | { ask: "delay"; target: string; milliseconds: number }
  /** Ends after so many seconds, or when the asking side ends its half of the connection. */
  | { ask: "capture"; target: string; file: string; seconds?: number };

/** A line of the supervisor's answer; the last one has `done` or `error`. */
export interface Reply {
  begun?: true;
  done?: unknown;
  error?: string;
}

/** What the supervisor knows of a host. */
export interface HostStatus {
  kind: "machine" | "namespace";
  running: boolean;
  /** Management is cut. */
  cut: boolean;
  nics: Record<string, { switch: string; vlans?: number[]; cut: boolean; delay: number }>;
}

/** The supervisor's answer to `status`. */
export interface LabStatus {
  pid: number;
  hosts: Record<string, HostStatus>;
}

/** Thrown when no supervisor answers: the lab is not running. */
export class NotRunning extends Error {}

/** A question under way. */
export interface Asked {
  /** Resolves when the supervisor has begun a long answer. */
  begun: Promise<void>;
  /** The answer; fails with the supervisor's error. */
  done: Promise<unknown>;
  /** Ends what goes on until it is ended. */
  end(): void;
}

/** Asks a lab's supervisor. */
export function ask(directory: string, request: Request, seconds = 60): Asked {
  const socket = createConnection({ path: join(directory, "control.sock"), allowHalfOpen: true });
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const done = new Promise<unknown>((resolve, reject) => {
    const timer = setTimeout(() => {
      const hint = `see supervisor.log in ${directory}`;
      reject(new TimeoutError(`the lab did not answer to ${request.ask} within ${seconds} s: ${hint}`));
      socket.destroy();
    }, seconds * 1000);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
      begin();
      socket.destroy();
    };
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const absent = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(error.code ?? "");
      settle(() => reject(absent ? new NotRunning("the lab is not running: start it with up") : error));
    });
    socket.on("end", () => settle(() => reject(new NotRunning(`the lab ended before it answered to ${request.ask}`))));
    onLine(socket, (line) => {
      const reply = JSON.parse(line) as Reply;
      if (reply.begun) begin();
      if ("error" in reply) settle(() => reject(new Error(reply.error)));
      if ("done" in reply) settle(() => resolve(reply.done));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
  return { begun, done, end: () => socket.end() };
}
