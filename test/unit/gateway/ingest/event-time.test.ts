import { describe, expect, test } from "vitest";
import type { TimeMapping } from "../../../../contracts/mapping-format.ts";
import { Work } from "../../../../gateway/ingest/mapped-scope.ts";
import { MappedTime } from "../../../../gateway/ingest/event-time.ts";

const NOW_MS = Date.UTC(2026, 6, 15, 10, 0, 5);
const read = (value: unknown, mapping: Omit<TimeMapping, "pointer">) =>
  new MappedTime({ pointer: "/t", ...mapping }).read(
    {
      scopes: [{ value: value === undefined ? {} : { t: value }, index: -1 }],
      named: () => undefined,
      clientId: undefined,
      work: new Work(),
    },
    NOW_MS,
  );
const TEN_MS = Date.UTC(2026, 6, 15, 10);

const berlin: Omit<TimeMapping, "pointer"> = { format: "iso8601", zone: "Europe/Berlin" };

test.each([
  ["2026-07-15T12:00:00", berlin],
  ["2026-07-15 12:00:00,0", berlin],
  [" 2026-07-15T12:00 ", berlin],
  ["2026-07-15T10:00:00Z", berlin],
  ["2026-07-15T11:00:00+01", berlin],
  ["2026-07-15T10:00:00Z", { format: ["epoch_s", "iso8601"] }],
  [TEN_MS / 1000, { format: ["iso8601", "epoch_s"] }],
  [String(TEN_MS / 1000), { format: "epoch_s" }],
  [`${TEN_MS}000000`, { format: "epoch_ns" }],
] satisfies [unknown, Omit<TimeMapping, "pointer">][])(
  "%s by %j is ten o'clock",
  (value, mapping) => {
    expect(read(value, mapping)).toEqual({
      kind: "time",
      ms: TEN_MS,
      isArrival: false,
      isStamped: false,
    });
  },
);

describe("a clock that is not set", () => {
  const fallback = "arrival";
  test.each([
    ["1970-01-01T00:00:07", { ...berlin, fallback }],
    ["2000-01-01T00:03:00", { ...berlin, fallback }],
    ["0000-00-00T00:00:00", { ...berlin, fallback }],
    [0, { format: "epoch_s", fallback }],
    [86_412, { format: "epoch_s", fallback }],
    ["0", { format: "epoch_ms", fallback }],
  ] satisfies [unknown, Omit<TimeMapping, "pointer">][])(
    "%s: arrival counts, and it is told",
    (value, mapping) => {
      expect(read(value, mapping)).toEqual({
        kind: "time",
        ms: NOW_MS,
        isArrival: true,
        isStamped: true,
      });
    },
  );

  test("is no excuse for a wrong unit, an impossible time of today, or nothing", () => {
    for (const value of [TEN_MS / 1000, undefined, "soon"])
      expect(read(value, { format: "epoch_ms", fallback }).kind).toBe("fault");
    for (const value of ["2026-02-30T12:00:00", "2026-07-15T25:00:00", ""])
      expect(read(value, { ...berlin, fallback }).kind).toBe("fault");
  });

  test("is a time like any other where the mapping does not say so", () => {
    expect(read(7, { format: "epoch_s" })).toMatchObject({ kind: "time", ms: 7000 });
  });
});

test.each([
  [
    TEN_MS / 1000,
    { format: "epoch_ms" },
    `${TEN_MS / 1000} looks like seconds; the mapping says milliseconds (epoch_ms)`,
  ],
  [
    TEN_MS,
    { format: "epoch_s" },
    `${TEN_MS} looks like milliseconds; the mapping says seconds (epoch_s)`,
  ],
  [String(TEN_MS), { format: "epoch_s" }, "looks like milliseconds"],
  [TEN_MS / 1000, berlin, `${TEN_MS / 1000} looks like seconds; the mapping says iso8601`],
  [`${TEN_MS}000000`, berlin, "looks like nanoseconds; the mapping says iso8601"],
  [
    "2026-07-15T12:00:00",
    { format: "iso8601" },
    'says no zone; give the mapping a "zone", such as "Europe/Berlin"',
  ],
  ["2026-02-30T12:00:00", berlin, "February 2026 has 28 days"],
  ["2026-07-15T25:00:00Z", berlin, "an hour 25"],
  ["2026-07-15T10:00:00Z", { format: "epoch_s" }, "is ISO 8601; the mapping says epoch_s"],
  ["soon", { format: ["epoch_s", "iso8601"] }, '"soon" is not epoch_s or iso8601'],
  [{ a: "x".repeat(90) }, { format: "epoch_s" }, "is not epoch_s"],
  [null, { format: "epoch_s" }, 'no time at "/t"'],
] satisfies [unknown, Omit<TimeMapping, "pointer">, string][])(
  "%j: the refusal says what would be right",
  (value, mapping, why) => {
    const result = read(value, mapping);
    expect(result).toMatchObject({ kind: "fault" });
    expect(result.kind === "fault" && result.detail).toContain(why);
  },
);
