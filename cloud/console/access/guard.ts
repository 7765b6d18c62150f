// The gate of every request: the name that was asked, who asks, and for a change, from which page.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { Problem } from "../api/problem.ts";
import { isAllowedHost } from "../../../platform/runtime/http-host.ts";
import { CHANGE_HEADER, crossSiteProblem } from "./origin.ts";
import { type RoleTokens, roleOf } from "./secrets.ts";
import { SESSION_COOKIE, type Session, type Sessions } from "./sessions.ts";
import { type Role, type Who, mayDo } from "./who.ts";

/** A reverse proxy that says who somebody is. */
export interface ProxyTrust {
  readonly peers: readonly string[];
  readonly userHeader: string;
  readonly groupsHeader: string;
  readonly operatorGroup: string;
}

export interface GuardParts {
  readonly hosts: ReadonlySet<string>;
  readonly tokens: RoleTokens;
  readonly sessions: Sessions;
  readonly proxy: ProxyTrust;
}

/** The part of a request that says who asks. */
export interface Asking {
  readonly headers: IncomingHttpHeaders;
  /** Each header as often as it was sent. */
  readonly headersDistinct: NodeJS.Dict<string[]>;
  readonly socket: Socket;
  readonly cookies: Readonly<Record<string, string | undefined>>;
}

const askingOf = ({ raw, cookies }: FastifyRequest): Asking => {
  const { headers, headersDistinct, socket } = raw;
  return { headers, headersDistinct, socket, cookies };
};

const headerOf = (request: Pick<Asking, "headers">, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

export class Guard {
  readonly #parts: GuardParts;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** @throws Problem 421 for a name that is not ours. */
  checkHost(request: FastifyRequest): void {
    if (isAllowedHost(request.headers.host, this.#parts.hosts)) return;
    throw new Problem(421, "This name is not the console's", {
      detail: `The console does not answer to the host "${request.headers.host ?? ""}". Name it with SKERRY_CONSOLE_URL if it should.`,
    });
  }

  /** The session of the request's cookie, or null. */
  session(request: Pick<Asking, "cookies">): Session | null {
    const cookie = request.cookies[SESSION_COOKIE];
    return cookie === undefined ? null : this.#parts.sessions.find(cookie);
  }

  /** Whoever asks, or null if nobody known does. */
  who(request: FastifyRequest): Who | null {
    return this.whoIs(askingOf(request));
  }

  /** The same of a request that is none of the API. */
  whoIs(request: Asking): Who | null {
    const bearer = /^Bearer (.+)$/i.exec(headerOf(request, "authorization") ?? "")?.[1];
    if (bearer !== undefined) {
      const role = roleOf(bearer, this.#parts.tokens);
      return role && { name: role, role, by: "token" };
    }
    const session = this.session(request);
    if (session) return { name: session.name, role: session.role, by: "cookie" };
    return this.#fromProxy(request);
  }

  #fromProxy(request: Asking): Who | null {
    const { peers, userHeader, groupsHeader, operatorGroup } = this.#parts.proxy;
    // Twice: the proxy has put its own beside that of whoever asks, instead of in its place.
    const isTwice = [userHeader, groupsHeader].some(
      (name) => (request.headersDistinct[name]?.length ?? 0) > 1,
    );
    if (isTwice) return null;
    const name = headerOf(request, userHeader);
    const peer = request.socket.remoteAddress?.replace(/^::ffff:/, "");
    if (name === undefined || peer === undefined || !peers.includes(peer)) return null;
    const groups = (headerOf(request, groupsHeader) ?? "").split(",").map((one) => one.trim());
    return { name, role: groups.includes(operatorGroup) ? "operator" : "viewer", by: "proxy" };
  }

  /** @throws Problem 401 or 403 unless somebody with that role asks, for a change from our own page. */
  admit(request: FastifyRequest, reply: FastifyReply, needs: Role): Who {
    const who = this.who(request);
    if (who === null) {
      void reply.header("www-authenticate", 'Bearer realm="skerry"');
      throw new Problem(401, "Not logged in", {
        detail: "Open a login link (npx skerry console login prints one), or log in with a token.",
      });
    }
    if (!mayDo(who.role, needs))
      throw new Problem(403, "Only an operator may do this", {
        detail: `The role ${who.role} only looks.`,
      });
    if (who.by !== "token") this.checkSite(request);
    return who;
  }

  /** @throws Problem 403 for a change that another site made the browser ask for. */
  checkSite(request: FastifyRequest): void {
    if (request.method === "GET" || request.method === "HEAD") return;
    const problem = crossSiteProblem({
      host: request.headers.host,
      origin: headerOf(request, "origin"),
      fetchSite: headerOf(request, "sec-fetch-site"),
      changeHeader: headerOf(request, CHANGE_HEADER),
    });
    if (problem !== null)
      throw new Problem(403, "The request does not come from this console's page", {
        detail: problem,
      });
  }
}
