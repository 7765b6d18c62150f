// Goal: one reading is the same reading in whatever encoding it comes, and any bytes end in a value or a reason.
// Method: fast-check through admission with a shipped contract; hostile bytes by hand.
import { encode as encodeMessagePack } from "@msgpack/msgpack";
import { encode as encodeCbor } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import type { Admission } from "../../../../../gateway/ingest/admission.ts";
import { admit } from "../../../../../gateway/ingest/admit.ts";
import { CODECS, codecFor } from "../../../../../gateway/ingest/codecs/by-content-type.ts";
import { Undecodable } from "../../../../../gateway/ingest/codecs/codec.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const NOW_MS = 1_700_000_000_000;

const admitted = (contentType: string | undefined, payload: Uint8Array | string): Admission =>
  admit(
    { catalog, partitions: 1, ageMaxMs: undefined },
    {
      ...{ sender: null, topic: "devices/d/telemetry/environment", contentType },
      ...{ payload: Buffer.from(payload as string), receivedAtMs: NOW_MS },
      ...{ traceparent: null, identifies: true },
    },
  );

/** The reading of an admission: its identity, and its payload as everybody reads it. */
function readingOf(admission: Admission): unknown {
  const reading = admission.kind === "several" ? admission.readings[0] : admission;
  if (reading?.kind !== "reading") return admission;
  const [, , , , , payload] = JSON.parse(reading.encoded) as unknown[];
  return [reading.identity, payload];
}

const value = fc.double({ min: -60, max: 100, noNaN: true, noDefaultInfinity: true });
const reading = fc.record({
  seq: fc.nat(2 ** 31),
  ts: fc.integer({ min: NOW_MS - 3_600_000, max: NOW_MS }),
  temperature: value,
  humidity: fc.double({ min: 0, max: 100, noNaN: true }),
  light: fc.integer({ min: 0, max: 200_000 }),
  co2: fc.integer({ min: 0, max: 100_000 }),
  occupancy: fc.nat(5),
});
type Reading = typeof reading extends fc.Arbitrary<infer T> ? T : never;

const whole = (name: string): boolean => name === "seq" || name === "occupancy";
const senml = ({ ts, ...values }: Reading): { n: string; v: number; t: number }[] =>
  Object.entries(values).map(([n, v]) => ({ n, v, t: ts / 1_000 }));
const labelled = (one: { n: string; v: number; t: number }): Map<number, unknown> =>
  new Map<number, unknown>([
    [0, one.n],
    [2, one.v],
    [6, one.t],
  ]);

const ENCODINGS: Readonly<Record<string, (one: Reading) => Uint8Array | string>> = {
  "application/cbor": (one) => encodeCbor(one),
  "application/msgpack": (one) => encodeMessagePack(one),
  "text/csv": (one) => `${Object.keys(one).join(",")}\n${Object.values(one).join(",")}\n`,
  "application/x-www-form-urlencoded": (one) =>
    new URLSearchParams(Object.entries(one).map(([name, v]) => [name, String(v)])).toString(),
  "text/plain": (one) => JSON.stringify(one),
  "application/senml+json": (one) => JSON.stringify(senml(one)),
  "application/senml+cbor": (one) => encodeCbor(senml(one).map(labelled)),
  "application/vnd.influx.line-protocol": ({ ts, ...values }) =>
    `m ${Object.entries(values)
      .map(([name, v]) => `${name}=${v}${whole(name) ? "i" : ""}`)
      .join(",")} ${ts}000000`,
};

describe("one reading counts once, whatever it came in", () => {
  test.each(Object.entries(ENCODINGS))("%s", (contentType, encode) => {
    fc.assert(
      fc.property(reading, (one) => {
        const json = readingOf(admitted(undefined, JSON.stringify(one)));
        expect(readingOf(admitted(contentType, encode(one)))).toEqual(json);
      }),
      { numRuns: 200 },
    );
  });
});

