// Goal: a window that runs empty by the lane's clock is judged alike by engine and definition, also when devices'
// time has run on and attended time has not: no gateway was there.
import { expect, test } from "vitest";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { Catalog } from "../../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { engineAlerts, sortedAlerts } from "../../../../support/engine-alerts.ts";
import { type LoggedFrame, referenceAlerts } from "../../../../support/reference-evaluator.ts";

const START_MS = 1_700_000_000_000;
const number = { type: "number", "x-role": "field" };
const ts = { type: "integer", "x-role": "time" };
const room = compileContract(
  { name: "room", version: 1 },
  { type: "object", properties: { ts, used: number } },
);
const rules = parseRules([
  {
    id: "used",
    version: 1,
    kind: "frequency",
    contract: "room",
    where: "used == 1",
    over: "3s",
    moreThan: 30,
    resolveAfter: "20s",
  },
]);

/** Readings of 25 ms each, of which the last `used` are; then none for a while, then another of an empty room. */
function logOf(unused: number, used: number, awayMs: number): LoggedFrame[] {
  const values = [...new Array<number>(unused).fill(0), ...new Array<number>(used).fill(1)];
  const times = values.map((_, at) => START_MS + 25 * at);
  const backMs = times.at(-1)! + awayMs;
  for (let at = 0; at < 400; at++) {
    values.push(0);
    times.push(backMs + 25 * at);
  }
  return times.map((clock, at): LoggedFrame => {
    const payload = { ts: clock, used: values[at]! };
    const reading = { device: "r", contract: "room", version: 1, receivedAtMs: clock };
    const header = { v: 1, gateway: "g", epoch: "e", n: at + 1, count: 1, total: at + 1, clock };
    const readings = [{ ...reading, traceparent: null, payload }];
    return { seq: at + 1, storeMs: clock, header, readings };
  });
}

test.each([4_000, 4_500, 5_000, 6_000, 10_000])("away for %i ms", (awayMs) => {
  const parts = { rules, catalog: new Catalog([room]), lane: { region: "eu", partition: 0 } };
  for (let unused = 100; unused < 170; unused++) {
    const frames = logOf(unused, 60, awayMs);
    const expected = referenceAlerts(frames, rules, parts);
    expect(expected.map(({ state }) => state)).toEqual(["firing", "resolved"]);
    const got = engineAlerts(structuredClone(frames), new Set(), parts);
    expect(sortedAlerts(got), `${unused} before`).toEqual(sortedAlerts(expected));
  }
});
