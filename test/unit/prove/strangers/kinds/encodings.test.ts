// Goal: each encoding of a stranger is the reading that the proof expects, and each junk is refused for the reason that it expects.
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { admit } from "../../../../../gateway/ingest/admit.ts";
import { outcomeOf } from "../../../../../gateway/ingest/outcome.ts";
import {
  ENCODED_JUNK,
  ENCODINGS,
  takesSeveral,
} from "../../../../prove/strangers/kinds/encodings.ts";

const rules = { catalog: loadCatalog(SCHEMAS_DIRECTORY), partitions: 8, ageMaxMs: undefined };
const NOW = Date.UTC(2026, 0, 1);

const outcome = (contentType: string, payload: Buffer | string) =>
  outcomeOf(
    admit(rules, {
      ...{ topic: "devices/d/telemetry/machine", contentType, payload: Buffer.from(payload) },
      ...{ receivedAtMs: NOW, traceparent: null, sender: null },
    }),
  );

test.each(Object.keys(ENCODED_JUNK))("%s", (name) => {
  const { contentType, payload, reason } = ENCODED_JUNK[name]!(7);
  const { readings, rejects } = outcome(contentType, payload);
  expect([readings, rejects.map((one) => one.reason)]).toEqual([[], [reason]]);
});

test.each(Object.keys(ENCODINGS))("%s is good readings", (contentType) => {
  const of = [1, 2].map((n) => ({ ts: NOW - n, temperature: n / 4 }));
  const { readings, rejects } = outcome(contentType, ENCODINGS[contentType]!(of));
  expect([readings.length, rejects]).toEqual([takesSeveral(contentType) ? 2 : 1, []]);
});

test("no two pieces of junk are equal, which the proof could not tell apart", () => {
  const all = Object.values(ENCODED_JUNK).flatMap((make) =>
    [1, 2, 200, 70_000].map((n) => Buffer.from(make(n).payload).toString("base64")),
  );
  expect(new Set(all).size).toBe(all.length);
});
