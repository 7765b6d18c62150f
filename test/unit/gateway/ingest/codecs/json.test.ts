import { expect, test } from "vitest";
import { Undecodable } from "../../../../../gateway/ingest/codecs/codec.ts";
import { JSON_CODEC } from "../../../../../gateway/ingest/codecs/json.ts";

const decode = (text: string): unknown => JSON_CODEC.decode(Buffer.from(text));

test("any JSON value is a value, null too", () => {
  for (const value of [null, 0, "", false, [], { a: [1] }])
    expect(decode(JSON.stringify(value))).toEqual(value);
});

test("anything else is undecodable as not_json", () => {
  for (const text of ["", "{", "\u0000", "undefined"]) {
    expect(decode(text)).toBeInstanceOf(Undecodable);
    expect(decode(text)).toMatchObject({ reason: "not_json" });
  }
});
