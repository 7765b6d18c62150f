// Tokens of the roles, the code of the login link, and the key that signs sessions.
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Role } from "./who.ts";

export interface RoleTokens {
  readonly operator: string;
  /** Null: nobody is a viewer by token. */
  readonly viewer: string | null;
}

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

/** The key of {@link sessions.ts}: another token ends the sessions of the former one. */
export const sessionKey = ({ operator, viewer }: RoleTokens): Buffer =>
  createHmac("sha256", operator)
    .update(`skerry console ${viewer ?? ""}`)
    .digest();

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
