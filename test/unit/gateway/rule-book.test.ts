import { pino } from "pino";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/catalog.ts";
import type { FrameReading } from "../../../contracts/frame.ts";
import type { Rule } from "../../../contracts/rule.ts";
import { LaneRules } from "../../../gateway/alerting/evaluate.ts";
import { RuleBook } from "../../../gateway/alerting/rule-book.ts";

const rule = (id: string, version = 1, above = 1_000): Rule => ({
  id,
  version,
  kind: "threshold",
  contract: "environment",
  field: "co2",
  above,
  forMs: 0,
  clearBelow: above - 100,
});

const entry = (id: string, value: unknown) => ({
  subject: `$KV.rules.${id}`,
  data: value === null ? new Uint8Array() : Buffer.from(JSON.stringify(value)),
});

const reading = (co2: number, ts: number): FrameReading => ({
  device: "room",
  contract: "environment",
  version: 1,
  receivedAtMs: ts,
  traceparent: null,
  payload: { ts, seq: ts, temperature: 20, humidity: 40, light: 1, co2, occupancy: 1 },
});

test("a saved rule replaces a configured one; deleted, that is back; what is unusable changes nothing", () => {
  const book = new RuleBook([rule("a"), rule("b")], pino({ level: "silent" }));
  book.apply(entry("a", rule("a", 2)));
  book.apply(entry("c", rule("c")));
  const ids = () => book.rules.map(({ id, version }) => `${id}${version}`).sort();
  expect(ids()).toEqual(["a2", "b1", "c1"]);
  const before = book.rules;
  book.apply(entry("a", { ...rule("a", 3), above: "high" }));
  book.apply(entry("b", rule("another")));
  expect(book.rules).toBe(before);
  book.apply(entry("a", null));
  expect(ids()).toEqual(["a1", "b1", "c1"]);
});

test("a changed or deleted rule resolves what it raised and begins anew; the others keep their state", () => {
  const lane = new LaneRules(
    { region: "eu", partition: 0 },
    loadCatalog(SCHEMAS_DIRECTORY),
    new Map(),
    new Map(),
  );
  const behind = (seq: number) => ({ seq, index: 9 });
  expect(lane.update([rule("a"), rule("b"), rule("c")], behind(0), 0)).toEqual([]);
  const raised = lane.evaluate(reading(2_000, 1_000), { seq: 1, index: 0 });
  expect(raised.map(({ rule: id, state }) => `${id} ${state}`)).toEqual([
    "a firing",
    "b firing",
    "c firing",
  ]);
  const ended = lane.update([rule("a"), rule("b", 2, 1_500)], behind(1), 5_000);
  expect(ended.map(({ rule: id, state, id: alert }) => [id, state, alert])).toEqual([
    ["b", "resolved", raised[1]!.id],
    ["c", "resolved", raised[2]!.id],
  ]);
  expect(ended[0]!.message).toContain("changed");
  expect(ended[1]!.message).toContain("deleted");
  // Rule a has raised its alert already; rule b is another one now.
  const next = lane.evaluate(reading(2_000, 2_000), { seq: 2, index: 0 });
  expect(next.map(({ rule: id, state }) => `${id} ${state}`)).toEqual(["b firing"]);
  const cleared = lane.evaluate(reading(100, 3_000), { seq: 3, index: 0 });
  expect(cleared.map(({ rule: id, state }) => `${id} ${state}`)).toEqual([
    "a resolved",
    "b resolved",
  ]);
});
