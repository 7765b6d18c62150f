// A table is tried without a gateway, by what a gateway does.
import { join } from "node:path";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { loadMappings } from "../../../../../gateway/ingest/load-mappings.ts";
import { tryMapping } from "../../../../../cloud/operations/mappings/try-mapping.ts";

const table = loadMappings(
  join(import.meta.dirname, "../../../../../infra/mappings/examples.json"),
);
const NOW_MS = Date.UTC(2026, 0, 31, 12);
const run = (topic: string, payload: string) =>
  tryMapping(table, loadCatalog(SCHEMAS_DIRECTORY), {
    topic,
    payload: Buffer.from(payload),
    receivedAtMs: NOW_MS,
  });

test("readings are shown with their time, and with what they lack", () => {
  expect(run("zigbee2mqtt/th1", '{"temperature":21.4,"battery":255}')).toEqual({
    isRefused: false,
    lines: [
      'reading   th1  climate v2  2026-01-31T12:00:00.000Z  {"temperature":21.4}',
      "  left out  /battery must be <= 100",
    ],
  });
});

test("what is refused is shown with its reason and its mapping", () => {
  expect(run("sensors/a/level", '"high"')).toEqual({
    isRefused: true,
    lines: ['reject    contract_violation  mapping "plain-number"  /value must be number'],
  });
  expect(run("nowhere", "1").lines).toEqual([
    'reject    unmapped_topic  topic "nowhere" carries no telemetry',
  ]);
  const batch = run(
    "batches/a",
    `{"readings":[{"t":${NOW_MS / 1000},"v":1},{"t":"\\u0007","v":2}]}`,
  );
  expect(batch.isRefused).toBe(true);
  expect(batch.lines.at(-1)).toContain('unmappable  mapping "batch"  elements 1  ');
});
