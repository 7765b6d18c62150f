// What mapping tables can say of devices and elements, and what holds whatever they say.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";
import { parseMappings } from "../../../../contracts/mapping.ts";
import {
  ARRIVAL_MS,
  entry,
  payloadsOf,
  readingsOf,
  said,
  sendTo,
  shippedCatalog,
  values,
} from "../../../support/mapped.ts";

describe("the device", () => {
  const inside = {
    topic: "in",
    names: { id: { pointer: "/id" } },
    device: "hall-{id|lower}",
    fields: { value: { pointer: "/v" } },
  };

  test("is in the payload, as text or as a number", () => {
    expect(said(sendTo(inside, { id: "A7", v: 1 }, "in"))).toEqual([
      { device: "hall-a7", value: 1 },
    ]);
    expect(said(sendTo(inside, { id: 12, v: 1 }, "in"))[0]).toMatchObject({ device: "hall-12" });
  });

  test("that is not there, or is no id, refuses the reading with the reason", () => {
    for (const payload of [{ v: 1 }, { id: null, v: 1 }, { id: {}, v: 1 }])
      expect(sendTo(inside, payload, "in")).toMatchObject({
        kind: "reject",
        reason: "unmappable",
        device: null,
        mapping: "e",
      });
    expect(sendTo(inside, { id: "a/b", v: 1 }, "in")).toMatchObject({
      reason: "contract_violation",
      detail: expect.stringContaining("holds / or + or #") as string,
    });
  });

  test("is the client id, and the same message of another client is of another device", () => {
    const mapper = new Mapper(
      parseMappings({
        mappings: [entry({ topic: "in", names: { id: { client: true } }, device: "{id}" })],
      }),
    );
    const rules = { catalog: shippedCatalog, partitions: 1, ageMaxMs: undefined, mapper };
    const from = (clientId: string) =>
      said(
        admit(rules, {
          sender: { clientId },
          topic: "in",
          payload: Buffer.from("1"),
          receivedAtMs: ARRIVAL_MS,
          traceparent: null,
        }),
      );
    expect(from("pump-1")).toEqual([{ device: "pump-1", value: 1 }]);
    expect(from("pump-2")).toEqual([{ device: "pump-2", value: 1 }]);
  });

  test("that its sender may not speak for is refused, wherever the table has it from", () => {
    const mapper = new Mapper(parseMappings({ mappings: [entry({ ...inside, each: "" })] }));
    const rules = {
      ...{ catalog: shippedCatalog, partitions: 1, ageMaxMs: undefined, mapper },
      speech: {
        speechProblem: (_: unknown, device: string) =>
          device === "hall-mine" ? null : `${device} is another's`,
        isRegistered: () => false,
      },
    };
    const admission = admit(rules, {
      sender: { clientId: "c" },
      topic: "in",
      payload: Buffer.from('[{"id":"mine","v":1},{"id":"victim","v":2}]'),
      receivedAtMs: ARRIVAL_MS,
      traceparent: null,
    });
    expect(said(admission)).toEqual([{ device: "hall-mine", value: 1 }]);
    expect(admission).toMatchObject({
      rejects: [{ reason: "not_authorized", device: null, elements: [1] }],
    });
  });

  test("each key is a device, and a reject of several devices is of none of them", () => {
    const keyed = { topic: "in", each: "/{unit}", device: "{unit}" };
    expect(said(sendTo(keyed, { north: 1, south: 2 }, "in"))).toEqual([
      { device: "north", value: 1 },
      { device: "south", value: 2 },
    ]);
    const bad = sendTo(keyed, { north: "x", south: "y", west: 3 }, "in");
    expect(said(bad)).toEqual([{ device: "west", value: 3 }]);
    expect(bad).toMatchObject({
      rejects: [{ reason: "contract_violation", device: null, elements: [0, 1] }],
    });
  });
});

test("the rest of a topic has a name, and is not empty", () => {
  const rest = {
    topic: "n/{device}/{path#}",
    fields: { value: { pointer: "" }, quantity: { level: "path" } },
  };
  expect(payloadsOf(sendTo(rest, 1, "n/d/Dc/0/Voltage"))).toEqual([
    { value: 1, quantity: "Dc/0/Voltage" },
  ]);
  expect(payloadsOf(sendTo(rest, 1, "n/d/Soc"))).toEqual([{ value: 1, quantity: "Soc" }]);
  for (const topic of ["n/d", "n/d/"])
    expect(sendTo(rest, 1, topic)).toMatchObject({ reason: "unmapped_topic" });
});

