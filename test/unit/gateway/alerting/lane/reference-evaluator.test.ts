// Goal: the engine's rules say exactly what their plain definitions say, wherever the engine is killed.
// Method: random logs of one lane (out of order, repeated, late, silent, with conditions that throw, with
// gateways that start anew)
// go through the engine's evaluation, which at random frames is thrown away and restored from its last
// snapshot, and through test/support/reference-evaluator.ts.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalog } from "../../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { engineAlerts, sortedAlerts } from "../../../../support/engine-alerts.ts";
import { seededRandom } from "../../../../support/seed.ts";
import { referenceAlerts } from "../../../../support/reference-evaluator.ts";
import { logOf, stepOf } from "../../../../support/reference-logs.ts";

const number = { type: "number", "x-role": "field" };
const text = { type: "string", "x-role": "field" };
const time = { type: "integer", "x-role": "time" };
const contract = (name: string, schema: object) => compileContract({ name, version: 1 }, schema);

const catalog = new Catalog([
  contract("room", {
    type: "object",
    required: ["seq"],
    "x-identity": "sequence",
    properties: {
      ts: time,
      seq: { type: "integer", "x-role": "sequence" },
      co2: number,
      heat: number,
    },
  }),
  contract("meter", {
    type: "object",
    required: ["ts"],
    "x-identity": "time",
    properties: { ts: time, power: number, kind: text },
  }),
  contract("presence", {
    type: "object",
    required: ["ts"],
    "x-identity": "time",
    properties: { ts: time, state: text, reason: text },
  }),
]);

const RULES = parseRules([
  { id: "high", version: 1, kind: "threshold", contract: "room", when: "co2 > 6" },
  {
    id: "high-long",
    version: 1,
    kind: "threshold",
    contract: "room",
    when: "co2 > 5",
    for: "3s",
    clear: "co2 < 4",
    clearFor: "2s",
  },
  {
    id: "quiet-times",
    version: 1,
    kind: "threshold",
    contract: "room",
    when: "heat > 5",
    for: "1s",
    silences: [{ cron: "*/10 * * * * *", for: "4s" }],
  },
  {
    id: "both",
    version: 1,
    kind: "composite",
    contracts: { r: "room", m: "meter" },
    when: "r.co2 > 4 && m.power > 4",
    within: "6s",
    clearFor: "1s",
  },
  {
    id: "rising",
    version: 1,
    kind: "rate",
    contract: "room",
    value: "co2",
    per: "1s",
    when: "rate > 2 || rate < -2",
  },
  {
    id: "falling",
    version: 1,
    kind: "rate",
    contract: "room",
    value: "co2",
    per: "1m",
    when: "rate < -200 && heat > 3",
    clear: "rate > 0",
  },
  {
    id: "rising-long",
    version: 1,
    kind: "rate",
    contract: "meter",
    value: "power * 2",
    per: "1s",
    over: "5s",
    when: "rate > 1",
    for: "1s",
  },
  {
    id: "average",
    version: 1,
    kind: "aggregate",
    contract: "room",
    value: "co2",
    over: "6s",
    having: "avg > 5 && count >= 3",
    clear: "max < 7",
  },
  // Looks at what "average" looks at.
  {
    id: "peak",
    version: 1,
    kind: "aggregate",
    contract: "room",
    value: "co2",
    over: "6s",
    having: "max - min > 7 || sum > 40",
    for: "1s",
  },
  {
    id: "spread",
    version: 1,
    kind: "aggregate",
    contract: "room",
    value: "heat",
    where: "co2 > 1",
    over: "5s",
    having: "stddev > 2.5 || sum > 30 || min > 7",
    resolveAfter: "2s",
  },
  {
    id: "kinds",
    version: 1,
    kind: "aggregate",
    contract: "meter",
    value: "kind",
    over: "8s",
    having: "distinct >= 3",
  },
  {
    id: "often",
    version: 1,
    kind: "frequency",
    contract: "room",
    where: "co2 > 5",
    over: "5s",
    moreThan: 2,
  },
  { id: "gone", version: 1, kind: "absence", contract: "room", for: "7s", lost: "2s" },
  // Waits for the keys that "gone" waits for.
  { id: "gone-soon", version: 1, kind: "absence", contract: "room", for: "3s" },
  { id: "gone-meter", version: 1, kind: "absence", contract: "meter", for: "12s" },
  {
    id: "then",
    version: 1,
    kind: "sequence",
    first: { contract: "room", when: "co2 > 7" },
    then: { contract: "meter", when: "power > 6" },
    within: "5s",
  },
  {
    id: "same-twice",
    version: 1,
    kind: "sequence",
    first: { contract: "room", when: "heat > 7" },
    then: { contract: "room", when: "heat > 7" },
    within: "4s",
    resolveAfter: "3s",
  },
  // The same kinds over readings of which many are late.
  {
    id: "late-high",
    version: 1,
    kind: "threshold",
    contract: "room",
    when: "co2 > 6",
    lateAfter: "500ms",
  },
  {
    id: "late-long",
    version: 1,
    kind: "threshold",
    contract: "room",
    when: "heat > 4",
    for: "1s",
    clearFor: "500ms",
    lateAfter: "1s",
    silences: [{ cron: "*/10 * * * * *", for: "4s" }],
  },
  {
    id: "late-both",
    version: 1,
    kind: "composite",
    contracts: { r: "room", m: "meter" },
    when: "r.co2 > 3 && m.power > 3",
    within: "4s",
    lateAfter: "500ms",
  },
  {
    id: "late-rising",
    version: 1,
    kind: "rate",
    contract: "room",
    value: "co2",
    per: "1s",
    when: "rate > 1",
    lateAfter: "500ms",
  },
  {
    id: "late-average",
    version: 1,
    kind: "aggregate",
    contract: "room",
    value: "co2",
    over: "4s",
    having: "avg > 5",
    lateAfter: "500ms",
  },
  {
    id: "late-often",
    version: 1,
    kind: "frequency",
    contract: "room",
    over: "3s",
    moreThan: 1,
    lateAfter: "500ms",
  },
  {
    id: "late-then",
    version: 1,
    kind: "sequence",
    first: { contract: "room", when: "co2 > 4" },
    then: { contract: "room", when: "co2 < 5" },
    within: "5s",
    lateAfter: "500ms",
  },
  // Conditions that throw for some readings.
  { id: "erring", version: 1, kind: "threshold", contract: "room", when: "9 / int(co2) > 2" },
  {
    id: "erring-both",
    version: 1,
    kind: "composite",
    contracts: { r: "room", m: "meter" },
    when: "9 / int(r.co2) > 1 && m.power > 3",
  },
  {
    id: "erring-count",
    version: 1,
    kind: "aggregate",
    contract: "room",
    value: "co2",
    where: "9 / int(heat) > 0",
    over: "5s",
    having: "10 / (int(count) - 3) > 4 || count > 4",
  },
  {
    id: "erring-then",
    version: 1,
    kind: "sequence",
    first: { contract: "room", when: "9 / int(co2) > 1" },
    then: { contract: "room", when: "9 / int(heat) > 1" },
    within: "5s",
  },
]);

