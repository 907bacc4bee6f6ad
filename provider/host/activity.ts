/** How long nothing must have happened on any host, in ms, before nobody else is expected. */
const lull = 3000;

/**
 * What goes on in all sessions of a provider together. Pulumi sends only some requests at a time: whoever waits for
 * something that another request will make may wait as long as there is activity anywhere, and no longer.
 */
export class Activity {
  #working = 0;
  #last = Date.now();

  /** A request has come. */
  touch() {
    this.#last = Date.now();
  }

  /** Runs work that counts as activity. */
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
    return this.#working === 0 && Date.now() - this.#last > lull;
  }
}
