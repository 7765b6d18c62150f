// Goal: what InfluxDB answers is taken whole, or not at all.
// Method: more rows than one of its chunks holds, from servers with and without a limit.
import { expect, test } from "vitest";
import type { AppError } from "../../platform/runtime/errors.ts";
import { startInflux } from "../support/influx.ts";

const ROWS = 25_000;

const asked = async (maxRowLimit: number, statement: string): Promise<number | string> => {
  const limit = { INFLUXDB_HTTP_MAX_ROW_LIMIT: String(maxRowLimit) };
  await using influx = await startInflux(limit);
  const client = influx.client();
  await client.createDatabase();
  const lines = Array.from({ length: ROWS }, (_, at) => `m,d=${at % 2} v=${at} ${at}000000`);
  for (let at = 0; at < ROWS; at += 5_000) await client.write(lines.slice(at, at + 5_000));
  return await client.query(statement).then(
    ({ length }) => length,
    ({ disposition, message }: AppError) => `${disposition}: ${message}`,
  );
};

test.each(["SELECT * FROM m", "SELECT v FROM m GROUP BY d"])(
  "of more rows than a chunk holds, each is there: %s",
  async (statement) => {
    expect(await asked(0, statement)).toBe(ROWS);
  },
);

test.each([5_000, 10_000, 12_000])(
  "a server that gives no more than %i rows is told of, and its answer is none",
  async (limit) => {
    expect(await asked(limit, "SELECT * FROM m")).toMatch(/^reject: .*max-row-limit/);
  },
);