test("an array is as many readings, and a bad one harms none beside it", () => {
  const good = (seq: number) => ({
    seq,
    temperature: 1,
    humidity: 1,
    light: 1,
    co2: 1,
    occupancy: 1,
  });
  const pack = [good(1), { ...good(2), temperature: new Uint8Array(2) }, good(3)];
  const rows =
    "seq,temperature,humidity,light,co2,occupancy\n1,1,1,1,1,1\n2,x,1,1,1,1\n3,1\n4,1,1,1,1,1";
  expect(admitted("application/cbor", encodeCbor([good(1), { seq: "x" }, good(3)]))).toMatchObject({
    readings: [{ element: 0 }, { element: 2 }],
    rejects: [{ reason: "contract_violation", elements: [1] }],
  });
  for (const [contentType, encode] of [
    ["application/cbor", encodeCbor],
    ["application/msgpack", encodeMessagePack],
  ] as const)
    expect(admitted(contentType, encode(pack))).toMatchObject({
      readings: [{ element: 0 }, { element: 2 }],
      rejects: [
        {
          ...{ reason: "undecodable", elements: [1] },
          detail: "/1/temperature holds bytes; readings hold what JSON holds",
        },
      ],
    });
  expect(admitted("text/csv", rows)).toMatchObject({
    readings: [{ element: 0 }, { element: 3 }],
    rejects: [{ reason: "contract_violation" }, { reason: "undecodable", elements: [2] }],
  });
});

const decode = (contentType: string, payload: Uint8Array | string): unknown =>
  codecFor(contentType).decode(Buffer.from(payload as string));

