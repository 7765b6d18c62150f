import { describe, expect, test } from "vitest";
import { RegionLines } from "../../../../../cloud/sinks/influx/lines.ts";
import { holdsValue, storedProperties } from "../../../../../cloud/sinks/effects.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { contentHash } from "../../../../../contracts/messages/reading.ts";
import { CATALOG, environment } from "../../../../support/lane-log.ts";

const [ENVIRONMENT] = CATALOG.versions("environment");
const [MACHINE] = CATALOG.versions("machine");

test("tags, fields by schema type, the sequence, and a time whose last digits are the sequence", () => {
  expect(
    new RegionLines("eu").reading({
      contract: ENVIRONMENT!,
      reading: environment("d-1", 7, 1_700_000_000_123),
      eventMs: 1_700_000_000_123,
    }),
  ).toBe(
    "environment,region=eu,device=d-1 temperature=21.5,humidity=40,light=0,co2=7,occupancy=1i,seq=7i 1700000000123000007",
  );
});

test("without a sequence, readings of one millisecond differ by their content", () => {
  const lines = new RegionLines("us");
  const at = (temperature: number): string => {
    const payload = { ts: 5, temperature };
    const reading = { ...environment("m", 0, 5), contract: "machine", payload };
    return lines.reading({ contract: MACHINE!, reading, eventMs: 5 }).split(" ")[2]!;
  };
  expect(at(20)).toBe(at(20));
  expect(at(20)).not.toBe(at(21));
  const slot = Number.parseInt(contentHash({ ts: 5, temperature: 20 }).slice(0, 12), 16) % 1e6;
  expect(at(20)).toBe(`5${String(slot).padStart(6, "0")}`);
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
    const line = new RegionLines("eu").reading({ contract: ENVIRONMENT!, reading, eventMs: 0 });
    expect(line.startsWith(`environment,region=eu,device=${tag} temperature=`)).toBe(true);
  });
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
    return new RegionLines("eu").reading({ contract, reading, eventMs: 1 });
  };
  expect(line({ account: "a 1", shop: "", note: 'say "hi"\\', paid: true, cents: -3 })).toMatch(
    /^payment,region=eu,device=d,account=a\\ 1 note="say \\"hi\\"\\\\",paid=T,cents=-3i 1\d{6}$/,
  );
  expect(holdsValue(storedProperties(contract), { account: "a", shop: "s" })).toBe(false);
  expect(holdsValue(storedProperties(contract), { account: "a", cents: 3 })).toBe(true);
});
