// Tokens of the roles, the code of the login link, and the key that signs sessions.
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

/** A code that works once. */
export class LoginCode {
  #code: string | null;

  constructor(code: string) {
    this.#code = code;
  }

  /** True for the first who shows it. */
  take(text: string): boolean {
    if (this.#code === null || !isSame(text, this.#code)) return false;
    this.#code = null;
    return true;
  }
}
