// Errors as HTTP says them: problem details (RFC 9457).
import { STATUS_CODES } from "node:http";
import { AppError, type ErrorCode } from "../../../platform/runtime/errors.ts";

interface ProblemDetails {
  /** A sentence for the person who asked. */
  readonly detail?: string;
  /** Seconds until another try is worth it; said as Retry-After, too. */
  readonly retryAfterS?: number;
  /** One sentence for each thing that is wrong, of a form that a person filled in. */
  readonly errors?: readonly { readonly at: string; readonly message: string }[];
}

/** An answer that is an error. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(status: number, title: string, details: ProblemDetails = {}) {
    super(title);
    this.status = status;
    this.details = details;
  }

  /** The body of the answer, `application/problem+json`. */
  body(): Record<string, unknown> {
    return { type: "about:blank", title: this.message, status: this.status, ...this.details };
  }
}

export const PROBLEM_TYPE = "application/problem+json";

const NOT_FOUND = "Not found";

export const notFound = (detail: string): Problem => new Problem(404, NOT_FOUND, { detail });

/** A request that cannot be done as it is. */
export const invalid = (detail: string): Problem => new Problem(422, "Not valid", { detail });

const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  CHANNELS_INVALID: 422,
  CONFIG_INVALID: 422,
  CONTRACT_INVALID: 422,
  RULE_INVALID: 422,
  RECORD_REFUSED: 422,
  POSITION_CONFLICT: 409,
  NATS_UNAVAILABLE: 503,
  INFLUX_UNAVAILABLE: 503,
  INFLUX_REFUSED: 502,
};

const TITLES: Readonly<Record<number, string>> = {
  404: NOT_FOUND,
  409: "Changed by somebody else meanwhile",
  413: "Too large",
  422: "Not valid",
  429: "Too many requests",
  502: "InfluxDB refused this",
  503: "A server does not answer",
};

/** The problem that an error is to whoever asked; null for a bug, which is nobody's business. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof AppError) {
    const status = STATUS_OF_CODE[error.code];
    return status === undefined
      ? null
      : new Problem(status, TITLES[status]!, { detail: error.message });
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === "number" && status >= 400 && status < 500)
    return new Problem(status, TITLES[status] ?? STATUS_CODES[status] ?? "Refused", {
      detail: (error as Error).message,
    });
  return null;
}
