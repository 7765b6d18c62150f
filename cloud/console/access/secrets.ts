// Tokens of the roles, codes of login links, and the key that signs sessions.
import { createHash, randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import type { Role } from "./who.ts";

export interface RoleTokens {
  readonly operator: string;
  /** Null: nobody is a viewer by token. */
  readonly viewer: string | null;
}

const KEY_BYTES = 32;

/** A secret that nobody guesses. */
export const randomSecret = (): string => randomBytes(24).toString("base64url");

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Compares in a time that says nothing about where two secrets differ. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

/** The role of a token; null of any other text. */
export function roleOf(token: string, tokens: RoleTokens): Role | null {
  if (isSame(token, tokens.operator)) return "operator";
  return tokens.viewer !== null && isSame(token, tokens.viewer) ? "viewer" : null;
}

/**
 * The key of {@link sessions.ts}: another token ends the sessions of the former one. It takes some 50 ms to make, because
 * whoever has a cookie of their own could try tokens of operators against its signature, far from here.
 */
export const sessionKey = ({ operator, viewer }: RoleTokens): Buffer =>
  scryptSync(operator, `skerry console ${viewer ?? ""}`, KEY_BYTES);

/** Codes that may wait for somebody at once; the oldest goes. */
const CODES_MAX = 20;

/** Codes of login links: each logs one operator in, and not for long, because links stay in logs and histories. */
export class LoginCodes {
  readonly #ageMs: number;
  readonly #now: () => number;
  readonly #untilMs = new Map<string, number>();

  constructor(of: { ageMs: number; now: () => number }) {
    this.#ageMs = of.ageMs;
    this.#now = of.now;
  }

  /** @returns the code, and when it ends, epoch ms. */
  add(code = randomSecret()): { code: string; untilMs: number } {
    const untilMs = this.#now() + this.#ageMs;
    this.#untilMs.set(code, untilMs);
    if (this.#untilMs.size > CODES_MAX) this.#untilMs.delete([...this.#untilMs.keys()][0]!);
    return { code, untilMs };
  }

  /** True for the first who shows a code in time. */
  take(text: string): boolean {
    let isGood = false;
    for (const [code, untilMs] of this.#untilMs) {
      const isOver = untilMs <= this.#now();
      const isShown = isSame(text, code);
      if (isShown || isOver) this.#untilMs.delete(code);
      if (isShown && !isOver) isGood = true;
    }
    return isGood;
  }
}
