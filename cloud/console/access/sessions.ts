// Sessions: what a browser's cookie says, signed, so that they outlive a restart of the console.
//
// S1. A cookie that this key did not sign, or whose time is over, is no session.
// S2. A session that was ended stays ended for as long as its cookie would be good, or until the console starts again.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { ROLES, type Role } from "./who.ts";

export const SESSION_COOKIE = "skerry_session";

/** Ended sessions that are remembered; the oldest go first. */
const ENDED_MAX = 10_000;

export interface Session {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Epoch ms. */
  readonly untilMs: number;
}

export class Sessions {
  readonly #key: Buffer;
  readonly #ageMs: number;
  readonly #now: () => number;
  readonly #ended = new Set<string>();

  constructor(of: { key: Buffer; ageMs: number; now: () => number }) {
    this.#key = of.key;
    this.#ageMs = of.ageMs;
    this.#now = of.now;
  }

  /** @returns the session, and the text of its cookie. */
  begin(of: { name: string; role: Role }): { session: Session; cookie: string } {
    const untilMs = this.#now() + this.#ageMs;
    const session = { id: randomUUID(), ...of, untilMs };
    const body = Buffer.from(JSON.stringify(session)).toString("base64url");
    return { session, cookie: `${body}.${this.#sign(body)}` };
  }

  /** The session of a cookie, or null. */
  find(cookie: string): Session | null {
    const [body = "", signature = "", ...rest] = cookie.split(".");
    const expected = Buffer.from(this.#sign(body));
    const given = Buffer.from(signature);
    if (rest.length > 0 || given.length !== expected.length) return null;
    if (!timingSafeEqual(given, expected)) return null; // S1
    const session = JSON.parse(Buffer.from(body, "base64url").toString()) as Session;
    if (!ROLES.includes(session.role) || session.untilMs <= this.#now()) return null; // S1
    return this.#ended.has(session.id) ? null : session; // S2
  }

  end({ id }: Session): void {
    this.#ended.add(id);
    if (this.#ended.size > ENDED_MAX) this.#ended.delete([...this.#ended.values().take(1)][0]!);
  }

  #sign(body: string): string {
    return createHmac("sha256", this.#key).update(body).digest("base64url");
  }
}
