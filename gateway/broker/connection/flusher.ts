// Answers of one turn of the event loop: they leave together when it ends, each connection's in one
// write, after one commit of the store for all of them.

export interface Flushable {
  flush(): void;
  guarded(work: () => void): void;
}

export class Flusher {
  /** Connections with answers to write at the end of this turn. */
  readonly #waiting: Flushable[] = [];

  soon(connection: Flushable): void {
    if (this.#waiting.push(connection) === 1) setImmediate(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    for (const connection of this.#waiting) connection.guarded(() => connection.flush());
    this.#waiting.length = 0;
  };
}
