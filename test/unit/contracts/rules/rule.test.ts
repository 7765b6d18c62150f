import { describe, expect, test } from "vitest";
import { Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../../contracts/rules/compile-rule.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { compileExpression } from "../../../../contracts/rules/expression.ts";
import { type Rule, parseRule, parseRules } from "../../../../contracts/rules/rule.ts";
import { SilenceWindow, silencedUntil } from "../../../../contracts/rules/silence.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const base = { id: "r", version: 1, contract: "environment" };
const threshold = { ...base, kind: "threshold", when: "co2 > 1000" };
const joined = {
  ...{ id: "r", version: 1, kind: "composite" },
  contracts: { room: "environment", meter: "energy" },
  when: "room.co2 > 1 && meter.power > 1",
};
const compile = (rule: object) => compileRule(parseRule(rule), catalog);

describe("what is wrong with a rule is said, and where", () => {
  test.each<[object, string]>([
    [{ ...threshold, kind: "treshold" }, "/kind must be one of threshold, composite"],
    [{ ...threshold, when: undefined, wehn: "co2 > 1" }, "must have required property 'when'"],
    [{ ...threshold, wehn: "co2 > 1" }, "/wehn is unknown"],
    [{ ...threshold, for: "10 seconds" }, "/for must be a duration such as 30s, 5m or 2h"],
    [{ ...threshold, lateAfter: "late" }, "/lateAfter must be a duration such as 30s, 5m or 2h"],
    [
      { ...base, kind: "absence", for: "1m", lateAfter: "1m" },
      "/lateAfter: a silence ends when a reading arrives, however old it is",
    ],
    [{ ...threshold, id: "rule_disabled" }, '/id must match format "rule-id"'],
    [
      { ...threshold, severity: "bad" },
      "/severity must be equal to one of the allowed values: info",
    ],
    [{ ...threshold, version: 0 }, "/version must be >= 1"],
    [
      { ...threshold, contract: "envronment" },
      'contract "envronment" is unknown; there are climate',
    ],
    [
      { ...threshold, when: "co2 > 1 && co3 > 1" },
      "/when: line 1, column 12: Unknown variable: co3",
    ],
    [
      { ...threshold, when: 'co2 > "high"' },
      "/when: line 1, column 1: no such overload: double > string",
    ],
    [{ ...threshold, when: "co2 >" }, "/when: line 1, column 6: Unexpected token: EOF"],
    [{ ...threshold, when: "co2" }, "/when: is a double, not a bool: co2"],
    [
      { ...threshold, clear: "co2 <\n 9 &&\n x > 1" },
      "/clear: line 3, column 2: Unknown variable: x",
    ],
    [
      { ...threshold, when: 'device.matches("(?=a)")' },
      "/when: line 1, column 16: error parsing regexp",
    ],
    [{ ...threshold, where: "co3 > 1" }, "/where: line 1, column 1: Unknown variable: co3"],
    [
      { ...threshold, by: ["room"] },
      '/by: "room" is no tag of contract environment; it has no tags',
    ],
    [
      { ...threshold, contract: "measurement", when: "value > 1", by: ["qantity"] },
      '/by: "qantity" is no tag of contract measurement; its tags are quantity, sensor',
    ],
    [{ ...threshold, by: "device" }, "/by must be array"],
    [
      { ...base, contract: "energy", kind: "absence", for: "1m", lost: "1m", by: ["channel"] },
      "/by: connections are devices'",
    ],
    [
      { ...joined, where: { rom: "co2 > 1" } },
      "/where/rom is none of the aliases in /contracts: room, meter",
    ],
    [
      { ...joined, where: { room: "power > 1" } },
      "/where/room: line 1, column 1: Unknown variable: power",
    ],
    [{ ...joined, by: ["channel"] }, '/by: "channel" is no tag of contract environment'],
    [{ ...threshold, silences: [{ cron: "99 * * * *", for: "1h" }] }, 'silence "99 * * * *": '],
    [
      { ...threshold, silences: [{ cron: "0 0 * * *", for: "1h", timezone: "Mars/X" }] },
      'silence "0 0 * * *": ',
    ],
    [
      { ...base, kind: "aggregate", value: "device", over: "1m", having: "avg > 1" },
      "/having: avg needs a number, and device is a string",
    ],
    [
      { ...base, kind: "aggregate", value: "co2", over: "1m", having: "median > 1" },
      "/having: line 1, column 1: Unknown variable: median",
    ],
    [{ ...base, kind: "frequency", over: "0s", moreThan: 2 }, "/over must be longer than 0"],
    [
      {
        id: "r",
        version: 1,
        kind: "composite",
        contracts: { a: "environment" },
        when: "a.co2 > 1",
      },
      "/contracts must NOT have fewer than 2 properties",
    ],
    [
      {
        id: "r",
        version: 1,
        kind: "composite",
        contracts: { a: "environment", b: "energy" },
        when: "a.co2 > 1 && b.co2 > 1",
      },
      "/when: line 1, column 16: No such key: co2",
    ],
  ])("%j", (rule, problem) => {
    expect(() => compile(rule)).toThrow(problem);
  });

  test("a list names the rule, and ids are there once", () => {
    expect(() => parseRules([threshold, { ...threshold, version: "1" }])).toThrow(
      "rule 1: /version must be integer",
    );
    expect(() => parseRules([threshold, threshold])).toThrow('rule 1: id "r" is used twice');
    expect(() => parseRules(threshold)).toThrow("rules must be a JSON array");
  });
});

test("a field that is something else in another version is in no condition: none is right for both", () => {
  const of = (version: number, type: string) =>
    compileContract(
      { name: "pump", version },
      {
        type: "object",
        properties: {
          flow: { type, "x-role": "field" },
          n: { type: "integer", "x-role": "field" },
        },
      },
    );
  const pumps = new Catalog([of(1, "string"), of(2, "number")]);
  const rule = parseRule({
    id: "r",
    version: 1,
    kind: "threshold",
    contract: "pump",
    when: "flow > 1",
  });
  expect(() => compileRule(rule, pumps)).toThrow("Unknown variable: flow");
  expect(compileRule({ ...rule, when: "n > 1" } as Rule, pumps).id).toBe("r");
});

test("matches runs on RE2: what takes a backtracking engine for ever takes no time", () => {
  const evil = compileExpression(
    's.matches("^(a+)+$") || "matches".matches("^m")',
    { s: "string" },
    ["bool"],
  );
  expect(evil.evaluate({ s: "b" })).toBe(true);
  const only = compileExpression('s.matches("^(a+)+$")', { s: "string" }, ["bool"]);
  expect(only.evaluate({ s: "aaa" })).toBe(true);
  const startMs = performance.now();
  expect(only.evaluate({ s: `${"a".repeat(50)}!` })).toBe(false);
  // A backtracking engine needs days: this only tells the two apart.
  expect(performance.now() - startMs).toBeLessThan(10_000);
});

test("whole numbers in an expression may stand beside a contract's numbers", () => {
  const values = { n: 3, s: "x" };
  for (const text of ["n == 3", "3 == n", "n + 1 > 3", "2 * n == 6", "n % 2 == 1", "abs(-n) >= 3"])
    expect(compileExpression(text, { n: "double" }, ["bool"]).evaluate(values), text).toBe(true);
});

describe("maintenance windows", () => {
  const window = (cron: string, duration: string, timezone?: string) =>
    SilenceWindow.of({ cron, for: duration, ...(timezone ? { timezone } : {}) });
  const at = (text: string): number => Date.parse(text);

  test("a window includes its beginning, excludes its end, and may overlap the next", () => {
    const nightly = window("0 2 * * *", "90m");
    const answers = ["01:59:59.999", "02:00:00.000", "03:29:59.999", "03:30:00.000"].map((time) =>
      nightly.endAt(at(`2026-03-03T${time}Z`)),
    );
    const end = at("2026-03-03T03:30:00Z");
    expect(answers).toEqual([null, end, end, null]);
    const hourly = window("0 * * * *", "90m");
    expect(hourly.endAt(at("2026-03-03T05:10:00Z"))).toBe(at("2026-03-03T06:30:00Z"));
    expect(hourly.endAt(at("2026-03-03T06:10:00Z"))).toBe(at("2026-03-03T07:30:00Z"));
    expect(nightly.endAt(at("2026-03-02T02:10:00Z"))).toBe(at("2026-03-02T03:30:00Z"));
  });

  test("in a time zone, over a change of its clocks", () => {
    const berlin = window("0 2 * * *", "1h", "Europe/Berlin");
    expect(berlin.endAt(at("2026-07-01T00:30:00Z"))).toBe(at("2026-07-01T01:00:00Z"));
    expect(berlin.endAt(at("2026-01-01T01:30:00Z"))).toBe(at("2026-01-01T02:00:00Z"));
  });

  test("of several, the one that ends last counts", () => {
    const both = [window("0 2 * * *", "1h"), window("30 2 * * *", "1h")];
    expect(silencedUntil(both, at("2026-03-03T02:40:00Z"))).toBe(at("2026-03-03T03:30:00Z"));
    expect(silencedUntil(both, at("2026-03-03T04:40:00Z"))).toBeNull();
  });
});

test("a reading is late after a minute, or after what the rule says", () => {
  expect(compile(threshold).lateAfterMs).toBe(60_000);
  expect(compile({ ...threshold, lateAfter: "0s" }).lateAfterMs).toBe(0);
  expect(compile({ ...threshold, lateAfter: "2h" }).lateAfterMs).toBe(7_200_000);
});

test("a rule goes by series, one that joins contracts by the key, and either by what it says", () => {
  const by = (rule: object) => compile(rule).by;
  const measured = { ...threshold, contract: "measurement", when: "value > 1" };
  expect(by(measured)).toEqual(["quantity", "sensor"]);
  expect(by({ ...measured, by: [] })).toEqual([]);
  expect(by({ ...measured, by: ["sensor"] })).toEqual(["sensor"]);
  expect(by(joined)).toEqual([]);
  const lost = { id: "r", version: 1, contract: "energy", kind: "absence", for: "1m" };
  expect(by(lost)).toEqual(["channel"]);
  expect(by({ ...lost, lost: "1m" })).toEqual([]);
  const [first, then] = [{ contract: "energy", when: "power > 1" }, "power < 1"];
  const sequence = { id: "r", version: 1, kind: "sequence", first, within: "1m" };
  expect(by({ ...sequence, then: { ...first, when: then } })).toEqual(["channel"]);
  const other = { contract: "environment", when: "co2 > 1" };
  expect(by({ ...sequence, then: other })).toEqual([]);
});
