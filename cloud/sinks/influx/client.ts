import {
  type Headers,
  HttpError,
  InfluxDB,
  RequestTimedOutError,
  type Transport,
} from "@influxdata/influxdb-client";
import { type ClientTls, isSameTls, trustHint } from "../../../platform/runtime/client-tls.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";

export interface InfluxTarget {
  /** `http://host:port`, with `user:password@` if an InfluxDB 1.x asks for them. */
  readonly url: string;
  /** A 2.x bucket has to exist; where `/query` is to find it, mapped to a database. */
  readonly database: string;
  /** The write API: `/write` of 1.x (the default), or `/api/v2/write` of 2.x. */
  readonly api?: InfluxApi;
  /** The organisation of a 2.x. */
  readonly org?: string;
  readonly token?: string;
  /** TLS of an https URL. */
  readonly tls?: ClientTls;
}

export const INFLUX_APIS = ["v1", "v2"] as const;
export type InfluxApi = (typeof INFLUX_APIS)[number];

/** A row of an InfluxQL result; times are RFC 3339 strings, because ns do not fit a JSON number. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** A proxy may answer in InfluxDB's place. */
interface QueryResponse {
  results?: QueryResult[];
}

interface QueryResult {
  error?: string;
  partial?: boolean;
  series?: {
    partial?: boolean;
    tags?: Record<string, string>;
    columns: string[];
    /** Absent where there are none. */
    values?: (string | number | boolean | null)[][];
  }[];
}

/** All versions answer so to a write that is stored. */
const STORED = 204;

/**
 * Line protocol in, InfluxQL out, over the client library's transport. Its `WriteApi` buffer is not
 * used: `flush()` does not wait for batches in flight, and failed ones are dropped on close.
 */
export class InfluxClient {
  readonly #open: (tls: ClientTls | undefined) => Transport;
  readonly #tls: ClientTls | undefined;
  #transport: { readonly transport: Transport; readonly tls: ClientTls | undefined };
  readonly #database: string;
  readonly #api: InfluxApi;
  readonly #writePath: string;
  readonly #queryPath: string;
  readonly #headers: Record<string, string>;

  constructor(target: InfluxTarget, timeoutMs = 10_000) {
    const url = new URL(target.url);
    this.#headers = authorization(target, url);
    this.#open = (tls) =>
      new InfluxDB({
        ...{ url: url.origin, timeout: timeoutMs },
        ...(tls ? { transportOptions: tls } : {}),
      }).transport;
    this.#tls = url.protocol === "https:" ? target.tls : undefined;
    this.#transport = { transport: this.#open(this.#tls), tls: this.#tls && { ...this.#tls } };
    this.#database = target.database;
    this.#api = target.api ?? "v1";
    const named = encodeURIComponent(target.database);
    const org = encodeURIComponent(target.org ?? "");
    this.#queryPath = `/query?db=${named}`;
    this.#writePath =
      this.#api === "v1"
        ? `/write?db=${named}&precision=ns`
        : `/api/v2/write?org=${org}&bucket=${named}&precision=ns`;
  }

  /**
   * Resolves once InfluxDB acknowledged every line.
   * @param lines line protocol with nanosecond timestamps.
   * @param policy of a 1.x, if not the default one.
   * @throws AppError `INFLUX_REFUSED` (disposition reject: some line is bad, 400, 413 or 422),
   *   `INFLUX_REFUSED` (fatal configuration: 401, 403, 404, or somebody else answers) or
   *   `INFLUX_UNAVAILABLE` (retry).
   */
  async write(lines: readonly string[], policy?: string): Promise<void> {
    const to = policy === undefined ? "" : `&rp=${encodeURIComponent(policy)}`;
    const { status } = await this.#send(`${this.#writePath}${to}`, "POST", lines.join("\n"));
    if (status === STORED) return;
    const what = `answered ${status} to a write, not ${STORED}: is it an InfluxDB?`;
    throw new AppError("INFLUX_REFUSED", "fatal", `SKERRY_INFLUX_URL ${what}`);
  }

