// Errors of nats-server and its client library in our own words: an outage is an `AppError` that may be
// tried again; everything else stays what it is, and is a bug (runtime/errors.ts).
import { ErrorCode, NatsError } from "nats";
import { AppError, messageOf } from "../../runtime/errors.ts";

/** JetStream API errors (nats-server, `server/errors.json`). */
const NO_MESSAGE_FOUND = 10037;
const CONSUMER_NOT_FOUND = 10014;
const STREAM_NOT_FOUND = 10059;
/** The second one is what a server says that checks the expectation before it reads the message. */
const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([10071, 10164]);

/** A server that comes up may know a stream, or have its consumers, only in a moment. */
const NOT_THERE_YET: ReadonlySet<number> = new Set([STREAM_NOT_FOUND, CONSUMER_NOT_FOUND]);
/** Too slow, in conflict with a request that is under way, too many requests. */
const BUSY: ReadonlySet<number> = new Set([408, 409, 429]);
const OUTAGES: ReadonlySet<string> = new Set<string>([
  ErrorCode.Cancelled,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionDraining,
  ErrorCode.ConnectionRefused,
  ErrorCode.ConnectionTimeout,
  ErrorCode.Disconnect,
  ErrorCode.JetStream408RequestTimeout,
  ErrorCode.JetStream409,
  ErrorCode.JetStreamIdleHeartBeat,
  ErrorCode.NoResponders, // The same as JetStreamNotEnabled: "503".
  ErrorCode.SubClosed,
  ErrorCode.SubDraining,
  ErrorCode.Timeout,
  // Rights and passwords are mended at the server, while its clients go on.
  ErrorCode.AuthenticationTimeout,
  ErrorCode.AuthorizationViolation,
  ErrorCode.PermissionsViolation,
]);

/**
 * The error as an `AppError` `NATS_UNAVAILABLE` (retry) if the server or the link is away, not ready or
 * not set up yet; any other error as it is.
 */
export const translate = (error: unknown): unknown =>
  isOutage(error)
    ? new AppError("NATS_UNAVAILABLE", "retry", messageOf(error), { cause: error })
    : error;

/** The message is larger than a stream, or the server, takes. */
const MESSAGE_TOO_LARGE = 10054;
const UNSENDABLE: ReadonlySet<string> = new Set<string>([
  ErrorCode.MaxPayloadExceeded,
  ErrorCode.BadSubject,
  ErrorCode.BadHeader,
]);

/** True if no server would ever take the message: it is too large, or its subject is none. */
export const isUnsendable = (error: unknown): boolean =>
  UNSENDABLE.has(codeOf(error) ?? "") || apiCodeOf(error) === MESSAGE_TOO_LARGE;

/** Awaits an answer of the library. @throws what {@link translate} makes of its error. */
export async function translated<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw translate(error);
  }
}

/** The message that was asked for, or null if the stream does not hold it. @throws as `translated`. */
export const messageOrNull = <T>(asked: Promise<T>): Promise<T | null> =>
  unless(asked, (code) => code === NO_MESSAGE_FOUND);

/** The answer about a stream, or null if there is no such stream. @throws as `translated`. */
export const streamOrNull = <T>(asked: Promise<T>): Promise<T | null> =>
  unless(asked, (code) => code === STREAM_NOT_FOUND);

/** The answer about a consumer, or null if there is no such one, or no such stream. @throws as `translated`. */
export const consumerOrNull = <T>(asked: Promise<T>): Promise<T | null> =>
  unless(asked, (code) => NOT_THERE_YET.has(code));

/** The answer to a write, or null if somebody else wrote first. @throws as `translated`. */
export const writtenOrNull = <T>(asked: Promise<T>): Promise<T | null> =>
  unless(asked, (code) => WRONG_LAST_SEQUENCE.has(code));

/** True if nobody listens to the subject of a request. */
export const isNoResponders = (error: unknown): boolean =>
  codeOf(error) === (ErrorCode.NoResponders as string);

/** True if a request was not answered in time. */
export const isTimeout = (error: unknown): boolean =>
  codeOf(error) === (ErrorCode.Timeout as string);

/** True if the user of the connection has no right to what was asked or said. */
export const isNotPermitted = (error: unknown): boolean =>
  codeOf(error) === (ErrorCode.PermissionsViolation as string);

/** True for every error of the library, whatever it means. */
export const isNatsError = (error: unknown): boolean => error instanceof NatsError;

async function unless<T>(asked: Promise<T>, isNone: (code: number) => boolean): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isNone(apiCodeOf(error))) return null;
    throw translate(error);
  }
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  const { code, api_error: api } = error;
  if (!api) return OUTAGES.has(code);
  return api.code >= 500 || BUSY.has(api.code) || NOT_THERE_YET.has(api.err_code ?? 0);
}

/** The error of the library that was translated, or this one. */
function original(error: unknown): NatsError | null {
  const cause = error instanceof AppError ? error.cause : error;
  return cause instanceof NatsError ? cause : null;
}

/** 0 if it is no answer of JetStream. */
const apiCodeOf = (error: unknown): number => original(error)?.api_error?.err_code ?? 0;
const codeOf = (error: unknown): string | undefined => original(error)?.code;
