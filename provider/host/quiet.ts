import { setTimeout as sleep } from "node:timers/promises";

/** How long nothing must have come, in ms, before no more of a program is expected. */
const lull = 300;

/**
 * Whether a program has said all that it says. Resources that depend on others come when these have been previewed: what
 * is judged by the whole program is judged when nobody else is at work, those aside who wait for the same.
 */
export class Quiet {
  #working = 0;
  #last = Date.now();

  /** Something has come. */
  touch(): void {
    this.#last = Date.now();
  }

  /** Does work after which more may come. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.touch();
    }
  }

  /** Waits, from within such work, until no more is expected. */
  async comes(): Promise<void> {
    this.#working--;
    while (this.#working > 0 || Date.now() - this.#last < lull) await sleep(20);
    this.#working++;
  }
}