  /** Resolves if InfluxDB answers at all. @throws AppError `INFLUX_UNAVAILABLE` (retry), as `write` does. */
  async ping(): Promise<void> {
    await this.#send("/ping", "GET", "").catch(waitedFor);
  }

  /**
   * Runs one InfluxQL statement; each row carries its columns and its group's tags.
   * @throws AppError `INFLUX_REFUSED` (reject) for a statement that no other try would make right, else
   *   `INFLUX_UNAVAILABLE` (retry): a configuration that refuses reading is waited for. A result that
   *   InfluxDB has cut short is refused, too: nobody could tell what is missing.
   */
  async query(statement: string): Promise<Row[]> {
    const path = `${this.#queryPath}&q=${encodeURIComponent(statement)}`;
    const { body } = await this.#send(path, "GET", "").catch(waitedFor);
    return rowsOf(body);
  }

  /**
   * Runs one statement that changes something, or that an administrator asks. It is not in the URL, which a log may
   * have: it may hold a password.
   * @throws AppError as `write` does, and `INFLUX_REFUSED` or `INFLUX_UNAVAILABLE` with the words of InfluxDB.
   */
  async execute(statement: string): Promise<Row[]> {
    const form = new URLSearchParams({ q: statement }).toString();
    const { body } = await this.#send(
      this.#queryPath,
      "POST",
      form,
      "application/x-www-form-urlencoded",
    );
    return rowsOf(body);
  }

  /**
   * Resolves to a sentence on what does not work with this InfluxDB, or null.
   * @throws AppError `INFLUX_REFUSED` (fatal) for a 3.x, `INFLUX_UNAVAILABLE` (retry).
   */
  async join(): Promise<string | null> {
    const { version } = await this.#send("/ping", "GET", "");
    if (IS_NEWER.test(version)) throw new AppError("INFLUX_REFUSED", "fatal", newer(version));
    if (this.#api === "v1") return null;
    return this.query("SHOW MEASUREMENTS LIMIT 1").then(
      () => null,
      (error: unknown) =>
        error instanceof AppError && [400, 401, 403, 404].includes(refusalStatus(error.cause) ?? 0)
          ? unmapped(this.#database, messageOf(error))
          : null,
    );
  }

  /** Whether it has retention policies: a bucket has none. */
  get hasPolicies(): boolean {
    return this.#api === "v1";
  }

  /**
   * Creates a 1.x database unless it exists; retrying is safe. A bucket is the operator's to make.
   * @returns false if this user may not: it is an administrator's to make.
   */
  async createDatabase(): Promise<boolean> {
    if (this.#api !== "v1") return true;
    try {
      await this.execute(`CREATE DATABASE ${quoteName(this.#database)}`);
      return true;
    } catch (error) {
      if (refusalStatus(error) === FORBIDDEN) return false;
      throw error;
    }
  }

  /** The library keeps what it was told: files that were renewed are a transport of their own. */
  #transportNow(): Transport {
    const tls = this.#tls && { ...this.#tls };
    if (!isSameTls(tls, this.#transport.tls)) this.#transport = { transport: this.#open(tls), tls };
    return this.#transport.transport;
  }

  async #send(
    path: string,
    method: string,
    content: string,
    contentType = "text/plain; charset=utf-8",
  ): Promise<{ status: number; body: unknown; version: string }> {
    let [status, version] = [0, ""];
    const headers = { ...this.#headers, "content-type": contentType };
    const started = (of: Headers, code = 0): void => {
      status = code;
      version = [of["x-influxdb-version"] ?? ""].flat()[0] ?? "";
    };
    try {
      const options = { method, headers };
      const body: unknown = await this.#transportNow().request(path, content, options, started);
      return { status, body, version };
    } catch (error) {
      throw toAppError(error);
    }
  }
}

function rowsOf(body: unknown): Row[] {
  const { results } = (body ?? {}) as QueryResponse;
  if (!Array.isArray(results))
    throw new AppError("INFLUX_UNAVAILABLE", "retry", "InfluxDB: the answer has no results");
  const [result] = results;
  if (result?.error) throw queryError(result.error);
  if (result && isCutShort(result)) throw new AppError("INFLUX_REFUSED", "reject", CUT_SHORT);
  return (result?.series ?? []).flatMap(({ columns, values = [], tags }) =>
    values.map((row) => ({
      ...tags,
      ...Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])),
    })),
  );
}