describe("elements", () => {
  test("arrays in arrays, with what they share on every level", () => {
    const admission = sendTo(
      {
        each: ["/channels", "/samples"],
        time: { pointer: "/t", format: "epoch_ms" },
        fields: {
          value: { pointer: "/v" },
          sensor: { pointer: "/name", of: 1 },
          quantity: { pointer: "/what", of: "message" },
        },
      },
      {
        what: "level",
        channels: [
          {
            name: "a",
            samples: [
              { t: ARRIVAL_MS, v: 1 },
              { t: ARRIVAL_MS + 1, v: 2 },
            ],
          },
          { name: "b", samples: [{ t: ARRIVAL_MS, v: 3 }] },
          { name: "c", samples: [] },
        ],
      },
    );
    expect(payloadsOf(admission)).toEqual([
      { ts: ARRIVAL_MS, value: 1, sensor: "a", quantity: "level" },
      { ts: ARRIVAL_MS + 1, value: 2, sensor: "a", quantity: "level" },
      { ts: ARRIVAL_MS, value: 3, sensor: "b", quantity: "level" },
    ]);
  });

  test("an inner array that is none is one element, refused with its place", () => {
    const nested = { each: ["/channels", "/samples"], fields: { value: { pointer: "" } } };
    expect(sendTo(nested, { channels: [{ samples: [1] }, {}, { samples: [2] }] })).toMatchObject({
      readings: [{}, {}],
      rejects: [{ detail: "/channels/1/samples is not an array", elements: [1] }],
    });
  });

  test("more than a thousand are refused together, however they are nested", () => {
    const nested = { each: ["", ""], fields: { value: { pointer: "" } } };
    const fifty = new Array<number>(50).fill(1);
    expect(sendTo(nested, new Array(21).fill(fifty))).toMatchObject({ reason: "too_large" });
    expect(said(sendTo(nested, new Array(20).fill(fifty)))).toHaveLength(1_000);
  });

  test("keys of devices that hold arrays, and keys of values in those", () => {
    const gateway = {
      topic: "in",
      each: ["/{unit}", "", "/values/{quantity}"],
      device: "{unit}",
      time: { pointer: "/ts", of: 2, format: "epoch_ms" },
      fields: { value: { pointer: "" }, quantity: { level: "quantity" } },
    };
    const payload = { A: [{ ts: ARRIVAL_MS, values: { t: 1, h: 2 } }], B: [{ ts: 1, values: {} }] };
    expect(said(sendTo(gateway, payload, "in"))).toEqual([
      { device: "A", ts: ARRIVAL_MS, value: 1, quantity: "t" },
      { device: "A", ts: ARRIVAL_MS, value: 2, quantity: "h" },
    ]);
  });

  test("rows under the names of their columns, in whatever order these come", () => {
    const rows = {
      each: "/values",
      columns: "/columns",
      time: { pointer: "/time", format: "epoch_ms" },
      fields: { value: { pointer: "/temp" } },
    };
    expect(
      payloadsOf(
        sendTo(rows, {
          columns: ["temp", "time"],
          values: [
            [1, ARRIVAL_MS],
            [2, ARRIVAL_MS],
          ],
        }),
      ),
    ).toEqual([
      { ts: ARRIVAL_MS, value: 1 },
      { ts: ARRIVAL_MS, value: 2 },
    ]);
    expect(
      sendTo(rows, { columns: ["temp", "time"], values: [[1], 7, [3, ARRIVAL_MS]] }),
    ).toMatchObject({
      readings: [{}],
      rejects: [
        { detail: "the element has 1 values for 2 columns (the first of 2)", elements: [0, 1] },
      ],
    });
    expect(sendTo(rows, { values: [[1]] })).toMatchObject({
      detail: "/columns: no array of names is there",
    });
  });

  test("rows of several series, each with columns of its own", () => {
    const series = {
      each: ["/series", "/values"],
      columns: { pointer: "/columns", of: 1 },
      fields: { value: { pointer: "/v" }, sensor: { pointer: "/name", of: 1 } },
    };
    const payload = {
      series: [
        { name: "a", columns: ["v"], values: [[1]] },
        { name: "b", columns: ["x", "v"], values: [[0, 2]] },
      ],
    };
    expect(payloadsOf(sendTo(series, payload))).toEqual([
      { value: 1, sensor: "a" },
      { value: 2, sensor: "b" },
    ]);
  });

  test("one reading of an array of named values", () => {
    const one = {
      contract: "climate",
      fields: {
        temperature: { pointer: "/sensors/[name=temp]/value" },
        humidity: { pointer: "/sensors/[name=hum]/value", optional: true },
        battery: { pointer: "/sensors/[id=7]/value", optional: true },
      },
    };
    const sensors = [
      { name: "hum", value: 40 },
      { id: 7, value: 90 },
      { name: "temp", value: 21 },
    ];
    expect(payloadsOf(sendTo(one, { sensors }))).toEqual([
      { temperature: 21, humidity: 40, battery: 90 },
    ]);
    expect(sendTo(one, { sensors: { "[name=temp]": { value: 3 } } })).toMatchObject({
      kind: "reading",
    });
  });

  test("JSON inside text is read in its place, and text that is none is said", () => {
    const packed = {
      unpack: ["/data", "/data/inner"],
      when: [{ pointer: "/event", equals: "temp" }],
      fields: { value: { pointer: "/data/inner/v" } },
    };
    const inner = JSON.stringify({ v: 3 });
    expect(values(sendTo(packed, { event: "temp", data: JSON.stringify({ inner }) }))).toEqual([3]);
    expect(values(sendTo(packed, { event: "temp", data: { inner: { v: 4 } } }))).toEqual([4]);
    expect(sendTo(packed, { event: "temp", data: "{" })).toMatchObject({
      detail: 'the text at "/data" is not JSON',
    });
    expect(sendTo(packed, { event: "other", data: "{" })).toMatchObject({
      detail: "no mapping of this topic applies to the payload",
    });
  });
});

