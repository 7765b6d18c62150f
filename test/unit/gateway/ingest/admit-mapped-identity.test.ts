// What the log says of the time of a mapped reading, and so how often equal ones count.
import { expect, test } from "vitest";
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
