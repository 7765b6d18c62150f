// What mapping tables can say of values, times and conditions, and what expressions may cost.
import { describe, expect, test } from "vitest";
import type { Admission } from "../../../../gateway/ingest/admission.ts";
import { EXPRESSION_CHARS_MAX } from "../../../../gateway/ingest/mapped-scope.ts";
import {
  ARRIVAL_MS,
  entry,
  payloadsOf,
  said,
  send,
  sendTo,
  values,
} from "../../../support/mapped.ts";

describe("values", () => {
  const value = (field: object, payload: unknown) =>
    sendTo({ fields: { value: field } }, payload, "in/d1");

  test.each([
    ["21.5 °C", 21.5],
    ["50 °F", 10],
    ["283.15K", 10],
    ["21", 21],
  ])("%s is %d degrees", (text, degrees) => {
    const units = {
      "°C": 1,
      "°F": { factor: 0.5555555555555556, offset: -17.77777777777778 },
      K: { offset: -273.15 },
    };
    const [found] = values(value({ pointer: "/t", as: "number", units }, { t: text }));
    expect(found).toBeCloseTo(degrees, 9);
  });

  test("any unit is cut off where the table says so, and none where it does not", () => {
    const field = { pointer: "/t", as: "number", units: "any" };
    expect(values(value(field, { t: "3.5 foo/bar" }))).toEqual([3.5]);
    expect(value({ pointer: "/t", as: "number" }, { t: "3.5 foo" })).toMatchObject({
      detail: '/value: the text at "/t" is no number',
    });
  });

  test("a default stands for what is not there, and for null, and for nothing else", () => {
    const field = { pointer: "/v", default: 7 };
    expect(values(value(field, {}))).toEqual([7]);
    expect(values(value(field, { v: null }))).toEqual([7]);
    expect(values(value(field, { v: 0 }))).toEqual([0]);
    expect(value(field, { v: "x" })).toMatchObject({ reason: "contract_violation" });
  });

  test("numbers become text for tags, with every digit", () => {
    const fields = {
      value: { constant: 1 },
      sensor: { pointer: "/id", as: "text" },
    };
    for (const [id, text] of [
      ["7", "7"],
      ["9007199254740993", "9007199254740993"],
      ["true", "true"],
      ['"x"', "x"],
    ] as const)
      expect(payloadsOf(sendTo({ fields }, `{"id":${id}}`))[0]).toMatchObject({ sensor: text });
    expect(sendTo({ fields }, '{"id":[]}')).toMatchObject({ kind: "reject" });
  });
});

describe("expressions", () => {
  const value = (field: object, payload: unknown) => sendTo({ fields: { value: field } }, payload);

  test.each([
    [{ pointer: "/r", expression: "value / 10 - 40" }, { r: 615 }, 21.5],
    [{ expression: "high * 256 + low", with: { high: "/h", low: "/l" } }, { h: 2, l: 3 }, 515],
    [{ expression: "v >= 128.0 ? v - 256 : v", with: { v: "/v" } }, { v: 255 }, -1],
    [{ pointer: "/m", expression: 'double(value.capture("T=([0-9.]+)"))' }, { m: "xT=7.5;" }, 7.5],
    [{ pointer: "/m", expression: 'double(value.split(",")[2])' }, { m: "1,2,3" }, 3],
    [
      {
        expression: "a + b",
        with: { a: { pointer: "/a", as: "number" }, b: { pointer: "/b", default: 5 } },
      },
      { a: "1.5" },
      6.5,
    ],
    [{ pointer: "/u", expression: "value * 2", factor: 0.5, offset: 1 }, { u: 3 }, 4],
  ])("%j of %j is %d", (field, payload, expected) => {
    expect(values(value(field, payload))).toEqual([expected]);
  });

  test("say nothing where an input is missing: optional leaves out, default stands in, else it is refused", () => {
    const sum = { expression: "a + b", with: { a: "/a", b: "/b" } };
    expect(value(sum, { a: 1 })).toMatchObject({ detail: '/value: nothing at "a + b"' });
    expect(values(value({ ...sum, default: 9 }, { a: 1, b: null }))).toEqual([9]);
  });

  test("that have no answer say why", () => {
    for (const [payload, why] of [
      [{ v: "x" }, "no such overload"],
      [{ v: true }, "no such overload"],
      [{ v: [] }, "value is no number, no boolean and no text of up to 1024 characters"],
      [{ v: "y".repeat(1_025) }, "no text of up to 1024 characters"],
    ] as const)
      expect(value({ pointer: "/v", expression: "value * 2.0" }, payload)).toMatchObject({
        kind: "reject",
        detail: expect.stringContaining(why) as string,
      });
    expect(value({ pointer: "/v", expression: "1 / int(value)" }, { v: 0 })).toMatchObject({
      detail: expect.stringContaining("has no answer") as string,
    });
    expect(value({ pointer: "/v", expression: "value / 0" }, { v: 1 })).toMatchObject({
      kind: "reject",
    });
  });

  test("of one message cost no more than their bound, whether they make values or decide", () => {
    const text = "ab".repeat(512);
    const costly = { pointer: "/s", of: "message", expression: 'value.matches("(a|b)*c") ? 1 : 2' };
    const payload = { s: text, e: new Array(1_000).fill(0) };
    const values = sendTo({ each: "/e", fields: { value: costly } }, payload);
    const atMost = Math.floor(EXPRESSION_CHARS_MAX / (1_024 + 32));
    expect(values).toMatchObject({
      readings: { length: atMost },
      rejects: [{ reason: "too_large", elements: { length: 1_000 - atMost } }],
    });
    const when = [{ of: 1, expression: 'b != "" && !t.matches("(a|b)*c")', with: WITH }];
    const passed = sendTo({ each: "/e", when, fields: { value: { pointer: "" } } }, payload);
    expect(passed).toMatchObject({ rejects: [{ reason: "too_large" }] });
  });
});