/** Those of which readings come late in the logs here. */
const LATE = ["high", "long", "both", "rising", "average", "often", "then"].map(
  (kind) => `late-${kind}`,
);

const LANE = { region: "eu", partition: 3 };

test(
  "every alert of every kind is the one that its definition says, whatever the crashes",
  { timeout: 120_000 },
  () => {
    const { seed } = seededRandom();
    const raised = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(stepOf, { minLength: 5, maxLength: 60 }),
        fc.uniqueArray(fc.nat({ max: 59 }), { maxLength: 4 }),
        (steps, crashes) => {
          const frames = logOf(steps);
          const expected = referenceAlerts(frames, RULES, { lane: LANE, catalog });
          const of = { rules: RULES, catalog, lane: LANE };
          const got = engineAlerts(structuredClone(frames), new Set(crashes), of);
          expect(sortedAlerts(got)).toEqual(sortedAlerts(expected));
          for (const { rule, state, late } of expected)
            for (const name of [`${rule} ${state}`, ...(late ? [`${rule} ${state} late`] : [])])
              raised.set(name, (raised.get(name) ?? 0) + 1);
        },
      ),
      { seed, numRuns: 300 },
    );
    // The property would hold of rules that never fire, too.
    for (const { id } of RULES)
      for (const state of ["firing", "resolved"])
        expect(raised.get(`${id} ${state}`) ?? 0, `${id} ${state}`).toBeGreaterThan(0);
    for (const id of LATE)
      expect(raised.get(`${id} firing late`) ?? 0, `${id} late`).toBeGreaterThan(0);
    expect(raised.get("quiet-times silenced")).toBeGreaterThan(0);
  },
);
