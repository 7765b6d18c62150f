import { expect, test } from "vitest";
import { NotedFields } from "../../../../gateway/ingest/noted-fields.ts";

const note = { field: "battery", how: "left_out", detail: "/battery must be <= 100" } as const;

function start() {
  const lines: object[] = [];
  const noted = new NotedFields({ warn: (line: object) => void lines.push(line) } as never);
  return { noted, lines };
}

test("what is left out is counted by device and field, and logged once for each", () => {
  const { noted, lines } = start();
  for (let n = 0; n < 3; n++) noted.add({ device: "a", notes: [note] });
  noted.add({ device: "b", notes: [note, { ...note, field: "humidity", how: "clamped" }] });
  expect(noted.totals).toEqual({ left_out: 4, clamped: 1, arrival_time: 0 });
  expect(noted.status.fields[0]).toEqual({ device: "a", ...note, count: 3 });
  expect(noted.status.fields).toHaveLength(3);
  expect(lines).toHaveLength(3);
});

test("devices without number do not fill the memory or the log (F1)", () => {
  const { noted, lines } = start();
  for (let n = 0; n < 5_000; n++) noted.add({ device: `d${n}`, notes: [note] });
  expect(noted.totals.left_out).toBe(5_000);
  expect(noted.status.more).toBe(4_000);
  expect(noted.status.fields.length).toBeLessThanOrEqual(50);
  expect(lines).toHaveLength(1_000);
});
