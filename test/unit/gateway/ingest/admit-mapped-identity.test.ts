// What the log says of the time of a mapped reading, and so how often equal ones count.
import { expect, test } from "vitest";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { ARRIVAL_MS, readingsOf, send } from "../../../support/mapped.ts";

const flow = (over: object = {}) => [
  {
    name: "flow",
    topic: "flow/{device}",
    contract: "climate",
    time: { pointer: "/at", format: "epoch_ms", optional: true, fallback: "arrival" },
    fields: {
      temperature: { pointer: "/v" },
      humidity: { pointer: "/h", optional: true, ...over },
    },
  },
];

const logged = (topic: string, text: string, mappings?: readonly object[]) => {
  const [reading] = readingsOf(send(topic, text, mappings ? { mappings } : {}));
  return { payload: reading!.payload, isKnown: reading!.isKnown };
};

test("a time that is the gateway's own is not in the log, and the reading is known by its place", () => {
  expect(logged("sensors/pulse-2/pulse", "1")).toEqual({
    payload: { quantity: "pulse", value: 1 },
    isKnown: false,
  });
  for (const text of ['{"v":1}', '{"v":1,"at":null}', '{"v":1,"at":86400000}'])
    expect(logged("flow/a", text, flow())).toEqual({
      payload: { temperature: 1 },
      isKnown: false,
    });
});

test("the same holds for a reading of which a value is left out, or clamped", () => {
  expect(logged("zigbee2mqtt/th1", '{"temperature":21.4,"battery":255}')).toEqual({
    payload: { temperature: 21.4 },
    isKnown: false,
  });
  for (const [invalid, payload] of [
    ["omit", { temperature: 1 }],
    ["clamp", { temperature: 1, humidity: 100 }],
  ] as const)
    for (const time of ["", ',"at":null', ',"at":86400000'])
      expect(logged("flow/a", `{"v":1,"h":100.4${time}}`, flow({ invalid }))).toEqual({
        payload,
        isKnown: false,
      });
});

test("a time of the device's own is in the log, also one that is the time of arrival", () => {
  for (const text of [`{"v":1,"at":${ARRIVAL_MS}}`, `{"v":1,"at":${ARRIVAL_MS},"h":255}`])
    expect(logged("flow/a", text, flow())).toEqual({
      payload: { ts: ARRIVAL_MS, temperature: 1 },
      isKnown: true,
    });
});

const fine = (format: string, contract = "measurement") => [
  {
    name: "fine",
    topic: "fine/{device}",
    contract,
    time: { pointer: "/t", format },
    fields: { value: { pointer: "/v" } },
  },
];

test("digits below the millisecond tell mapped readings apart, in every spelling of them alike", () => {
  const seconds = Math.floor(ARRIVAL_MS / 1_000);
  const iso = new Date(ARRIVAL_MS).toISOString().slice(0, 19);
  for (const [format, time, logs] of [
    ["epoch_ns", `${seconds}416123457`, `${iso}.416123457Z`],
    ["epoch_ns", `"${seconds}416123457"`, `${iso}.416123457Z`],
    ["epoch_us", `${seconds}416123`, `${iso}.416123000Z`],
    ["epoch_ms", `"${seconds}416,123"`, `${iso}.416123000Z`],
    ["epoch_s", `"${seconds}.416123457"`, `${iso}.416123457Z`],
    ["iso8601", `"${iso}.416123457Z"`, `${iso}.416123457Z`],
    ["epoch_ns", `${seconds}416000000`, seconds * 1_000 + 416],
    ["epoch_s", `${seconds}.416`, seconds * 1_000 + 416],
    ["iso8601", `"${iso}.416Z"`, seconds * 1_000 + 416],
  ] as const) {
    const admission = send("fine/a", `{"v":1,"t":${time}}`, { mappings: fine(format) });
    const [reading] = readingsOf(admission);
    expect(reading, `${format} ${time}`).toMatchObject({
      payload: { ts: logs, value: 1 },
      atMs: seconds * 1_000 + 416,
      isKnown: true,
    });
  }
});

test("where a contract takes numbers alone, digits below the millisecond are cut off", () => {
  const schema = {
    type: "object",
    "x-identity": "time",
    required: ["ts"],
    properties: {
      ts: { type: "integer", "x-role": "time" },
      value: { type: "number", "x-role": "field" },
    },
  };
  const catalog = new Catalog([compileContract({ name: "whole", version: 1 }, schema)]);
  const admission = send("fine/a", `{"v":1,"t":${ARRIVAL_MS}123457}`, {
    mappings: fine("epoch_ns", "whole"),
    catalog,
  });
  expect(readingsOf(admission, catalog)).toMatchObject([{ payload: { ts: ARRIVAL_MS, value: 1 } }]);
});
