// Whose trial runs next: there is one thread for them, and many who may ask.
//
// Q1. One has the turn; whoever waits gets it in the order of arrival, operators before viewers.
// Q2. Nobody has more than one turn or place: who keeps asking waits behind the others.
// Q3. At most WAITING_MAX wait, of them WAITING_VIEWERS_MAX viewers, and nobody longer than WAIT_MS_MAX. Everybody else is
//     told when to come again.
// Q4. Who goes away while waiting gives up the place.
import { Problem } from "../api/problem.ts";

const WAITING_MAX = 8;
const WAITING_VIEWERS_MAX = 4;
const WAIT_MS_MAX = 60_000;
/** Before there was one, a trial is thought to last this long. */
const FIRST_GUESS_MS = 5_000;

export interface Asker {
  /** A session, or who and from where. */
  readonly id: string;
  readonly isOperator: boolean;
  /** Aborts once they do not wait any more. */
  readonly signal: AbortSignal;
}

interface Waiting extends Asker {
  readonly begin: () => void;
}

export class TrialQueue {
  readonly #now: () => number;
  #running: Asker | null = null;
  #sinceMs = 0;
  #lastsMs = FIRST_GUESS_MS;
  #waiting: Waiting[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Runs `work` when it is their turn. @throws Problem 429 saying when to come again. */
  async run<T>(asker: Asker, work: () => Promise<T>): Promise<T> {
    await this.#turnOf(asker);
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  async #turnOf(asker: Asker): Promise<void> {
    if (this.#running === null) return this.#begin(asker);
    const isTheirs = ({ id }: Asker): boolean => id === asker.id;
    if (isTheirs(this.#running) || this.#waiting.some(isTheirs))
      throw this.#later("A test of yours is under way", 1); // Q2
    const viewers = this.#waiting.filter(({ isOperator }) => !isOperator).length;
    const isFull = this.#waiting.length >= WAITING_MAX;
    if (isFull || (!asker.isOperator && viewers >= WAITING_VIEWERS_MAX))
      throw this.#later("Too many tests are waiting", this.#waiting.length + 1); // Q3
    await this.#wait(asker);
  }

  #wait(asker: Asker): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        asker.signal.removeEventListener("abort", gone);
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
      };
      const gone = (): void => {
        leave();
        reject(new Problem(499, "Nobody waits for this test any more")); // Q4
      };
      const timer = setTimeout(() => {
        const ahead = this.#waiting.indexOf(waiting) + 1;
        leave();
        reject(this.#later("Other tests take long", ahead)); // Q3
      }, WAIT_MS_MAX);
      const begin = (): void => {
        leave();
        this.#begin(asker);
        resolve();
      };
      const waiting: Waiting = { ...asker, begin };
      // Q1: the first place behind everybody who goes before them.
      const before = this.#waiting.findIndex((one) => asker.isOperator && !one.isOperator);
      this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, waiting);
      asker.signal.addEventListener("abort", gone);
      if (asker.signal.aborted) gone();
    });
  }

  #begin(asker: Asker): void {
    this.#running = asker;
    this.#sinceMs = this.#now();
  }

  #end(): void {
    this.#lastsMs = Math.max(1_000, (this.#lastsMs + this.#now() - this.#sinceMs) / 2);
    this.#running = null;
    this.#waiting[0]?.begin();
  }

  /** @param ahead tests that end before there is room. */
  #later(title: string, ahead: number): Problem {
    const leftMs = Math.max(0, this.#lastsMs - (this.#now() - this.#sinceMs));
    const retryAfterS = Math.max(1, Math.ceil((leftMs + (ahead - 1) * this.#lastsMs) / 1_000));
    const detail = `One test runs at a time. Try again in about ${retryAfterS} s.`;
    return new Problem(429, title, { detail, retryAfterS });
  }
}
