import { HttpError, InfluxDB, type Transport } from "@influxdata/influxdb-client";
import { AppError, messageOf } from "../runtime/errors.ts";

export interface InfluxTarget {
  /** `http://host:port`, with credentials if the server asks for them. */
  url: string;
  database: string;
}

/** A row of an InfluxQL result; times are RFC 3339 strings, because ns do not fit a JSON number. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

interface QueryResponse {
  results: {
    error?: string;
    series?: {
      tags?: Record<string, string>;
      columns: string[];
      values: (string | number | boolean | null)[][];
    }[];
  }[];
}

/**
 * Line protocol in, InfluxQL out, over the client library's transport. Its `WriteApi` buffer is not
 * used: `flush()` does not wait for batches in flight, and failed ones are dropped on close.
 */
export class InfluxClient {
  readonly #transport: Transport;
  readonly #database: string;
  readonly #headers: Record<string, string>;

  constructor(target: InfluxTarget, timeoutMs = 10_000) {
    const url = new URL(target.url);
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    this.#headers =
      credentials === ":"
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    this.#transport = new InfluxDB({ url: url.origin, timeout: timeoutMs }).transport;
    this.#database = target.database;
  }

  /**
   * Resolves once InfluxDB acknowledged every line.
   * @param lines line protocol with nanosecond timestamps.
   * @throws AppError `INFLUX_REFUSED` (disposition reject: some line is bad, 400, 413 or 422),
   *   `INFLUX_REFUSED` (fatal configuration: 401, 403, 404) or `INFLUX_UNAVAILABLE` (retry).
   */
  async write(lines: readonly string[]): Promise<void> {
    const path = `/write?db=${encodeURIComponent(this.#database)}&precision=ns`;
    await this.#send(path, "POST", lines.join("\n"));
  }

  /** Runs one InfluxQL statement; each row carries its columns and its group's tags. */
  async query(statement: string): Promise<Row[]> {
    const path = `/query?db=${encodeURIComponent(this.#database)}&q=${encodeURIComponent(statement)}`;
    const response = (await this.#send(path, "GET", "")) as QueryResponse;
    const [result] = response.results;
    if (result?.error) throw new AppError("INFLUX_REFUSED", "fatal", result.error);
    return (result?.series ?? []).flatMap(({ columns, values, tags }) =>
      values.map((row) => ({
        ...tags,
        ...Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])),
      })),
    );
  }

  /** Creates the database unless it exists; retrying is safe. */
  async createDatabase(): Promise<void> {
    const statement = `CREATE DATABASE "${this.#database}"`;
    await this.#send(`/query?q=${encodeURIComponent(statement)}`, "POST", "");
  }

  async #send(path: string, method: string, body: string): Promise<unknown> {
    try {
      return (await this.#transport.request(path, body, {
        method,
        headers: { ...this.#headers, "content-type": "text/plain; charset=utf-8" },
      })) as unknown;
    } catch (error) {
      throw toAppError(error);
    }
  }
}

/** An InfluxQL string literal. */
export const quote = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function toAppError(error: unknown): AppError {
  if (error instanceof HttpError) {
    const detail = `InfluxDB answered ${error.statusCode}: ${error.body ?? error.message}`;
    if ([400, 413, 422].includes(error.statusCode))
      return new AppError("INFLUX_REFUSED", "reject", detail, { cause: error });
    if ([401, 403, 404].includes(error.statusCode))
      return new AppError("INFLUX_REFUSED", "fatal", detail, { cause: error });
    return new AppError("INFLUX_UNAVAILABLE", "retry", detail, { cause: error });
  }
  return new AppError("INFLUX_UNAVAILABLE", "retry", `InfluxDB: ${messageOf(error)}`, {
    cause: error,
  });
}