test("a message that comes again gives the same text, and so counts once", () => {
  const nested = {
    each: ["/c", "/s"],
    time: { pointer: "/t", format: "epoch_ms" },
    fields: { value: { pointer: "/v", expression: "value * 3" }, sensor: { pointer: "/n", of: 1 } },
  };
  const text = JSON.stringify({ c: [{ n: "a", s: [{ t: ARRIVAL_MS, v: 0.1 }] }] });
  const [one, again] = [sendTo(nested, text), sendTo(nested, text.replace("0.1", "1e-1"))];
  expect(readingsOf(again)).toEqual(readingsOf(one));
  expect(readingsOf(one)[0]!.isKnown).toBe(true);
});

test("whatever comes, on every part of the language: readings or rejects, never an exception", () => {
  const mappings = parseMappings({
    mappings: [
      entry({
        name: "all",
        topic: "in/{level}",
        names: { id: { pointer: ["/id", "/a/id"], of: "message", default: "x" } },
        device: "{id}-{level}",
        unpack: ["/text", "/a/0"],
        each: ["/a", "/{key}"],
        columns: { pointer: "/c", of: "message" },
        when: [
          { pointer: "/t", of: 1 },
          { expression: "x != 3.0", with: { x: "/x" }, of: "element" },
        ],
        time: {
          pointer: "/t",
          of: "message",
          format: "epoch_s",
          base: { pointer: "/[x=1]/b", of: "message", format: "iso8601" },
          optional: true,
        },
        fields: {
          value: { pointer: ["", "/v"], as: "number", units: "any", expression: "value + 1" },
          sensor: { level: "key" },
        },
      }),
      entry({ name: "plain", otherwise: true, each: ["", ""], topic: "in/+", device: "d" }),
    ],
  });
  const mapper = new Mapper(mappings);
  const rules = { catalog: shippedCatalog, partitions: 1, ageMaxMs: undefined, mapper };
  const key = fc.constantFrom("a", "c", "t", "id", "text", "x", "b", "v", "__proto__", "0");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, 1, 1e400, "x", "1 W", '{"v":1}', "[[1]]", ARRIVAL_MS, true),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (payload) => {
      const admission = admit(rules, {
        sender: null,
        topic: "in/l",
        payload: Buffer.from(JSON.stringify(payload)),
        receivedAtMs: ARRIVAL_MS,
        traceparent: null,
      });
      expect(["reading", "reject", "several"]).toContain(admission.kind);
    }),
  );
});