const IS_NEWER = /^v?([3-9]|\d{2,})\./;

const newer = (version: string): string =>
  `InfluxDB ${version} is not supported, and nothing is written to it: a point that is written again, as rollups are each second, may keep its old values there. Take 1.x (1.6 or newer) or 2.x, or SKERRY_SINK=file`;

const unmapped = (bucket: string, why: string): string =>
  `InfluxDB takes writes, but cannot be asked (${why}): without that late readings change no rollup, there are none of hours and days, and log and store are not compared. ` +
  `The token has to read the bucket ${bucket}, and a database of that name has to be mapped to it: influx v1 dbrp create --db ${bucket} --rp autogen --default --bucket-id ID`;

const FORBIDDEN = 403;

/** The HTTP status with which InfluxDB refused; null if it did not. */
export const refusalStatus = (error: unknown): number | null =>
  error instanceof AppError && error.cause instanceof HttpError ? error.cause.statusCode : null;

function authorization({ token }: InfluxTarget, url: URL): Record<string, string> {
  if (token) return { authorization: `Token ${token}` };
  if (url.username === "" && url.password === "") return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

/** InfluxDB gathers rows in chunks of this many. */
const CHUNK_ROWS = 10_000;

/**
 * A series that came in several chunks says `partial` though all of them are there (seen with 1.6.7); if only the
 * first one is, a limit of the server of just its size kept the others back.
 */
function isCutShort({ partial, series = [] }: QueryResult): boolean {
  if (partial) return true;
  const rows = series.reduce((sum, { values = [] }) => sum + values.length, 0);
  return rows <= CHUNK_ROWS && series.some((one) => one.partial);
}

const CUT_SHORT = "InfluxDB cuts results short: set max-row-limit of its [http] section to 0";

/** A statement that cannot be parsed, or asks for more than is allowed, always will; a busy engine passes. */
const queryError = (detail: string): AppError =>
  /error parsing query|^max-select-/.test(detail)
    ? new AppError("INFLUX_REFUSED", "reject", detail)
    : new AppError("INFLUX_UNAVAILABLE", "retry", `InfluxDB: ${detail}`);

/** Somebody has to act before a configuration is right, and nothing else has to start again for it. */
function waitedFor(error: AppError): never {
  const isReady = error.disposition !== "fatal";
  throw isReady
    ? error
    : new AppError("INFLUX_UNAVAILABLE", "retry", error.message, { cause: error });
}

/** An InfluxQL string literal. */
export const quote = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;

/** An InfluxQL identifier. */
export const quoteName = (name: string): string =>
  `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

/** InfluxDB says what is wrong in JSON; a proxy, or a server that wants TLS, does not. */
const isInfluxAnswer = ({ body = "" }: HttpError): boolean => body.trimStart().startsWith("{");

const reasonOf = (error: unknown): string =>
  `${messageOf(error)}${trustHint(error, "SKERRY_INFLUX")}`;

/** Words of the error after a request that was given up. */
export const UNANSWERED = "InfluxDB has not answered in time";

function toAppError(error: unknown): AppError {
  if (error instanceof HttpError) {
    const detail = `InfluxDB answered ${error.statusCode}: ${error.body ?? error.message}`;
    const isVerdict = error.statusCode === 413 || isInfluxAnswer(error);
    if ([400, 413, 422].includes(error.statusCode) && isVerdict)
      return new AppError("INFLUX_REFUSED", "reject", detail, { cause: error });
    if ([400, 401, 403, 404, 422].includes(error.statusCode))
      return new AppError("INFLUX_REFUSED", "fatal", detail, { cause: error });
    return new AppError("INFLUX_UNAVAILABLE", "retry", detail, { cause: error });
  }
  const what = error instanceof RequestTimedOutError ? UNANSWERED : `InfluxDB: ${reasonOf(error)}`;
  return new AppError("INFLUX_UNAVAILABLE", "retry", what, { cause: error });
}
