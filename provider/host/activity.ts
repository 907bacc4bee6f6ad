import { setTimeout as sleep } from "node:timers/promises";

/**
 * What goes on in all sessions of a provider together. Pulumi sends only some requests at a time: whoever waits for
 * something that another request will make, or say, may wait as long as there is activity anywhere, and no longer.
 */
export class Activity {
  readonly #lull: number;
  #working = 0;
  #last = Date.now();

  /** `lull`: how long nothing must have happened, in ms, before nobody else is expected. */
  constructor(lull: number) {
    this.#lull = lull;
  }

  /** A request has come. */
  touch() {
    this.#last = Date.now();
  }

  /** Runs work that counts as activity, and after which more may come. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.touch();
    }
  }

  /** Whether nobody else is expected. */
  get isOver(): boolean {
    return this.#working === 0 && Date.now() - this.#last > this.#lull;
  }

  /** Waits, from within such work, until nobody else is expected: those aside who wait for the same. */
  async over(): Promise<void> {
    this.#working--;
    while (!this.isOver) await sleep(20);
    this.#working++;
  }
}
