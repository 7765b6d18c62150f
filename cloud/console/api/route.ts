// A route as data: from it come the handler, the checks of what is sent, the page of the API, the audit log.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Role, Who } from "../access/who.ts";
import type { Schema } from "./schema.ts";

export interface RouteRequest<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Somebody of the route's role; of an open route, anybody. */
  readonly who: Who;
  readonly raw: FastifyRequest;
  readonly reply: FastifyReply;
}

/** An answer that is not JSON. */
export class TextAnswer {
  readonly contentType: string;
  readonly text: string;
  readonly fileName: string | null;

  constructor(contentType: string, text: string, fileName: string | null = null) {
    this.contentType = contentType;
    this.text = text;
    this.fileName = fileName;
  }
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below /api/v1, parameters as `:name`. */
  readonly path: string;
  /** A line of the API's page, and of the audit log. */
  readonly summary: string;
  /** `open`: whoever asks, such as for the login. */
  readonly role: Role | "open";
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: Schema;
  /** The form of the answer; null: there is none (204). */
  readonly answer: Schema | null;
  /** A media type beside JSON in which it may be answered. */
  readonly alsoAnswers?: string;
  /** Status of success; 200, or 204 without an answer. */
  readonly status?: number;
  /** A POST that changes nothing, always or with such a body, which nothing has checked: the audit log leaves it out. */
  readonly changesNothing?: true | ((body: unknown) => boolean);
  readonly handle: (request: RouteRequest<never, never, never>) => Promise<unknown>;
}

interface Handling<P, Q, B> extends Omit<Route, "handle"> {
  readonly handle: (request: RouteRequest<P, Q, B>) => Promise<unknown>;
}

/** Types of what is sent, which the route's schemas check. */
export const route = <P = unknown, Q = unknown, B = unknown>(of: Handling<P, Q, B>): Route => of;
