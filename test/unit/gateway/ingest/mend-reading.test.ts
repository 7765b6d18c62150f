// Telemetry whose contract says that a value it does not allow is left out, or clamped.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../../../contracts/messages/frame.ts";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";

const schema = (humidity: object) => ({
  type: "object",
  additionalProperties: false,
  required: ["temperature"],
  properties: {
    temperature: { type: "number", minimum: -50, maximum: 50, "x-role": "field" },
    humidity: { type: "number", minimum: 0, maximum: 100, "x-role": "field", ...humidity },
    battery: {
      type: "integer",
      minimum: 0,
      maximum: 100,
      "x-role": "field",
      "x-invalid": "omit",
    },
    room: { type: "string", "x-role": "tag" },
  },
});
const NOW_MS = 1_800_000_000_000;

function send(payload: unknown, ...schemas: object[]) {
  const contracts = schemas.map((one, at) => compileContract({ name: "th", version: at + 1 }, one));
  return admit(
    { catalog: new Catalog(contracts), partitions: 1, ageMaxMs: undefined },
    {
      topic: "devices/d/telemetry/th",
      payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
      receivedAtMs: NOW_MS,
      traceparent: null,
      sender: null,
    },
  );
}

function stored(payload: unknown, ...schemas: object[]) {
  const admission = send(payload, ...schemas);
  if (admission.kind !== "reading") throw new Error(JSON.stringify(admission));
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, total: 1, clock: 0, count: 1 };
  const [reading] = decodeFrame(encodeFrame(header, [admission.encoded])).readings;
  return { payload: reading!.payload, version: reading!.version, noted: admission.noted };
}

const omits = schema({ "x-invalid": "omit" });
const clamps = schema({ "x-invalid": "clamp" });

test("x-invalid omit leaves the field out, and says so", () => {
  expect(stored({ temperature: 20, humidity: 101, battery: "full" }, omits)).toEqual({
    payload: { temperature: 20 },
    version: 1,
    noted: {
      device: "d",
      notes: [
        { field: "humidity", how: "left_out", detail: "/humidity must be <= 100" },
        { field: "battery", how: "left_out", detail: "/battery must be integer" },
      ],
    },
  });
});

test("x-invalid clamp takes the nearest value that is allowed, and leaves out what has none", () => {
  expect(stored({ temperature: 20, humidity: 101 }, clamps).payload).toEqual({
    temperature: 20,
    humidity: 100,
  });
  expect(stored({ temperature: 20, humidity: -1 }, clamps).payload["humidity"]).toBe(0);
  expect(stored({ temperature: 20, humidity: "wet" }, clamps).payload).toEqual({ temperature: 20 });
});

test("a valid reading goes into the log as it came", () => {
  const text = '{ "humidity": 4.0e1, "temperature": 20.0 }';
  const admission = send(text, omits);
  expect(admission).not.toHaveProperty("noted");
  expect(admission.kind === "reading" && admission.encoded).toContain(text);
});

test("what is required, unknown, or a tag is refused, and names the first violation", () => {
  expect(send({ temperature: 99, humidity: 40 }, omits)).toMatchObject({
    reason: "contract_violation",
    detail: "/temperature must be <= 50",
  });
  for (const payload of [
    { humidity: 40 },
    { temperature: 20, colour: 1 },
    { temperature: 20, room: 7 },
  ])
    expect(send(payload, omits)).toMatchObject({ kind: "reject", reason: "contract_violation" });
  expect(send({ temperature: 20, humidity: 101 }, schema({}))).toMatchObject({
    detail: "/humidity must be <= 100",
  });
});

test("a version that allows all of a reading goes before a newer one that allows a part", () => {
  const wide = schema({ maximum: 200 });
  expect(stored({ temperature: 20, humidity: 150 }, wide, omits)).toMatchObject({
    version: 1,
    payload: { humidity: 150 },
  });
  expect(stored({ temperature: 20, humidity: 250 }, wide, omits).version).toBe(2);
});

test("a reading without any field is none", () => {
  const bare = { ...omits, required: [] };
  expect(send({ battery: 255, room: "a" }, bare)).toMatchObject({
    reason: "contract_violation",
    detail: "no field of the contract is left; /battery must be <= 100",
  });
});

const open = { ...omits, additionalProperties: true };

test.each([
  ["half a surrogate pair elsewhere", '"note":"\\ud800"', "/note is no Unicode text"],
  ["a number beyond a double elsewhere", '"note":1e999', "/note is a number beyond"],
  ["a number that no double is", '"level":9007199254740993', "/level is 9007199254740993"],
])("%s is refused, also beside a field that is left out", (_, rest, detail) => {
  const level = { type: "number", "x-role": "field" };
  const levelled = { ...open, properties: { ...open.properties, level } };
  for (const battery of ["5", '"full"'])
    expect(send(`{"temperature":20,"battery":${battery},${rest}}`, levelled)).toMatchObject({
      reason: "contract_violation",
      detail: expect.stringContaining(detail) as unknown,
    });
});

