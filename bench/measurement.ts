import type { Running } from "../test/engine/cli.ts";
import type { Row } from "./table.ts";

/** Something that can be measured by name. */
export type Measurement = {
  name: string;
  /** Completes the sentence "It measures …". */
  does: string;
  /** Of how many things, unless the argument says another number: `name=20`. */
  size?: number;
  /** Measures, and leaves nothing behind, also when it fails. */
  run: (context: Context, size: number) => Promise<Row[]>;
};

/** What a measurement gets from outside. */
export type Context = {
  /** Aborted by ^C: what takes long is ended, and everything is taken down on the way out. */
  stopping: AbortSignal;
  /** Says what goes on. */
  log: (line: string) => void;
};

/** Does work that needs cleaning up after: what `later` was given is run at the end, the last first, come what may. */
export async function leavingNothing<T>(
  work: (later: (cleanUp: () => Promise<void> | void) => void) => Promise<T>,
): Promise<T> {
  const cleanUps: (() => Promise<void> | void)[] = [];
  try {
    return await work((cleanUp) => cleanUps.unshift(cleanUp));
  } finally {
    for (const cleanUp of cleanUps) {
      // One that fails must not keep the others from their work.
      await Promise.resolve()
        .then(cleanUp)
        .catch((error: unknown) => process.stderr.write(`cleaning up: ${String(error)}\n`));
    }
  }
}

/** Waits for a command of the CLI to succeed; answers what it printed. */
export async function finished(running: Running, { stopping }: Context): Promise<string> {
  // It is not interrupted but let go to its end, a few seconds away: stopped halfway it leaves plugins behind.
  const { status, text } = await running.result;
  stopping.throwIfAborted();
  if (status !== 0) throw new Error(`pulumi exited ${status}:\n${text.split("\n").slice(-30).join("\n")}`);
  return text;
}
