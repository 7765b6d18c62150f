// Goal: two series of one key never meet in a rule unless the rule says so, and `where` and `by` mean the same
// in every kind. Method: that of reference-evaluator.test.ts, over contracts with tags; and examples.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Catalog,
  SCHEMAS_DIRECTORY,
  loadCatalog,
} from "../../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { type Rule, parseRules } from "../../../../../contracts/rules/rule.ts";
import { compileRule } from "../../../../../contracts/rules/compile-rule.ts";
import {
  restoreSnapshot,
  takeSnapshot,
} from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import { engineAlerts, sortedAlerts } from "../../../../support/engine-alerts.ts";
import { STILL, LaneUnderTest, brief } from "../../../../support/lane-frames.ts";
import { type LoggedFrame, referenceAlerts } from "../../../../support/reference-evaluator.ts";
import { seededRandom } from "../../../../support/seed.ts";

const number = { type: "number", "x-role": "field" };
const tag = { type: "string", "x-role": "tag" };
const ts = { type: "integer", "x-role": "time" };
const of = (name: string, properties: object, version = 1) =>
  compileContract({ name, version }, { type: "object", properties: { ts, ...properties } });
const firmware = { ...tag, "x-series": false };
const plug = of("plug", { power: number, channel: tag, firmware });
const air = of("air", { heat: number, spot: tag });
const catalog = new Catalog([plug, air]);
const [START_MS, LANE] = [1_700_000_000_000, { region: "eu", partition: 3 }];

const both = { contracts: { p: "plug", a: "air" }, when: "p.power > 5 && a.heat > 5" };
const step = (contract: string, when: string) => ({ contract, when });
const RULES = parseRules(
  [
    { id: "high", kind: "threshold", contract: "plug", when: "power > 6" },
    {
      id: "high-one",
      kind: "threshold",
      contract: "plug",
      when: "power > 5",
      where: "channel == '1'",
    },
    { id: "high-device", kind: "threshold", contract: "plug", when: "power > 6", by: [] },
    {
      id: "high-firmware",
      kind: "threshold",
      contract: "plug",
      when: "power > 6",
      by: ["firmware"],
    },
    {
      id: "erring",
      kind: "threshold",
      contract: "plug",
      when: "power > 3",
      where: "9 / int(power) > 1",
    },
    { id: "rate", kind: "rate", contract: "plug", value: "power", per: "1s", when: "rate > 2" },
    {
      ...{ id: "rate-all", kind: "rate", contract: "plug", value: "power", per: "1s", by: [] },
      ...{ where: "power < 8", when: "rate > 2" },
    },
    {
      id: "mean",
      kind: "aggregate",
      contract: "plug",
      value: "power",
      over: "5s",
      having: "avg > 5",
    },
    {
      ...{ id: "mean-all", kind: "aggregate", contract: "plug", value: "power", over: "5s" },
      ...{ having: "avg > 5", by: [], where: "channel != '2'" },
    },
    { id: "often", kind: "frequency", contract: "plug", over: "4s", moreThan: 2 },
    { id: "often-all", kind: "frequency", contract: "plug", over: "4s", moreThan: 4, by: [] },
    { id: "gone", kind: "absence", contract: "plug", for: "5s" },
    { id: "gone-all", kind: "absence", contract: "plug", for: "4s", by: [] },
    {
      id: "gone-one",
      kind: "absence",
      contract: "plug",
      for: "5s",
      where: "channel == '1' && power > 2",
    },
    { id: "both", kind: "composite", ...both },
    {
      ...{ id: "both-one", kind: "composite", ...both },
      where: { p: "channel == '1'", a: "9 / int(heat) > 0" },
    },
    {
      id: "then",
      kind: "sequence",
      first: step("plug", "power > 6"),
      then: step("plug", "power < 3"),
      within: "5s",
    },
    {
      id: "then-air",
      kind: "sequence",
      first: step("plug", "power > 6"),
      then: step("air", "heat > 6"),
      within: "5s",
      where: "device == 'a'",
    },
    { id: "late", kind: "threshold", contract: "plug", when: "power > 5", lateAfter: "500ms" },
    {
      id: "late-mean",
      kind: "aggregate",
      contract: "plug",
      value: "power",
      over: "4s",
      having: "avg > 5",
      lateAfter: "500ms",
    },
  ].map((rule) => ({ version: 1, ...rule })),
);

const stepOf = fc.record({
  advanceMs: fc.integer({ min: 0, max: 3_000 }),
  readings: fc.array(
    fc.record({
      device: fc.constantFrom("a", "b{"),
      contract: fc.constantFrom("plug", "plug", "air"),
      value: fc.nat({ max: 10 }),
      tag: fc.constantFrom("1", "2", ""),
      firmware: fc.constantFrom("x", "y"),
      agoMs: fc.nat({ max: 1_500 }),
    }),
    { maxLength: 6 },
  ),
});

function logOf(steps: readonly (typeof stepOf extends fc.Arbitrary<infer T> ? T : never)[]) {
  let [clock, total] = [START_MS, 0];
  return steps.map(({ advanceMs, readings: wanted }, at): LoggedFrame => {
    clock += advanceMs;
    const readings = wanted.map(({ device, contract, value, tag, firmware, agoMs }) => ({
      ...{ device, contract, version: 1, receivedAtMs: clock, traceparent: null },
      payload:
        contract === "plug"
          ? { ts: clock - agoMs, power: value, channel: tag, firmware }
          : { ts: clock - agoMs, heat: value, spot: tag },
    }));
    const count = readings.length;
    total += count;
    const header = { v: 1, gateway: "g", epoch: "e", n: at + 1, count, total, clock };
    return { seq: at + 1, storeMs: clock + 5, header, readings };
  });
}

