// Passwords that people chose, checked with scrypt off the main thread.
//
// W1. At most `RUNNING_MAX` computations at once: libuv's four threads also read files and names.
// W2. At most `WAITING_MAX` wait, none longer than `WAIT_MS_MAX`; past either the answer is "busy".
// W3. A password that was right is known for `KNOWN_MS`, so a storm of reconnects costs one
//     computation per person. What is kept is an HMAC under a key that lives as long as the process.
// W4. The same question asked twice at once is computed once.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { PasswordCredential } from "../../contracts/device.ts";

const RUNNING_MAX = 2;
const WAITING_MAX = 512;
/** Shorter than the broker's connect timeout: later answers find nobody. */
const WAIT_MS_MAX = 8_000;
const KNOWN_MAX = 10_000;
const KNOWN_MS = 10 * 60_000;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const COST = { N: 16_384, r: 8, p: 1 };
export const PASSWORD_CHARS_MIN = 8;

export type PasswordVerdict = "right" | "wrong" | "busy";

interface Waiting {
  readonly start: () => void;
  readonly giveUp: () => void;
  readonly sinceMs: number;
}

const derive = (password: Buffer, salt: Buffer): Promise<Buffer> =>
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
  readonly #key = randomBytes(32);
  readonly #nowMs: () => number;
  readonly #known = new Map<string, number>();
  readonly #asked = new Map<string, Promise<PasswordVerdict>>();
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** True without any computation if it was right a short while ago (W3). */
  isKnown(credential: PasswordCredential, password: Buffer): boolean {
    const name = this.#nameOf(credential, password);
    const untilMs = this.#known.get(name);
    if (untilMs === undefined) return false;
    if (untilMs > this.#nowMs()) return true;
    this.#known.delete(name);
    return false;
  }

  verify(credential: PasswordCredential, password: Buffer): Promise<PasswordVerdict> {
    const name = this.#nameOf(credential, password);
    let answer = this.#asked.get(name);
    if (!answer) {
      answer = this.#compute(credential, Buffer.from(password), name).finally(() =>
        this.#asked.delete(name),
      );
      this.#asked.set(name, answer); // W4
    }
    return answer;
  }

  async #compute(
    credential: PasswordCredential,
    password: Buffer,
    name: string,
  ): Promise<PasswordVerdict> {
    if (!(await this.#turn())) return "busy";
    try {
      const hash = await derive(password, Buffer.from(credential.salt, "base64"));
      if (!timingSafeEqual(hash, Buffer.from(credential.scrypt, "base64"))) return "wrong";
      this.#remember(name);
      return "right";
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  /** False if there is no turn to be had (W2). */
  #turn(): Promise<boolean> {
    if (this.#running < RUNNING_MAX) {
      this.#running++;
      return Promise.resolve(true);
    }
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve(false);
    return new Promise((resolve) =>
      this.#waiting.push({
        start: () => resolve(true),
        giveUp: () => resolve(false),
        sinceMs: this.#nowMs(),
      }),
    );
  }

  #startNext(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
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

  /** The stored hash stands for user and salt: a changed password is another question. */
  #nameOf({ scrypt: hash }: PasswordCredential, password: Buffer): string {
    return createHmac("sha256", this.#key).update(hash).update(password).digest("base64");
  }
}
