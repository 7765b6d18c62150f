import { expect, test } from "vitest";
import {
  codecFor,
  contentTypeToKeep,
} from "../../../../../gateway/ingest/codecs/by-content-type.ts";
import { JSON_CODEC } from "../../../../../gateway/ingest/codecs/json.ts";

const other = { decode: () => null };
const codecs = new Map([["application/x-other", other]]);

test.each([
  [undefined, JSON_CODEC],
  ["application/x-other", other],
  [" Application/X-Other ; version=1", other],
  ["application/x-unheard-of", JSON_CODEC],
  ["", JSON_CODEC],
])("%j has its codec", (contentType, codec) => {
  expect(codecFor(contentType, codecs)).toBe(codec);
});

test.each([
  [undefined, undefined],
  ["application/json", undefined],
  ["Application/JSON;charset=utf-8", undefined],
  ["application/cbor", "application/cbor"],
  ["x".repeat(256), undefined],
])("of %j a reject keeps %j", (contentType, kept) => {
  expect(contentTypeToKeep(contentType)).toBe(kept);
});
