import fc from "fast-check";
import { expect, test } from "vitest";
import { readSeries, seriesOf } from "../../../../../cloud/console/series/read-series.ts";
import type { InfluxClient } from "../../../../../cloud/sinks/influx/client.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";

const [contract] = loadCatalog(SCHEMAS_DIRECTORY).versions("environment");

/** Statements that an InfluxDB without any series is asked. */
async function asked(work: (influx: InfluxClient) => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const query = (statement: string) => {
    statements.push(statement);
    return Promise.resolve([]);
  };
  await work({ query } as unknown as InfluxClient);
  return statements;
}

/** A statement without its literals: names, texts, patterns. */
const skeleton = (statement: string): string =>
  statement
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, "N")
    .replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "T")
    .replaceAll(/\/(?:[^/\\\n]|\\.)*\//g, "P");

const hostile = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.string({ unit: fc.constantFrom("/", "\\", "'", '"', "\n", " ", ";", "x"), minLength: 1 }),
);

test("whatever is searched for or named as a tag stays a literal of the statement", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (search, value) => {
      const [list] = await asked((influx) =>
        seriesOf(influx, contract!, { search, region: value, limit: 5 }),
      );
      expect(skeleton(list!)).toBe("SHOW SERIES FROM N WHERE N =~ P AND N = T LIMIT 5");
      const span = { fromMs: 0, untilMs: 10, source: "raw", stepMs: 0, pointsMax: 5 } as const;
      const tags = { [search]: value };
      const [data] = await asked((influx) =>
        readSeries(influx, { contract: contract!, field: "co2", tags, ...span }),
      );
      expect(skeleton(data!)).toBe(
        "SELECT N AS N FROM N WHERE N = T AND time >= 0ms AND time < 10ms LIMIT 5",
      );
    }),
  );
});
