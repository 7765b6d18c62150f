// Values that a contract does not allow, and what a table can say, against tables of one entry.
import { describe, expect, test } from "vitest";
import { notesOf, payloadsOf, send } from "../../../support/mapped.ts";

describe("a sensor with one bad value", () => {
  test.each([
    [{ temperature: 21.4, battery: 255 }, "battery", "/battery must be <= 100"],
    [{ temperature: 21.4, humidity: 100.4 }, "humidity", "/humidity must be <= 100"],
    [{ temperature: 21.4, humidity: [40] }, "humidity", "/humidity must be number"],
    [
      { temperature: 21.4, battery: "" },
      "battery",
      '/battery: the text at "/battery" is no number',
    ],
  ])("%j: the temperature is stored, and what is left out is noted", (payload, field, detail) => {
    const admission = send("zigbee2mqtt/th1", payload);
    expect(payloadsOf(admission)).toEqual([{ temperature: 21.4 }]);
    expect(admission).toMatchObject({
      kind: "reading",
      noted: { device: "th1", notes: [{ field, how: "left_out", detail }] },
    });
  });

  test("and nothing else is refused, with what was wrong", () => {
    const only = { temperature: 500, battery: 255 };
    expect(send("zigbee2mqtt/th1", only)).toMatchObject({
      kind: "reject",
      reason: "contract_violation",
      detail: "/temperature must be <= 200",
    });
    expect(send("zigbee2mqtt/th1", { temperature: {} })).toMatchObject({ kind: "reject" });
  });

  const entry = (fields: object, over: object = {}) => [
    { name: "e", topic: "x/{device}", contract: "climate", time: "arrival", fields, ...over },
  ];
  const temperature = { pointer: "/t" };
  const humidity = { pointer: "/h", optional: true };

  test("is refused where the table says so, and where it is required", () => {
    for (const mappings of [
      entry({ temperature, humidity: { ...humidity, invalid: "refuse" } }),
      entry({ temperature, humidity }, { invalid: "refuse" }),
    ])
      expect(send("x/d", { t: 20, h: 101 }, { mappings })).toMatchObject({ kind: "reject" });
    expect(
      send("x/d", { t: "cold", h: 40 }, { mappings: entry({ temperature, humidity }) }),
    ).toMatchObject({
      kind: "reject",
      detail: "/temperature must be number",
    });
  });

  test("is clamped where the table says so", () => {
    const mappings = entry({ temperature, humidity: { ...humidity, invalid: "clamp" } });
    for (const [h, kept] of [
      [100.4, 100],
      [-3, 0],
    ]) {
      const admission = send("x/d", { t: 20, h }, { mappings });
      expect(payloadsOf(admission)).toEqual([{ temperature: 20, humidity: kept }]);
      expect(notesOf(admission)).toMatchObject([{ field: "humidity", how: "clamped" }]);
    }
    const text = send("x/d", { t: 20, h: "wet" }, { mappings });
    expect(notesOf(text)).toMatchObject([{ field: "humidity", how: "left_out" }]);
  });

  test("never loses its tag: it would be of another series", () => {
    const fields = { value: { pointer: "/v" }, sensor: { pointer: "/s", optional: true } };
    const table = entry(fields, { contract: "measurement" });
    expect(send("x/d", { v: 1, s: "a".repeat(65) }, { mappings: table })).toMatchObject({
      kind: "reject",
    });
    const words = { ...fields, sensor: { ...fields.sensor, as: { inlet: "in", outlet: "out" } } };
    const byWord = entry(words, { contract: "measurement" });
    expect(send("x/d", { v: 1, s: "lid" }, { mappings: byWord })).toMatchObject({
      reason: "unmappable",
    });
    expect(payloadsOf(send("x/d", { v: 1, s: "Inlet" }, { mappings: byWord }))).toMatchObject([
      { sensor: "in" },
    ]);
  });
});

