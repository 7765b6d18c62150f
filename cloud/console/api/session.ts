// Login and logout.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Guard } from "../access/guard.ts";
import { type LoginCodes, type RoleTokens, roleOf } from "../access/secrets.ts";
import { SESSION_COOKIE, type Sessions } from "../access/sessions.ts";
import { ROLES } from "../access/who.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { object, oneOf, orNull, text, timeMs } from "./schema.ts";

/** Logins that one address may try in a minute. */
const LOGINS_PER_MINUTE = 20;
const MINUTE_MS = 60_000;
/** Addresses whose tries are counted; past it, nobody's are known any more. */
const ADDRESSES_MAX = 10_000;

export interface SessionParts {
  readonly guard: Guard;
  readonly sessions: Sessions;
  readonly tokens: RoleTokens;
  readonly loginCodes: LoginCodes;
  /** True if cookies may only travel over TLS. */
  readonly secure: boolean;
  readonly now: () => number;
}

const SESSION = object({
  name: text("who is logged in"),
  role: oneOf(ROLES),
  untilMs: orNull(timeMs("the session ends; null for a token or a proxy")),
});

export function sessionRoutes(parts: SessionParts): Route[] {
  const { guard, sessions, tokens, loginCodes, secure } = parts;
  const cookie = { path: "/", httpOnly: true, sameSite: "strict", secure } as const;
  const tries = new Tries(parts.now);
  const logIn = (token: string, raw: FastifyRequest, reply: FastifyReply) => {
    tries.count(raw.ip);
    const role = roleOf(token, tokens) ?? (loginCodes.take(token) ? "operator" : null);
    if (role === null)
      throw new Problem(401, "Not logged in", {
        detail:
          "This is no token of this console, or a login link that was used already or is too old. npx skerry console login prints a new one.",
      });
    const { session, cookie: value } = sessions.begin({ name: role, role });
    const maxAge = Math.floor((session.untilMs - parts.now()) / 1000);
    void reply.setCookie(SESSION_COOKIE, value, { ...cookie, maxAge });
    return { name: session.name, role, untilMs: session.untilMs };
  };
  return [
    route<unknown, unknown, { token: string }>({
      method: "POST",
      path: "/session",
      summary: "Log in",
      role: "open",
      body: object({ token: text("a role's token, or the code of the login link") }),
      answer: SESSION,
      handle: async ({ body, raw, reply }) => Promise.resolve(logIn(body.token, raw, reply)),
    }),
    route({
      method: "POST",
      path: "/login-codes",
      summary: "Make a login link's code, which logs an operator in once: open /#login=CODE",
      role: "operator",
      answer: object({ code: text(), untilMs: timeMs("it ends") }),
      status: 201,
      handle: async () => Promise.resolve(loginCodes.add()),
    }),
    route({
      method: "GET",
      path: "/session",
      summary: "Who is logged in",
      role: "viewer",
      answer: SESSION,
      handle: async ({ who, raw }) => {
        const untilMs = who.by === "cookie" ? (guard.session(raw)?.untilMs ?? null) : null;
        return Promise.resolve({ name: who.name, role: who.role, untilMs });
      },
    }),
    route({
      method: "DELETE",
      path: "/session",
      summary: "Log out",
      role: "open",
      answer: null,
      handle: async ({ raw, reply }) => {
        const session = guard.session(raw);
        if (session) sessions.end(session);
        void reply.clearCookie(SESSION_COOKIE, cookie);
        return Promise.resolve();
      },
    }),
  ];
}

/** Logins tried by each address in this minute. */
class Tries {
  readonly #now: () => number;
  #minute = 0;
  readonly #tries = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws Problem 429 past the bound. */
  count(address: string): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    if (minute !== this.#minute || this.#tries.size >= ADDRESSES_MAX) this.#tries.clear();
    this.#minute = minute;
    const tries = (this.#tries.get(address) ?? 0) + 1;
    this.#tries.set(address, tries);
    if (tries > LOGINS_PER_MINUTE) {
      const retryAfterS = Math.ceil(((minute + 1) * MINUTE_MS - this.#now()) / 1_000);
      const detail = `Try again in ${retryAfterS} s.`;
      throw new Problem(429, "Too many logins", { detail, retryAfterS });
    }
  }
}