test.each([
  ["application/cbor", Buffer.alloc(200_000, 0x81)],
  ["application/cbor", Buffer.from([0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ["application/cbor", Buffer.from([0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2])],
  ["application/cbor", Buffer.from([0xf9, 0x7e, 0x00])],
  ["application/msgpack", Buffer.alloc(200_000, 0x91)],
  ["application/msgpack", Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
  ["application/msgpack", Buffer.from([0xc7, 2, 5, 1, 1])],
  ["application/senml+json", '[{"bn":"x","t":-10,"v":1}]'],
  ["application/senml+json", '[{"n":"x","v":1,"must_":1}]'],
  ["application/senml+json", "{}"],
  ["application/senml+json", '[{"n":"a","v":1},{"n":"b","s":5}]'],
  ["application/senml+json", '[{"n":"a","v":1},{"n":"b"}]'],
  ["application/senml+json", '[{"n":"a","v":"1"}]'],
  ["application/senml+json", '[{"n":"a","v":1,"t":1e308,"bt":1e308}]'],
  ["application/senml+json", '[{"n":"a","v":1e308,"bv":1e308}]'],
  ["application/senml+json", '[{"n":"ts","v":1,"t":1700000000}]'],
  ["application/senml+cbor", Buffer.from([0x81, 0xa2, 0x00, 0x61, 0x61, 0x61, 0x6e, 0x61, 0x62])],
  // Text that is no UTF-8: libraries put other characters in its place.
  ["application/cbor", Buffer.from([0xa1, 0x61, 0x61, 0x62, 0xff, 0xfe])],
  ["application/cbor", Buffer.from([0xa1, 0x63, 0xed, 0xa0, 0x80, 0x01])],
  ["application/senml+cbor", Buffer.from([0x81, 0xa2, 0, 0x61, 0x61, 3, 0x62, 0xff, 0xfe])],
  ["application/msgpack", Buffer.from([0x81, 0xa1, 0x61, 0xa2, 0xff, 0xfe])],
  ["application/msgpack", Buffer.from([0x81, 0xa1, 0xff, 0x01])],
  ["application/x-www-form-urlencoded", "a=%FF"],
  ["application/x-www-form-urlencoded", "%C3=1"],
  // What is said twice: one of the two would be lost without a word.
  ["application/msgpack", Buffer.from([0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2])],
  ["application/msgpack", Buffer.from([0x81, 0x01, 0x01])],
  ["application/msgpack", Buffer.from([0xc1])],
  ["text/csv", "a,a\n1,2"],
  ["text/csv", `${"x".repeat(300)}\n1`],
  ["text/csv", 'a\n"never ends'],
  ["application/x-www-form-urlencoded", "a=1&a=2"],
  ["text/plain", "warm"],
])("%s: %# is refused with a reason", (contentType, payload) => {
  expect(decode(contentType, payload)).toBeInstanceOf(Undecodable);
});

test.each([
  ["m,a=1 a=2", 'line 1: "a" comes twice'],
  ["m a=1,a=2", 'line 1: "a" comes twice'],
  ["m,a=1,a=2 b=1", 'line 1: the tag "a" comes twice'],
  ["m ts=1i 1700000000000000000", 'line 1: it has a time, and "ts" as well'],
  [`m ${"k".repeat(200_000)}`, `line 1: the field "${"k".repeat(100)}" has no value`],
])("line protocol: %# is refused, the line beside it is not", (line, detail) => {
  expect(decode("application/vnd.influx.line-protocol", `${line}\nm good=1`)).toMatchObject([
    { detail },
    { good: 1 },
  ]);
});

test("U+FFFD that was sent as such, and a % that is none of an escape, are text", () => {
  expect(decode("application/x-www-form-urlencoded", "a=%EF%BF%BD&b=5%&c=%zz")).toEqual({
    ...{ a: "\ufffd", b: "5%", c: "%zz" },
  });
  const text = { a: "\ufffd", b: "Zo\u00eb \ud83d\ude00" };
  expect(decode("application/cbor", encodeCbor(text))).toEqual(text);
  expect(decode("application/msgpack", encodeMessagePack(text))).toEqual(text);
});

const LARGEST = 256 * 1024;
const WORK_MS_MAX = 2_000;

test.each([
  // 30 million elements announced at each of 40 levels: 10 GB, if somebody believes it.
  ["application/msgpack", Buffer.alloc(200, Buffer.from([0xdd, 0x01, 0xc9, 0xc3, 0x80]))],
  ["application/msgpack", Buffer.alloc(LARGEST, 0x91)],
  ["application/cbor", Buffer.alloc(LARGEST, Buffer.from([0x9a, 0x01, 0xc9, 0xc3, 0x80]))],
  ["application/cbor", Buffer.alloc(LARGEST, 0x9f)],
  ["text/csv", ",".repeat(LARGEST)],
  ["application/x-www-form-urlencoded", "a&".repeat(LARGEST / 2)],
  ["application/vnd.influx.line-protocol", "a b=1\n".repeat(LARGEST / 6)],
])("%s: %# costs little, whatever lengths it says", (contentType, payload) => {
  const from = process.cpuUsage();
  expect(decode(contentType, payload)).toBeInstanceOf(Undecodable);
  const { user, system } = process.cpuUsage(from);
  expect((user + system) / 1_000).toBeLessThan(WORK_MS_MAX);
});

test("whole numbers beyond a double and text in quotation marks stay what they are", () => {
  expect(decode("application/cbor", encodeCbor({ a: 2n ** 60n + 1n }))).toEqual({
    a: 2n ** 60n + 1n,
  });
  expect(
    decode("application/msgpack", encodeMessagePack({ a: 2n ** 60n + 1n }, { useBigInt64: true })),
  ).toEqual({ a: 2n ** 60n + 1n });
  expect(decode("text/csv", 'a,b,c,d\n"1",1,,x')).toEqual([{ a: "1", b: 1, d: "x" }]);
  expect(decode("text/plain", " 21.5\n")).toEqual({ value: 21.5 });
  expect(
    decode(
      "application/senml+json",
      '[{"bn":"urn:dev:x:","bt":1.7e9,"n":"t","v":1},{"n":"h","v":2},{"n":"t","t":1,"v":3}]',
    ),
  ).toEqual([
    { ts: 1_700_000_000_000, t: 1, h: 2 },
    { ts: 1_700_000_001_000, t: 3 },
  ]);
});

test("any bytes end in a value or a reason, and admission in an answer", () => {
  const types = fc.constantFrom(...CODECS.keys());
  const mutated = fc
    .tuple(reading, types, fc.nat(200), fc.nat(255))
    .map(([one, type, at, byte]) => {
      const bytes = Buffer.from((ENCODINGS[type] ?? JSON.stringify)(one) as string);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return [type, bytes] as const;
    });
  const random = fc.tuple(types, fc.uint8Array({ maxLength: 300 }));
  // Good messages cut off, and with a head of any length put before or into them.
  const heads = fc.constantFrom(0x7b, 0x7f, 0x9b, 0x9f, 0xbb, 0xbf, 0xc1, 0xc9, 0xdb, 0xdd, 0xdf);
  const rude = fc
    .tuple(reading, types, fc.nat(200), fc.nat(200), heads, fc.uint8Array({ maxLength: 8 }))
    .map(([one, type, at, cut, head, length]) => {
      const bytes = Buffer.from((ENCODINGS[type] ?? JSON.stringify)(one) as string);
      const place = at % (bytes.length + 1);
      const whole = [
        bytes.subarray(0, place),
        Buffer.from([head, ...length]),
        bytes.subarray(place),
      ];
      return [type, Buffer.concat(whole).subarray(0, bytes.length + 9 - (cut % 50))] as const;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, random, rude), ([type, bytes]) => {
      const admission = admitted(type, bytes);
      expect(["reading", "reject", "several"]).toContain(admission.kind);
    }),
    { numRuns: 5_000 },
  );
});