test("rules of every kind go by series, by tags of their own or by the key, as they say", () => {
  const { seed } = seededRandom();
  const raised = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(stepOf, { minLength: 5, maxLength: 50 }),
      fc.uniqueArray(fc.nat({ max: 49 }), { maxLength: 3 }),
      (steps, crashes) => {
        const frames = logOf(steps);
        const parts = { rules: RULES, catalog, lane: LANE };
        const expected = referenceAlerts(frames, RULES, parts);
        const got = engineAlerts(structuredClone(frames), new Set(crashes), parts);
        expect(sortedAlerts(got)).toEqual(sortedAlerts(expected));
        for (const { rule, state } of expected) raised.add(`${rule} ${state}`);
      },
    ),
    { seed, numRuns: 200 },
  );
  // The property would hold of rules that never fire, too.
  for (const { id } of RULES)
    for (const state of ["firing", "resolved"]) expect(raised).toContain(`${id} ${state}`);
}, 60_000);

const lane = (...rules: object[]) =>
  new LaneUnderTest(catalog, parseRules(rules.map((rule) => ({ version: 1, ...rule }))));
const relay = (channel: string, power: number) => ({
  device: "dual",
  contract: "plug",
  payload: { power, channel },
});

test("temperature and pressure of a room, neither of which changes, neither rise nor have a mean together", () => {
  const rule = { version: 1, contract: "measurement", value: "value" };
  const rules = parseRules([
    { ...rule, id: "jump", kind: "rate", per: "1m", when: "rate > 100 || rate < -100" },
    { ...rule, id: "mean", kind: "aggregate", over: "1m", having: "avg > 100 && avg < 1000" },
  ]);
  const under = new LaneUnderTest(loadCatalog(SCHEMAS_DIRECTORY), rules);
  const say = (quantity: string, value: number) => ({
    device: "room9",
    contract: "measurement",
    payload: { value, quantity },
  });
  for (let second = 0; second < 6; second++)
    expect(
      under.frame(START_MS + second * 1_000, say("temperature", 20), say("pressure", 1_013)),
    ).toEqual([]);
});

describe("two relays of one device", () => {
  test("have alerts of their own, which say what they are of", () => {
    const under = lane({ id: "high", kind: "threshold", contract: "plug", when: "power > 5" });
    const [alert, ...others] = under.frame(START_MS, relay("0", 1), relay("1", 9));
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      key: "dual{channel=1}",
      series: { key: "dual", tags: { channel: "1" } },
      message: "dual{channel=1}: power > 5 (9)",
    });
    expect(brief(under.frame(START_MS + 1_000, relay("0", 1), relay("1", 8)))).toEqual([]);
    expect(brief(under.frame(START_MS + 2_000, relay("1", 1)))).toEqual([
      "high dual{channel=1} resolved",
    ]);
  });

  test("are the device's for commands", () => {
    const command = { on: "firing", payload: { off: true } };
    const rule = { id: "high", kind: "threshold", contract: "plug", when: "power > 5" };
    const [alert] = lane({ ...rule, commands: [command] }).frame(START_MS, relay("1", 9));
    expect(alert!.commands).toMatchObject([{ device: "dual" }]);
  });

  test("are missed one by one, or together", () => {
    const rule = { kind: "absence", contract: "plug", for: "5s" };
    const under = lane({ ...rule, id: "gone" }, { ...rule, id: "gone-all", by: [] });
    under.frame(START_MS, relay("0", 1), relay("1", 1));
    const alerts: string[] = [];
    for (let second = 1; second <= 8; second++)
      alerts.push(...brief(under.frame(START_MS + second * 1_000, relay("0", 1))));
    expect(alerts).toEqual(["gone dual{channel=1} firing"]);
  });
});

test("a rule begins anew when its contract gets a tag: what it raised by key alone would never end", () => {
  const before = new Catalog([of("plug", { power: number })]);
  const rules = parseRules([
    { id: "high", version: 1, kind: "threshold", contract: "plug", when: "power > 5" },
  ]) satisfies readonly Rule[];
  const under = new LaneUnderTest(before, rules);
  const plain = { device: "dual", contract: "plug", payload: { power: 9 } };
  expect(brief(under.frame(START_MS, plain))).toEqual(["high dual firing"]);
  before.add(of("plug", { power: number, channel: tag }, 2));
  expect(brief(under.setRules(rules))).toEqual(["high dual resolved"]);
  expect(brief(under.frame(START_MS + 1_000, { ...relay("1", 9), version: 2 }))).toEqual([
    "high dual{channel=1} firing",
  ]);
});

test("a snapshot of before the tag was there is not taken for one by series", () => {
  const rules = parseRules([
    { id: "high", version: 1, kind: "threshold", contract: "plug", when: "power > 5" },
  ]);
  const before = new Catalog([of("plug", { power: number })]);
  const under = new LaneUnderTest(before, rules);
  under.frame(START_MS, { device: "dual", contract: "plug", payload: { power: 9 } });
  const parts = { lane: { region: "eu", partition: 0 }, catalog, stopwatch: STILL };
  const restored = restoreSnapshot(takeSnapshot(under.rules), parts);
  const ended = restored.update(
    rules.map((rule) => compileRule(rule, catalog)),
    2,
  );
  expect(brief(ended)).toEqual(["high dual resolved"]);
});