describe("what a table can say", () => {
  const value = (field: object, over: object = {}) => [
    {
      name: "e",
      topic: "x/{device}",
      contract: "measurement",
      time: "arrival",
      fields: { value: field },
      ...over,
    },
  ];

  test.each([
    ["a decimal comma", { as: "number", decimal: "," }, "21,5", 21.5],
    ["a unit", { as: "number", units: { W: 1, kW: 1000 } }, "23 W", 23],
    ["another unit", { as: "number", units: { W: 1, kW: 1000 } }, "1.5kW", 1500],
    ["no unit, and a sign", { as: "number", units: { W: 1 } }, "+.5", 0.5],
    ["comma and unit", { as: "number", decimal: ",", units: { "°C": 1 } }, "-3,25 °C", -3.25],
    [
      "unit, factor and offset",
      { as: "number", units: { F: 1 }, factor: 0.5, offset: 1 },
      "4 F",
      3,
    ],
    ["a word", { as: { on: 1, off: 0 } }, "ON ", 1],
    ["a boolean", { as: { true: 1, false: 0 } }, false, 0],
    ["a number as a word", { as: { "1": 100 } }, 1, 100],
    ["the second of two places", { pointer: ["/w", "/v"] }, 7, 7],
  ])("%s", (_name, field, v, expected) => {
    const mappings = value({ pointer: "/v", ...field });
    expect(payloadsOf(send("x/d", { v }, { mappings }))).toEqual([{ value: expected }]);
  });

  test.each([
    ["a comma undeclared", { as: "number" }, "21,5", "no number"],
    ["a point where commas are declared", { as: "number", decimal: "," }, "1.234", "no number"],
    ["a unit undeclared", { as: "number" }, "23 W", "no number"],
    ["another unit", { as: "number", units: { W: 1 } }, "23 A", "no number in a unit"],
    ["an unknown word", { as: { on: 1 } }, "open", "none of the words"],
    ["a word of Object", { as: { on: 1 } }, "constructor", "none of the words"],
    ["an object for a word", { as: { on: 1 } }, {}, "none of the words"],
    ["a number too large", { as: "number" }, "1e400", "no number that can be kept"],
    ["digits beyond a double", { as: "number" }, "9007199254740993", "more digits than"],
  ])("refuses %s", (_name, field, v, why) => {
    const admission = send("x/d", { v }, { mappings: value({ pointer: "/v", ...field }) });
    expect(admission).toMatchObject({ kind: "reject", reason: "unmappable" });
    expect(admission.kind === "reject" && admission.detail).toContain(why);
  });

  test("a payload that is text", () => {
    const mappings = value(
      { pointer: "", as: "number", decimal: ",", units: { "°C": 1 } },
      { payload: "text" },
    );
    expect(payloadsOf(send("x/d", "21,5 °C\n", { mappings }))).toEqual([{ value: 21.5 }]);
    expect(send("x/d", "nan", { mappings })).toMatchObject({ reason: "unmappable" });
    const both = [...value({ pointer: "" }), ...mappings.map((one) => ({ ...one, name: "t" }))];
    expect(payloadsOf(send("x/d", "21,5", { mappings: both }))).toEqual([{ value: 21.5 }]);
    expect(send("x/d", "21,5", { mappings: value({ pointer: "" }) })).toMatchObject({
      reason: "not_json",
    });
  });

  test("a payload as text is UTF-8, or refused with the first byte that is not", () => {
    const fields = { value: { constant: 1 }, sensor: { pointer: "" } };
    const mappings = value({}, { payload: "text", fields });
    expect(payloadsOf(send("x/d", " größe\ufffd\n", { mappings }))).toMatchObject([
      { sensor: "größe\ufffd" },
    ]);
    for (const [bytes, at] of [
      [[0x61, 0xff], "0xff at offset 1"],
      [[0xc0, 0xaf], "0xc0 at offset 0"],
      [[0xed, 0xa0, 0x80], "0xed at offset 0"],
    ] as const)
      expect(send("x/d", Buffer.from(bytes), { mappings })).toMatchObject({
        reason: "not_json",
        device: "d",
        detail: `the payload is not UTF-8: byte ${at}`,
      });
  });

  test("conditions on type and absence, of the message and of its elements", () => {
    const when = [
      { pointer: "/v", type: ["number", "null"] },
      { pointer: "/error", absent: true },
    ];
    const typed = value({ pointer: "/v" }, { when });
    expect(send("x/d", { v: 1 }, { mappings: typed })).toMatchObject({ kind: "reading" });
    for (const payload of [{ v: "1" }, { v: 1, error: null }, {}, [1]])
      expect(send("x/d", payload, { mappings: typed })).toMatchObject({
        reason: "unmappable",
        detail: "no mapping of this topic applies to the payload",
      });
    const each = value(
      { pointer: "/v" },
      { each: "", when: [{ pointer: "/v", type: "number", of: "element" }] },
    );
    expect(
      payloadsOf(send("x/d", [{ v: 1 }, { v: "x" }, { v: 3 }], { mappings: each })),
    ).toMatchObject([{ value: 1 }, { value: 3 }]);
    expect(send("x/d", [{ v: "x" }], { mappings: each })).toMatchObject({ reason: "unmappable" });
  });

  test("an array of numbers, each with its place", () => {
    const fields = { value: { pointer: "" }, sensor: { index: 1 } };
    const each = value({}, { each: "/v", fields });
    const admission = send("x/d", { v: [1.5, "bad", 2.5] }, { mappings: each });
    expect(payloadsOf(admission)).toEqual([
      { value: 1.5, sensor: "1" },
      { value: 2.5, sensor: "3" },
    ]);
    expect(admission).toMatchObject({ refused: 1, rejects: [{ elements: [1] }] });
  });

  test("a level that is part text, part name", () => {
    const named = value({ pointer: "" }, { topic: "x/dev-{device}.json" });
    expect(send("x/dev-7.json", "1", { mappings: named })).toMatchObject({ kind: "reading" });
    for (const topic of ["x/dev-.json", "x/7.json", "x/dev-7", "x/dev-7.json/a"])
      expect(send(topic, "1", { mappings: named })).toMatchObject({ reason: "unmapped_topic" });
  });
});
