/** Something the user can mend: printed as one line that says what to do, without a stack trace. */
export class SetupError extends Error {
  override name = "SetupError";
}

/** Takes one finished line of progress. */
export type Log = (line: string) => void;

/** Writes a line to standard output. */
export const print: Log = (line) => process.stdout.write(`${line}\n`);

/** Runs one step: says what it does, and afterwards how long it took. `what` reads like `engine: building pulumi`. */
export async function step<T>(what: string, work: () => Promise<T> | T, log: Log = print): Promise<T> {
  const began = performance.now();
  log(`${what} …`);
  try {
    const made = await work();
    log(`${what}: done in ${seconds(performance.now() - began)}`);
    return made;
  } catch (error) {
    log(`${what}: failed after ${seconds(performance.now() - began)}`);
    throw error;
  }
}

/** A duration for people: `0.4 s`, `215 s`. */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

/** The text for standard error when a command ends badly: one line for what the user can mend, all of it for a defect. */
export function explain(error: unknown): string {
  if (error instanceof SetupError) return `error: ${error.message.trim().replace(/\s*\n\s*/g, "; ")}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
