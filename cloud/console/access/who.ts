// Who asks, and what a role may do (pure).

/** A viewer looks; an operator changes things, too. */
export const ROLES = ["viewer", "operator"] as const;
export type Role = (typeof ROLES)[number];

export interface Who {
  /** The name that a reverse proxy gave, or the role of the token. */
  readonly name: string;
  readonly role: Role;
  /** A browser sends a cookie, or is let through by a proxy, whoever made it ask; a token is sent on purpose. */
  readonly by: "cookie" | "proxy" | "token";
}

/** True if somebody of role `has` may do what asks for `needs`. */
export const mayDo = (has: Role, needs: Role): boolean =>
  ROLES.indexOf(has) >= ROLES.indexOf(needs);
