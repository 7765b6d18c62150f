// What devices of many makers send, against the tables that ship for them, all of which are one table here: no
// entry takes what another maker's devices say.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contractProblems } from "../../../../cloud/operations/mappings/contract-problems.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { loadMappings } from "../../../../gateway/ingest/load-mappings.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";
import { ARRIVAL_MS, readingsOf, shippedCatalog } from "../../../support/mapped.ts";
import { saidReadings } from "../../../support/said-readings.ts";

interface Example {
  /** The table, or the maker for those of others.json. */
  readonly of: string;
  readonly topic: string;
  readonly payload: string;
  readonly clientId?: string;
  readonly readings: readonly string[];
}

const ROOT = join(import.meta.dirname, "../../../..");
const VENDORS = join(ROOT, "infra/mappings/vendors");
const table = loadMappings(VENDORS);
const mapper = new Mapper(table);
const examples = JSON.parse(
  readFileSync(join(ROOT, "test/support/vendor-messages.json"), "utf8"),
) as readonly Example[];

const admitted = ({ topic, payload, clientId = "gateway" }: Example) =>
  admit(
    { catalog: shippedCatalog, partitions: 1, ageMaxMs: undefined, mapper },
    {
      topic,
      payload: Buffer.from(payload),
      receivedAtMs: ARRIVAL_MS,
      traceparent: null,
      sender: { clientId },
    },
  );

test("the tables fit the contracts that ship", () => {
  expect(contractProblems(table, shippedCatalog)).toEqual([]);
});

test.each(examples.map((one) => [one.of, one.topic, one] as const))(
  "%s: %s",
  (_of, _topic, one) => {
    expect(saidReadings(admitted(one))).toEqual(one.readings);
  },
);

test("every table has examples, and more than twenty makers without a table of their own have, too", () => {
  const files = readdirSync(VENDORS).map((name) => name.replace(/\.json$/, ""));
  const makers = new Set(examples.map(({ of }) => of));
  for (const file of files) if (file !== "others") expect(makers).toContain(file);
  const others = [...makers].filter((maker) => !files.includes(maker));
  expect(others.length).toBeGreaterThan(20);
});

test("what a device with a clock sends again is known again; what has none counts by its place", () => {
  for (const one of examples) {
    const isTimed = readingsOf(admitted(one)).map(({ payload }) => payload["ts"] !== undefined);
    expect(
      readingsOf(admitted(one)).map(({ isKnown }) => isKnown),
      one.topic,
    ).toEqual(isTimed);
  }
});
