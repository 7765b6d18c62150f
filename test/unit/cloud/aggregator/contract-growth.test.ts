// Goal: a version that is published while windows are open loses no value and drops no reading.
// Method: the aggregator's lane and the alerting rules get a frame of a version before it is known.
import { expect, test } from "vitest";
import { ContractLayouts } from "../../../../cloud/aggregator/contract-layout.ts";
import { START } from "../../../../cloud/aggregator/position.ts";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { encodeFrame, encodeReading } from "../../../../contracts/messages/frame.ts";
import { LaneUnderTest, brief } from "../../../support/lane-frames.ts";
import { LoggedAggregate, linesOf } from "../../../support/lane-log.ts";

const START_MS = 1_700_000_040_000;
const number = { type: "number", "x-role": "field" };
const pump = (version: number, fields: string[]) =>
  compileContract(
    { name: "pump", version },
    {
      type: "object",
      properties: {
        ts: { type: "integer", "x-role": "time" },
        ...Object.fromEntries(fields.map((field) => [field, number])),
      },
    },
  );

const reading = (version: number, payload: object) => ({
  device: "d",
  contract: "pump",
  version,
  receivedAtMs: START_MS,
  traceparent: null,
  payload: JSON.stringify({ ts: START_MS, ...payload }),
});

const frame = (n: number, clock: number, ...readings: ReturnType<typeof reading>[]) => ({
  seq: n,
  storeMs: clock,
  data: encodeFrame(
    { v: 1, gateway: "g", epoch: "e", n, count: readings.length, total: n, clock },
    readings.map(encodeReading),
  ),
});

test("a frame of an unknown version has no effect, and all of it once the version is known", () => {
  const catalog = new Catalog([pump(1, ["flow"])]);
  const aggregate = new LoggedAggregate(new ContractLayouts(catalog, "eu"), START);
  expect(aggregate.applyLogged(frame(1, START_MS, reading(1, { flow: 1 }))).kind).toBe("effects");
  expect(aggregate.takeOpen(10)).toHaveLength(2);

  const waiting = frame(2, START_MS + 1, reading(2, { pressure: 7, flow: 3 }));
  for (let again = 0; again < 2; again++)
    expect(aggregate.applyLogged(waiting)).toMatchObject({
      kind: "awaits",
      version: { contract: "pump", version: 2 },
    });
  catalog.add(pump(2, ["pressure", "flow"]));
  expect(aggregate.applyLogged(waiting)).toMatchObject({ kind: "effects", late: 0, repeated: 0 });

  const closing = aggregate.applyLogged(frame(3, START_MS + 120_000));
  if (closing.kind !== "effects") throw new Error(closing.kind);
  const final = linesOf(closing).find((line) => line.startsWith("pump_1m,"))!;
  expect(final).toContain("count=2i");
  expect(final).toContain("flow_sum=4,");
  expect(final).toContain("pressure_sum=7,");
});

test("rules wait only for versions that one of them reads", () => {
  const catalog = new Catalog([pump(1, ["flow"])]);
  const rule = {
    id: "r",
    version: 1,
    kind: "threshold",
    contract: "pump",
    when: "flow > 5",
  } as const;
  const lane = new LaneUnderTest(catalog, [rule]);
  const late = { ...reading(2, {}), payload: { ts: START_MS, flow: 9 } };
  const other = { ...late, contract: "valve" };
  expect(lane.rules.rules.unknownVersion([other])).toBeNull();
  expect(lane.rules.rules.unknownVersion([other, late])).toEqual({ contract: "pump", version: 2 });
  catalog.add(pump(2, ["flow"]));
  expect(lane.rules.rules.unknownVersion([other, late])).toBeNull();
  expect(brief(lane.frame(START_MS, late))).toEqual(["r d firing"]);
});
