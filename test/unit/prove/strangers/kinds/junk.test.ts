// Goal: each kind of junk is what its name says: the gateway's own admission refuses it for the reason that the proof expects.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseMappings } from "../../../../../contracts/mapping.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { admit } from "../../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../../gateway/ingest/mapping.ts";
import { outcomeOf } from "../../../../../gateway/ingest/outcome.ts";
import { JUNK } from "../../../../prove/strangers/kinds/junk.ts";

const table: unknown = JSON.parse(readFileSync("infra/mappings/examples.json", "utf8"));
const rules = {
  catalog: loadCatalog(SCHEMAS_DIRECTORY),
  partitions: 8,
  ageMaxMs: undefined,
  mapper: new Mapper(parseMappings(table)),
};
const NOW = Date.UTC(2026, 0, 1);

test.each(Object.keys(JUNK))("%s", (name) => {
  const { topic, payload, reason } = JUNK[name]!(7, NOW);
  const arrival = {
    topic,
    payload: Buffer.from(payload),
    receivedAtMs: NOW,
    traceparent: null,
    sender: null,
  };
  const { readings, rejects } = outcomeOf(admit(rules, arrival));
  expect({ readings, reasons: rejects.map((one) => one.reason) }).toEqual({
    readings: [],
    reasons: [reason],
  });
});

test("no two pieces of junk are equal, which the proof could not tell apart", () => {
  const all = Array.from({ length: 200 }, (_, n) =>
    Object.values(JUNK).map((make) => {
      const { topic, payload } = make(n, NOW + n);
      return `${topic} ${Buffer.from(payload).toString("base64")}`;
    }),
  ).flat();
  expect(new Set(all).size).toBe(all.length);
});
