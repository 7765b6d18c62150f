import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegionLines } from "../../../../../cloud/sinks/influx/lines.ts";
import { holdsValue, storedProperties } from "../../../../../cloud/sinks/effects.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { OpenWindows } from "../../../../../cloud/aggregator/window.ts";
import { CATALOG, LAYOUTS, environment } from "../../../../support/lane-log.ts";

const [ENVIRONMENT] = CATALOG.versions("environment");

test("tags, fields by schema type, the sequence, and a time whose last digits are the slot", () => {
  expect(
    new RegionLines("eu").reading({
      contract: ENVIRONMENT!,
      reading: environment("d-1", 7, 1_700_000_000_123),
      eventMs: 1_700_000_000_123,
      slot: 7,
    }),
  ).toBe(
    "environment,region=eu,device=d-1 temperature=21.5,humidity=40,light=0,co2=7,occupancy=1i,seq=7i 1700000000123000007",
  );
});

test("the slot is the digits under the millisecond, before 1970 too", () => {
  const timeOf = (eventMs: number, slot: number): bigint => {
    const effect = { contract: ENVIRONMENT!, reading: environment("d", 7, eventMs), eventMs, slot };
    return BigInt(new RegionLines("eu").reading(effect).split(" ")[2]!);
  };
  fc.assert(
    fc.property(
      fc.integer({ min: -9_223_372_036_000, max: 9_223_372_036_000 }),
      fc.nat({ max: 999_999 }),
      (eventMs, slot) => {
        expect(timeOf(eventMs, slot)).toBe(BigInt(eventMs) * 1_000_000n + BigInt(slot));
      },
    ),
  );
});

describe("a hostile device id stays one tag value", () => {
  test.for([
    ["a b,c=d", "a\\ b\\,c\\=d"],
    ["ends\\", "ends%5C"],
    ["a\\,b", "a%5C\\,b"],
    ["plant\\a", "plant\\a"],
    ["two\nlines", "two\\nlines"],
  ])("%j", ([device, tag]) => {
    const reading = environment(device!, 1, 0);
    const effect = { contract: ENVIRONMENT!, reading, eventMs: 0, slot: 1 };
    const line = new RegionLines("eu").reading(effect);
    expect(line.startsWith(`environment,region=eu,device=${tag} temperature=`)).toBe(true);
  });
});

test("a rollup has the tags of its series after the key, and none that the series lacks", () => {
  const layout = LAYOUTS.get("measurement", 1)!;
  const lineOf = (tags: object): string => {
    const windows = new OpenWindows();
    const payload = { value: 3, ...tags };
    windows.add(layout, { ...environment("d 1", 0, 0), payload }, 0, 1, 0);
    return new RegionLines("eu").rollup(windows.close(60_000).at(-1)!).split(" count")[0]!;
  };
  expect(lineOf({})).toBe("measurement_1m,region=eu,device=d\\ 1");
  expect(lineOf({ sensor: "s=1,2\\", quantity: "" })).toBe(
    "measurement_1m,region=eu,device=d\\ 1,sensor=s\\=1\\,2%5C",
  );
  expect(lineOf({ sensor: "s", quantity: "q" })).toBe(
    "measurement_1m,region=eu,device=d\\ 1,quantity=q,sensor=s",
  );
});

test("contract tags and the partition key are tags, strings and booleans are fields", () => {
  const contract = compileContract(
    { name: "payment", version: 1 },
    {
      type: "object",
      required: ["account"],
      "x-partition-key": "account",
      properties: {
        account: { type: "string", "x-role": "field" },
        shop: { type: "string", "x-role": "tag" },
        note: { type: "string", "x-role": "field" },
        paid: { type: "boolean", "x-role": "field" },
        cents: { type: "integer", "x-role": "field" },
      },
    },
  );
  const line = (payload: Record<string, unknown>): string => {
    const reading = { ...environment("d", 0, 0), payload };
    return new RegionLines("eu").reading({ contract, reading, eventMs: 1, slot: 17 });
  };
  expect(line({ account: "a 1", shop: "", note: 'say "hi"\\', paid: true, cents: -3 })).toMatch(
    /^payment,region=eu,device=d,account=a\\ 1 note="say \\"hi\\"\\\\",paid=T,cents=-3i 1000017$/,
  );
  expect(holdsValue(storedProperties(contract), { account: "a", shop: "s" })).toBe(false);
  expect(holdsValue(storedProperties(contract), { account: "a", cents: 3 })).toBe(true);
});

test("canaries of one lane and hour are one point, the last one", () => {
  const HOUR_MS = 3_600_000;
  const hourMs = 1_700_000_000_000 - (1_700_000_000_000 % HOUR_MS);
  const lines = new RegionLines("eu");
  const lineOf = (sentMs: number): string =>
    lines.canary({ partition: 3, gateway: "gateway 1", sentMs });
  expect(lineOf(hourMs + 10_000)).toBe(
    `skerry_canary,region=eu,partition=3,gateway=gateway\\ 1 sent=${hourMs + 10_000}i ${hourMs}000000`,
  );
  const keyOf = (line: string): string => line.replace(/sent=\d+i/, "");
  expect(keyOf(lineOf(hourMs + HOUR_MS - 1))).toBe(keyOf(lineOf(hourMs)));
  expect(keyOf(lineOf(hourMs + HOUR_MS))).not.toBe(keyOf(lineOf(hourMs)));
});
