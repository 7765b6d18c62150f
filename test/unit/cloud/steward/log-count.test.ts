import { expect, test } from "vitest";
import { Arrivals } from "../../../../cloud/aggregator/arrivals.ts";
import { ContractLayouts } from "../../../../cloud/aggregator/contract-layout.ts";
import { LogCount } from "../../../../cloud/steward/log-count.ts";
import { identityOf } from "../../../../contracts/messages/identity.ts";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const FROM_MS = 500_000 * HOUR_MS;

const counter = compileContract(
  { name: "counter", version: 1 },
  {
    type: "object",
    "x-identity": "sequence",
    "x-partition-key": "site",
    required: ["seq", "site"],
    properties: {
      seq: { type: "integer", "x-role": "sequence" },
      value: { type: "number", "x-role": "field" },
      site: { type: "string", "x-role": "field" },
    },
  },
);

const reading = (payload: Record<string, unknown>, receivedAtMs: number) => ({
  device: "meter",
  contract: "counter",
  version: 1,
  receivedAtMs,
  traceparent: null,
  payload,
});

const counted = (...readings: ReturnType<typeof reading>[]) => {
  const count = new LogCount(FROM_MS, FROM_MS + HOUR_MS);
  for (const one of readings) count.add(counter, one);
  const { readings: all = 0, fields = new Map<string, number>() } =
    count.counts.get("counter") ?? {};
  return { readings: all, fields: Object.fromEntries(fields) };
};

test("a reading that is sent again across the full hour counts in the hour of its first copy alone", () => {
  const layout = new ContractLayouts(new Catalog([counter]), "eu").get("counter", 1)!;
  const payload = { seq: 1, value: 5, site: "a" };
  for (const [beforeMs, isRepeat] of [
    [1, true],
    [59_000, true],
    [2 * MINUTE_MS, true],
    [2 * MINUTE_MS + 1, false],
  ] as const) {
    const copies = [reading(payload, FROM_MS - beforeMs), reading(payload, FROM_MS + 100)];
    const arrivals = new Arrivals(MINUTE_MS);
    const isStored = copies.map((copy) => {
      const { receivedAtMs: ms } = copy;
      const startMs = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
      return arrivals.add(layout, copy, identityOf(counter, payload, ms), startMs);
    });
    expect(isStored).toEqual([true, !isRepeat]);
    expect(counted(...copies).readings).toBe(isRepeat ? 0 : 1);
  }
});

test("only what a sink stores as a field is counted: no tag, and no reading without a value", () => {
  expect(
    counted(
      reading({ seq: 1, value: 5, site: "a" }, FROM_MS),
      reading({ seq: 2, site: "a" }, FROM_MS),
      reading({ site: "a" }, FROM_MS),
    ),
  ).toEqual({ readings: 2, fields: { value: 1 } });
});
