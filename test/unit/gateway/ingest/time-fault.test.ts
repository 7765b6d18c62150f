// The refusal of a time says what would be right, in words.
import { expect, test } from "vitest";
import { Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const NOW_MS = Date.UTC(2026, 10, 26, 18);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const iso = (ms: number): string => new Date(ms).toISOString();

const send = (ts: unknown, over = catalog) =>
  admit(
    { catalog: over, partitions: 4, ageMaxMs: undefined },
    {
      topic: "devices/m/telemetry/machine",
      payload: Buffer.from(JSON.stringify({ ts, temperature: 20 })),
      receivedAtMs: NOW_MS,
      traceparent: null,
      sender: null,
    },
  );

test.each([
  [NOW_MS - 8 * DAY_MS, "clock_behind", "/ts is 8 days old; the limit is 7 days"],
  [NOW_MS - 7 * DAY_MS - 1, "clock_behind", "/ts is 7 days 1 hour old; the limit is 7 days"],
  [
    NOW_MS / 1000,
    "clock_behind",
    `/ts is 56.9 years old; the limit is 7 days: ${NOW_MS / 1000} looks like seconds; this contract takes milliseconds`,
  ],
  [
    NOW_MS / 1000 + 0.5,
    "contract_violation",
    `/ts must be integer,string: ${NOW_MS / 1000 + 0.5} looks like seconds; this contract takes milliseconds`,
  ],
  [
    12_345,
    "clock_behind",
    "/ts is 57 years old; the limit is 7 days: the device's clock does not seem to be set",
  ],
  [
    NOW_MS + 5 * 60_000 + 1,
    "clock_ahead",
    "/ts is 5 minutes 1 second ahead; the limit is 5 minutes",
  ],
  [
    iso(NOW_MS + 2 * HOUR_MS - 900),
    "clock_ahead",
    "/ts is 2 hours ahead; the limit is 5 minutes: this looks like local time that is told as UTC",
  ],
  [
    NOW_MS * 1000,
    "clock_ahead",
    `${NOW_MS * 1000} looks like microseconds; this contract takes milliseconds`,
  ],
  [
    NOW_MS * 1_000_000,
    "contract_violation",
    "looks like nanoseconds; this contract takes milliseconds",
  ],
  [NOW_MS + 0.5, "contract_violation", "send a whole number, or ISO 8601"],
  [
    "2026-11-26 18:00:00",
    "contract_violation",
    '/ts is not a time: "2026-11-26 18:00:00" says no zone: add Z or an offset such as +01:00',
  ],
  ["2026-02-30T12:00:00Z", "contract_violation", "February 2026 has 28 days"],
  ["2026-11-26T25:00:00Z", "contract_violation", "has an hour 25"],
  [
    String(NOW_MS),
    "contract_violation",
    "is text: send epoch milliseconds as a number, or ISO 8601",
  ],
  ["soon", "contract_violation", '"soon" is not ISO 8601, such as 2026-01-31T12:00:00Z'],
])("%s: %s, %s", (ts, reason, detail) => {
  const admission = send(ts);
  expect(admission).toMatchObject({ kind: "reject", reason });
  expect(admission.kind === "reject" && admission.detail).toContain(detail);
  expect(admission.kind === "reject" && admission.detail).not.toMatch(/\d ms\b/);
});

test("everything that a contract's ISO 8601 promises is taken", () => {
  for (const ts of [
    "2026-11-26T18:00:00Z",
    "2026-11-26T18:00Z",
    "2026-11-26T18:00:00,5Z",
    "2026-11-26T18:00:00.123456789Z",
    "2026-11-26T19:00:00+01",
    "2026-11-26T19:00:00+0100",
    "2026-11-26T19:00:00+01:00",
    "2026-11-26T24:00:00+06",
  ])
    expect(send(ts)).toMatchObject({ kind: "reading" });
});

test("fractions of a millisecond are taken where the contract takes numbers", () => {
  const schema = {
    type: "object",
    properties: {
      ts: { type: "number", "x-role": "time" },
      temperature: { type: "number", "x-role": "field" },
    },
  };
  const machine = compileContract({ name: "machine", version: 1 }, schema);
  expect(send(NOW_MS + 0.5, new Catalog([machine]))).toMatchObject({ kind: "reading" });
});
