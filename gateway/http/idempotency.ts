// Idempotency-Key: the same request again gives the same answer, and counts once.
//
// Y1. A request with a key is admitted as of its first arrival, however often it comes; readings without a sequence and
//     a time of their own are told apart by that, and by what the log has.
// Y2. A key that comes again while its request is under way waits for its answer; with another body it is refused.
import { createHash } from "node:crypto";
import type { Answer } from "./element-outcome.ts";
import type { Again } from "./intake.ts";
import type { KeyStore } from "./key-store.ts";
import type { LoggedReadings } from "./logged-readings.ts";
import { Problem } from "./problem.ts";

/** Printable ASCII, as long as anybody makes a key. */
const KEY = /^[\x21-\x7e]{1,255}$/;

const OTHER = "this Idempotency-Key came with another request; use a new key for a new one";

export interface Keyed {
  readonly holder: string;
  readonly key: string;
  /** The address that it was sent to; with the body it is what the key stands for. */
  readonly target: string;
  readonly body: Buffer;
}

export interface IdempotencyParts {
  readonly store: KeyStore;
  readonly logged: Pick<LoggedReadings, "newest" | "of">;
  /** Epoch ms, the clock of readings. */
  readonly clock: () => number;
}

export class Idempotency {
  readonly #parts: IdempotencyParts;
  readonly #underWay = new Map<string, { content: string; answer: Promise<Answer> }>();

  constructor(parts: IdempotencyParts) {
    this.#parts = parts;
  }

  /**
   * The answer of a request: that which its key had, or the one that `work` comes to now.
   * @throws Problem 400 for what is no key, 422 for a key of another request.
   */
  async once(
    keyed: Keyed,
    work: (again: Again) => Promise<Answer>,
  ): Promise<Answer & { readonly replayed: boolean }> {
    const { holder, key } = keyed;
    if (!KEY.test(key))
      throw new Problem(400, "Idempotency-Key is 1 to 255 printable characters of ASCII");
    const content = createHash("sha256")
      .update(`${keyed.target}\n`)
      .update(keyed.body)
      .digest("base64url");
    const name = `${holder}\n${key}`;
    const other = this.#underWay.get(name); // Y2
    const known = other ? null : this.#parts.store.find(holder, key);
    if ((other ?? known ?? { content }).content !== content) throw new Problem(422, OTHER);
    if (other) return { ...(await other.answer), replayed: true };
    if (known?.answer) return { ...known.answer, replayed: true };
    const answer = this.#work(keyed, content, work);
    this.#underWay.set(name, { content, answer });
    try {
      return { ...(await answer), replayed: false };
    } finally {
      this.#underWay.delete(name);
    }
  }

  async #work(
    { holder, key }: Keyed,
    content: string,
    work: (again: Again) => Promise<Answer>,
  ): Promise<Answer> {
    const { store, logged, clock } = this.#parts;
    const before = store.find(holder, key);
    let again: Again;
    if (before) again = { arrivedAtMs: before.atMs, stored: await logged.of(before) };
    else {
      const fromSeq = await logged.newest();
      const atMs = clock();
      store.begin(holder, key, { atMs, content, fromSeq });
      again = { arrivedAtMs: atMs };
    }
    const answer = await work(again);
    store.finish(holder, key, answer);
    return answer;
  }
}
