// Passwords that people chose, checked with scrypt off the main thread.
//
// W1. At most `RUNNING_MAX` tries are computed at once: libuv's four threads also read files and names.
// W2. At most `WAITING_MAX` wait, of one place `WAITING_OF_PLACE_MAX`, none longer than `WAIT_MS_MAX`;
//     past any of them the answer is "busy".
// W3. A password that was right is known for `KNOWN_MS`, so a storm of reconnects costs one
//     computation per person. What is kept is an HMAC under a key that lives as long as the process.
// W4. The same question asked twice at once is computed once.
// W5. Whoever is asked about waits in the same line and costs a computation: an id without a record,
//     or without a password, is told from no other by its answer or by its time.
// W6. A try is allowed when its turn comes, knowing how all before it ended: of any number asked at
//     once only as many are computed as may fail (guess-limit.ts/G1).
import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { Credential, PasswordCredential } from "../../contracts/device.ts";
import { GuessLimit } from "./guess-limit.ts";
import { digestOf, isSecret } from "./secrets.ts";

const RUNNING_MAX = 2;
const WAITING_MAX = 512;
const WAITING_OF_PLACE_MAX = 128;
/** Shorter than the broker's connect timeout: later answers find nobody. */
const WAIT_MS_MAX = 8_000;
const KNOWN_MAX = 10_000;
const KNOWN_MS = 10 * 60_000;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const COST = { N: 16_384, r: 8, p: 1 };
export const PASSWORD_CHARS_MIN = 8;

/** The credential that was right; or why there is none. */
export type PasswordVerdict = Credential["kind"] | "wrong" | "busy" | "limited";

/** One try to log in with something that has to be computed. */
export interface Try {
  readonly place: string;
  readonly id: string;
  readonly password: Buffer;
  /** Those of the record; none for an id that nobody has (W5). */
  readonly credentials: readonly Credential[];
}

interface Waiting {
  readonly start: () => void;
  readonly giveUp: () => void;
  readonly sinceMs: number;
  readonly place: string;
}

/** The hash of a password under a salt. */
export type Derive = (password: Buffer, salt: Buffer) => Promise<Buffer>;

const derive: Derive = (password, salt) =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, HASH_BYTES, COST, (error, hash) =>
      error ? reject(error) : resolve(hash),
    ),
  );

export async function passwordCredential(password: string): Promise<PasswordCredential> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(Buffer.from(password), salt);
  return { kind: "password", salt: salt.toString("base64"), scrypt: hash.toString("base64") };
}

export class Passwords {
  readonly limit = new GuessLimit();
  readonly #key = randomBytes(32);
  readonly #nobody = randomBytes(SALT_BYTES);
  readonly #nowMs: () => number;
  readonly #derive: Derive;
  readonly #known = new Map<string, number>();
  readonly #asked = new Map<string, Promise<PasswordVerdict>>();
  readonly #waiting: Waiting[] = [];
  readonly #waitingOf = new Map<string, number>();
  #running = 0;

  constructor(nowMs: () => number, deriveBy: Derive = derive) {
    this.#nowMs = nowMs;
    this.#derive = deriveBy;
  }

  /** True without any computation if it was right a short while ago (W3). */
  isKnown(credential: PasswordCredential, password: Buffer): boolean {
    const name = this.#nameOf(credential.scrypt, password);
    const untilMs = this.#known.get(name);
    if (untilMs === undefined) return false;
    if (untilMs > this.#nowMs()) return true;
    this.#known.delete(name);
    return false;
  }

  verify(one: Try): Promise<PasswordVerdict> {
    if (this.limit.isOver(one, this.#nowMs())) return Promise.resolve("limited");
    // All that the answer rests on: a changed record is another question.
    const { place, id, credentials } = one;
    const name = this.#nameOf(JSON.stringify([place, id, credentials]), one.password);
    let answer = this.#asked.get(name);
    if (!answer) {
      answer = this.#inTurn({ ...one, password: Buffer.from(one.password) }).finally(() =>
        this.#asked.delete(name),
      );
      this.#asked.set(name, answer); // W4
    }
    return answer;
  }

  async #inTurn(one: Try): Promise<PasswordVerdict> {
    if (!(await this.#turn(one.place))) return "busy";
    try {
      if (!this.limit.reserve(one, this.#nowMs())) return "limited"; // W6
      const verdict = await this.#compute(one);
      if (verdict !== "wrong") this.limit.succeed(one, this.#nowMs());
      return verdict;
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  async #compute({ credentials, password }: Try): Promise<PasswordVerdict> {
    let verdict: PasswordVerdict = "wrong";
    const chosen = credentials.filter((credential) => credential.kind === "password");
    for (const credential of chosen) {
      const hash = await this.#derive(password, Buffer.from(credential.salt, "base64"));
      if (!timingSafeEqual(hash, Buffer.from(credential.scrypt, "base64"))) continue;
      this.#remember(this.#nameOf(credential.scrypt, password));
      verdict = "password";
    }
    if (chosen.length === 0) await this.#derive(password, this.#nobody); // W5
    const digest = digestOf(password);
    for (const credential of credentials)
      if (credential.kind === "secret" && isSecret(credential, digest)) verdict = "secret";
    return verdict;
  }

  /** False if there is no turn to be had (W2). */
  #turn(place: string): Promise<boolean> {
    if (this.#running < RUNNING_MAX) {
      this.#running++;
      return Promise.resolve(true);
    }
    const ofPlace = this.#waitingOf.get(place) ?? 0;
    if (this.#waiting.length >= WAITING_MAX || ofPlace >= WAITING_OF_PLACE_MAX)
      return Promise.resolve(false);
    this.#waitingOf.set(place, ofPlace + 1);
    return new Promise((resolve) =>
      this.#waiting.push({
        start: () => resolve(true),
        giveUp: () => resolve(false),
        sinceMs: this.#nowMs(),
        place,
      }),
    );
  }

  #startNext(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const ofPlace = this.#waitingOf.get(next.place)! - 1;
      if (ofPlace > 0) this.#waitingOf.set(next.place, ofPlace);
      else this.#waitingOf.delete(next.place);
      if (this.#nowMs() - next.sinceMs > WAIT_MS_MAX) {
        next.giveUp();
        continue;
      }
      this.#running++;
      return next.start();
    }
  }

  #remember(name: string): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= KNOWN_MAX && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(name, this.#nowMs() + KNOWN_MS);
  }

  /** `about` is what the password is compared with. */
  #nameOf(about: string, password: Buffer): string {
    return createHmac("sha256", this.#key)
      .update(`${about.length} ${about}`)
      .update(password)
      .digest("base64");
  }
}
