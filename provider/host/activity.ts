import { setTimeout as sleep } from "node:timers/promises";

/**
 * What goes on in all sessions of a provider together. Pulumi sends only some requests at a time: whoever waits for
 * something that another request will make, or say, may wait as long as there is activity anywhere, and no longer.
 */
export class Activity {
  #lull: number;
  readonly #most: number;
  #working = 0;
  #waiting = 0;
  #last = Date.now();

  /**
   * `lull`: how long nothing must have happened, in ms, before nobody else is expected. Where the requests of a busy machine
   * come slowly it grows to three times their pauses, at most to `most`.
   */
  constructor(lull: number, most = lull) {
    this.#lull = lull;
    this.#most = most;
  }

  /** A request has come. */
  touch() {
    const now = Date.now();
    if (this.#waiting > 0) this.#lull = Math.max(this.#lull, Math.min(3 * (now - this.#last), this.#most));
    this.#last = now;
  }

  /** Runs work that counts as activity, and after which more may come. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.#last = Date.now();
    }
  }

  /** Whether nobody else is expected. */
  get isOver(): boolean {
    return this.#working === 0 && Date.now() - this.#last > this.#lull;
  }

  /** Waits, from within such work, until nobody else is expected: those aside who wait for the same. */
  async over(): Promise<void> {
    this.#working--;
    this.#waiting++;
    while (!this.isOver) await sleep(20);
    this.#waiting--;
    this.#working++;
  }
}