const counter = (over: object) => ({
  type: "object",
  required: ["temperature"],
  properties: {
    temperature: { type: "number", "x-role": "field" },
    count: { type: "integer", "x-role": "field", ...over },
    text: { type: "string", "x-role": "field", "x-invalid": "omit" },
    room: { type: ["string", "object"], "x-role": "tag" },
  },
});

test("a whole number that cannot be kept is an invalid value like any other", () => {
  const sent = '{"temperature":20,"count":9007199254740993}';
  expect(stored(sent, counter({ "x-invalid": "omit" }))).toMatchObject({
    payload: { temperature: 20 },
    noted: {
      notes: [
        {
          field: "count",
          how: "left_out",
          detail: expect.stringContaining(
            "/count is 9007199254740993: whole numbers go",
          ) as unknown,
        },
      ],
    },
  });
  const clamped = counter({ "x-invalid": "clamp", maximum: 1_000 });
  expect(stored(sent, clamped).payload).toEqual({ temperature: 20, count: 1_000 });
  // Within its bounds it has no nearest that is allowed.
  const within = counter({ "x-invalid": "clamp", minimum: 0 });
  expect(stored(sent, within).payload).toEqual({ temperature: 20 });
  expect(send(sent, counter({}))).toMatchObject({ reason: "contract_violation" });
});

test("text that is none is an invalid value like any other", () => {
  expect(stored('{"temperature":20,"text":"\\ud800"}', counter({}))).toMatchObject({
    payload: { temperature: 20 },
    noted: {
      notes: [{ field: "text", detail: expect.stringContaining("/text is no Unicode") as unknown }],
    },
  });
});

test("what a mended reading holds besides is as it was sent, or refused", () => {
  const omits = counter({ "x-invalid": "omit" });
  const sent = '{"temperature":20,"count":"x","z":18446744073709551615,"a":[1.50,{"b":"é"}]}';
  const admission = send(sent, omits);
  expect(admission.kind === "reading" && admission.encoded).toContain(
    '{"a":[1.5,{"b":"é"}],"temperature":20,"z":18446744073709551615}',
  );
  expect(
    send('{"temperature":20,"count":"x","z":{"y":[18446744073709551615]}}', omits),
  ).toMatchObject({
    reason: "contract_violation",
    detail: expect.stringContaining("/z/y/0 is 18446744073709551615") as unknown,
  });
  const deep = `${"[".repeat(20_000)}18446744073709551615${"]".repeat(20_000)}`;
  expect(send(`{"temperature":20,"count":"x","z":${deep}}`, omits)).toMatchObject({
    detail: "the payload is too deep to be written anew",
  });
  expect(send(`{"temperature":9007199254740993,"z":${deep}}`, omits)).toMatchObject({
    detail: "/temperature is 9007199254740992, and the payload too deep to be read exactly",
  });
  const long = `[${"1e20,".repeat(9_000)}1]`;
  expect(send(`{"temperature":20,"count":"x","z":${long}}`, omits)).toMatchObject({
    reason: "too_large",
  });
});

test("a number inside of a tag is kept exactly, or refused", () => {
  for (const inner of ["9007199254740993", "1e400"])
    expect(send(`{"temperature":20,"room":{"id":[${inner}]}}`, counter({}))).toMatchObject({
      detail: expect.stringContaining("/room/id/0 is ") as unknown,
    });
  expect(stored('{"temperature":20,"room":{"id":[7]}}', counter({})).payload).toHaveProperty(
    "room",
  );
});

test("whatever an object holds: a reading that its readers can read, or a reject", () => {
  const keys = fc.constantFrom("temperature", "humidity", "battery", "room", "note");
  const odd = fc.constantFrom(
    "1e999",
    '"\\ud800"',
    "9007199254740993",
    "[[1e400]]",
    '"\\udfff\\ud800"',
  );
  const values = fc.oneof(fc.json(), fc.integer({ min: 0, max: 100 }).map(String), odd);
  fc.assert(
    fc.property(fc.dictionary(keys, values), (object) => {
      const entries = Object.entries(object).map(([key, value]) => `"${key}":${value}`);
      const text = `{"temperature":20,${['"battery":255', ...entries].join(",")}}`;
      for (const one of [open, omits])
        if (send(text, one).kind === "reading")
          expect(stored(text, one).payload).toBeTypeOf("object");
    }),
    { numRuns: 500 },
  );
});