const WITH = { t: { pointer: "/s", of: "message" }, b: { pointer: "/s", of: "message" } };

describe("times", () => {
  const at = (time: object, payload: unknown) =>
    sendTo({ time, fields: { value: { constant: 1 } } }, payload);
  const times = (admission: Admission) => payloadsOf(admission).map(({ ts }) => ts);
  const seconds = ARRIVAL_MS / 1_000;

  test("count from a base time, to the nanosecond", () => {
    const sum = {
      pointer: "/t",
      format: "epoch_s",
      base: { pointer: "/bt", format: "epoch_s" },
    };
    expect(times(at(sum, { bt: seconds, t: 0.25 }))).toEqual([ARRIVAL_MS + 250]);
    expect(times(at(sum, { bt: seconds, t: -5 }))).toEqual([ARRIVAL_MS - 5_000]);
    expect(times(at(sum, { bt: seconds }))).toEqual([ARRIVAL_MS]);
    expect(times(at(sum, { t: seconds }))).toEqual([ARRIVAL_MS]);
    expect(times(at(sum, `{"bt":"${seconds}.000000001","t":"0.000000002"}`))).toEqual([
      new Date(ARRIVAL_MS).toISOString().replace("000Z", "000000003Z"),
    ]);
    expect(at(sum, { bt: "noon", t: 1 })).toMatchObject({
      detail: '/ts: the base time "noon" is not epoch_s',
    });
    expect(at(sum, {})).toMatchObject({ detail: '/ts: no time at "/t"' });
  });

  test("count in milliseconds from one that is ISO 8601 in a zone", () => {
    const sum = {
      pointer: "/ms",
      format: "epoch_ms",
      base: { pointer: "/start", format: "iso8601", zone: "Europe/Berlin" },
    };
    expect(times(at(sum, { start: "2026-07-15T12:00:00", ms: 1_500 }))).toEqual([
      ARRIVAL_MS + 1_500,
    ]);
  });

  test("are put together from a date and a time of day", () => {
    const time = {
      expression:
        'date.substring(6) + "-" + date.substring(3, 5) + "-" + date.substring(0, 2) + "T" + time',
      with: { date: "/date", time: "/time" },
      format: "iso8601",
      zone: "UTC",
    };
    expect(times(at(time, { date: "15.07.2026", time: "09:59:59" }))).toEqual([ARRIVAL_MS - 1_000]);
    expect(at(time, { date: "15.07.2026" })).toMatchObject({ kind: "reject" });
    expect(at(time, { date: "x", time: "y" })).toMatchObject({
      detail: expect.stringContaining("has no answer") as string,
    });
  });
});

describe("conditions", () => {
  const two = (over: object) => [
    entry({
      name: "first",
      when: [{ pointer: "/kind", equals: "a" }],
      fields: { value: { constant: 1 } },
    }),
    entry({ name: "rest", fields: { value: { constant: 2 } }, ...over }),
  ];

  test("all entries that fit make readings, or the first alone", () => {
    const both = send("in/d", { kind: "a" }, { mappings: two({}) });
    expect(values(both)).toEqual([1, 2]);
    const first = send("in/d", { kind: "a" }, { mappings: two({ otherwise: true }) });
    expect(values(first)).toEqual([1]);
    const rest = send("in/d", { kind: "b" }, { mappings: two({ otherwise: true }) });
    expect(values(rest)).toEqual([2]);
  });

  test("an expression has to be true, of the message or of each element", () => {
    const busy = { when: [{ expression: "n > 3.0 && s != 'off'", with: { n: "/n", s: "/s" } }] };
    const of = (payload: object) =>
      sendTo({ ...busy, fields: { value: { pointer: "/n" } } }, payload);
    expect(values(of({ n: 4, s: "on" }))).toEqual([4]);
    for (const payload of [{ n: 4, s: "off" }, { n: 3, s: "on" }, { n: 4 }, { n: "x", s: "on" }])
      expect(of(payload)).toMatchObject({ reason: "unmappable" });
    const even = {
      each: "",
      when: [{ pointer: "", of: "element", expression: "int(value) % 2 == 0" }],
    };
    expect(values(sendTo(even, [1, 2, 3, 4]))).toEqual([2, 4]);
  });

  test("of an outer element pass over those that hold none", () => {
    const units = {
      topic: "in",
      each: ["/{unit}", ""],
      device: "{unit}",
      when: [{ pointer: "", of: 1, type: "array" }],
    };
    expect(said(sendTo(units, { a: [1], ts: 5, b: [2] }, "in"))).toEqual([
      { device: "a", value: 1 },
      { device: "b", value: 2 },
    ]);
  });
});
