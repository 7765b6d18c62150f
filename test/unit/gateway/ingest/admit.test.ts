import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { REJECT_REASONS } from "../../../../contracts/messages/reject.ts";
import { CLOCK_AHEAD_MAX_MS } from "../../../../gateway/ingest/clock-limit.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Undecodable } from "../../../../gateway/ingest/codecs/codec.ts";

const rules = { catalog: loadCatalog(SCHEMAS_DIRECTORY), partitions: 4, ageMaxMs: undefined };
const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const valid = { seq: 1, temperature: 20, humidity: 40, light: 0, co2: 500, occupancy: 0 };

const send = (payload: unknown, topic = "devices/room-1/telemetry/environment", over = rules) =>
  admit(over, {
    topic,
    payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
    receivedAtMs: NOW_MS,
    traceparent: null,
    sender: null,
  });

test("a valid reading is admitted with its payload as received", () => {
  const text = JSON.stringify(valid, null, 1);
  const admission = send(text);
  expect(admission.kind).toBe("reading");
  expect(admission.kind === "reading" && admission.encoded).toContain(text);
});

test("one device always lands in one partition", () => {
  const partitions = [1, 2, 3].map((seq) => send({ ...valid, seq }));
  expect(new Set(partitions.map((one) => one.kind === "reading" && one.partition)).size).toBe(1);
});

test.each([
  ["not_json", "{", undefined],
  ["not_json", "[1]", undefined],
  ["not_json", "null", undefined],
  ["not_json", "\u0000", undefined],
  ["unknown_contract", valid, "devices/room-1/telemetry/weather"],
  ["unknown_contract", valid, "devices/room-1/telemetry/constructor"],
  ["unmapped_topic", valid, "devices/room-1/other"],
  ["unmapped_topic", valid, "alerts/co2-high/room-1"],
  ["unknown_contract", valid, "devices/room-1/telemetry/environment/v2"],
  ["unmapped_topic", valid, "devices/room-1/telemetry/environment/v01"],
  ["unmapped_topic", valid, "devices/room-1/telemetry/environment/2"],
  ["too_large", valid, `devices/${"x".repeat(129)}/telemetry/environment`],
  ["contract_violation", { ...valid, co2: "x" }, undefined],
  ["contract_violation", { ...valid, ts: "soon" }, undefined],
  ["contract_violation", '{"seq":1,"temperature":1e999}', undefined],
  ["clock_ahead", { ...valid, ts: NOW_MS + CLOCK_AHEAD_MAX_MS + 1 }, undefined],
  ["clock_behind", { ...valid, ts: NOW_MS - 7 * DAY_MS - 1 }, undefined],
] as const)("%s: %j on %s", (reason, payload, topic) => {
  expect(send(payload, topic)).toMatchObject({ kind: "reject", reason });
});

test("the limits themselves are admitted", () => {
  expect(send({ ...valid, ts: NOW_MS + CLOCK_AHEAD_MAX_MS }).kind).toBe("reading");
  expect(send({ ...valid, ts: NOW_MS - 7 * DAY_MS }).kind).toBe("reading");
});

/** v1 knows no version property, v2 may say it, v3 has to. */
const versioned = {
  ...rules,
  catalog: new Catalog(
    [1, 2, 3].map((version) =>
      compileContract(
        { name: "meter", version },
        {
          type: "object",
          required: version === 3 ? ["format"] : [],
          additionalProperties: false,
          properties: {
            value: { type: "number", "x-role": "field" },
            ...(version > 1 ? { format: { const: version, "x-role": "version" } } : {}),
            ...(version > 1 ? { [`new${version}`]: { type: "number", "x-role": "field" } } : {}),
          },
        },
      ),
    ),
  ),
};
const METER = "devices/m/telemetry/meter";

test.each([
  ["nothing says it: the newest that fits", METER, { value: 1 }, 2],
  ["the payload says it", METER, { value: 1, format: 3 }, 3],
  ["the topic says it", `${METER}/v1`, { value: 1 }, 1],
  ["both say the same", `${METER}/v2`, { value: 1, format: 2 }, 2],
])("version: %s", (_name, topic, payload, version) => {
  const admission = send(payload, topic, versioned);
  const [device, contract, is] = JSON.parse(
    admission.kind === "reading" ? admission.encoded : "[]",
  ) as unknown[];
  expect([device, contract, is]).toEqual(["m", "meter", version]);
});

test.each([
  ["the topic says an unknown one", `${METER}/v4`, { value: 1 }, "unknown_contract", 4],
  ["the topic says version 0", `${METER}/v0`, { value: 1 }, "unknown_contract", 0],
  ["the payload says an unknown one", METER, { format: 9 }, "unknown_contract", 9],
  ["they differ", `${METER}/v2`, { format: 3 }, "contract_violation", 2],
  [
    "the one that is said does not fit, another would",
    METER,
    { format: 2, new3: 1 },
    "contract_violation",
    2,
  ],
  ["it is no number", METER, { format: "3" }, "contract_violation", 3],
])("version: refused where %s", (_name, topic, payload, reason, version) => {
  expect(send(payload, topic, versioned)).toMatchObject({ reason, version, contract: "meter" });
});

test("what has no canonical form cannot be hashed into an identity, and is refused", () => {
  const tagged = compileContract(
    { name: "tagged", version: 1 },
    {
      type: "object",
      properties: {
        value: { type: "number", "x-role": "field" },
        label: { type: "string", "x-role": "tag" },
      },
    },
  );
  const over = { ...rules, catalog: new Catalog([tagged]) };
  const topic = "devices/d/telemetry/tagged";
  for (const text of ['{"value":1,"label":"\\ud800"}', '{"value":1,"other":1e999}'])
    expect(send(text, topic, over)).toMatchObject({ reason: "contract_violation" });
  expect(send('{"value":1e100,"label":"\\ud83d\\ude00"}', topic, over).kind).toBe("reading");
});

test("a reject quotes what came only in part: it has to fit beside the payload", () => {
  const admission = send({ ...valid, ["x".repeat(100_000)]: 1 });
  expect(admission.kind === "reject" && admission.detail.length).toBeLessThan(250);
});

test("history is admitted where the gateway is told to", () => {
  const old = { ...valid, ts: NOW_MS - 4000 * DAY_MS };
  expect(send(old, undefined, { ...rules, ageMaxMs: 5000 * DAY_MS } as never).kind).toBe("reading");
});

test("whatever bytes come on whatever topic: a reading or a reject, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), fc.boolean(), (bytes, text, telemetry) => {
      const admission = admit(rules, {
        topic: telemetry ? `devices/${text}/telemetry/environment` : text,
        payload: Buffer.from(bytes),
        receivedAtMs: NOW_MS,
        traceparent: null,
        sender: null,
      });
      if (admission.kind === "reject") expect(REJECT_REASONS).toContain(admission.reason);
    }),
  );
});

/** `a=1;b=2`, as a codec that somebody adds might read it. */
const pairs = {
  decode: (payload: Buffer): unknown => {
    const text = payload.toString();
    if (text === "[]") return [];
    const entries = text.split(";").map((pair) => pair.split("="));
    if (entries.some(({ length }) => length !== 2)) return new Undecodable(`no pairs: ${text}`);
    return Object.fromEntries(entries.map(([name, number]) => [name, Number(number)])) as unknown;
  },
};
const withPairs = { ...rules, codecs: new Map([["text/pairs", pairs]]) };
const sendPairs = (text: string, contentType: string, topic = "devices/d/telemetry/measurement") =>
  admit(withPairs, {
    topic,
    payload: Buffer.from(text),
    contentType,
    receivedAtMs: NOW_MS,
    traceparent: null,
    sender: null,
  });

test("the content type chooses the codec; its value goes into the frame as canonical JSON", () => {
  for (const contentType of ["text/pairs", "Text/Pairs; charset=utf-8"]) {
    const admission = sendPairs(`value=1.50;ts=${NOW_MS}`, contentType);
    expect(admission.kind === "reading" && admission.encoded).toContain(
      `{"ts":${NOW_MS},"value":1.5}`,
    );
  }
});

test.each(["text/plain", "application/json", "", "constructor"])(
  "content type %j is read as JSON",
  (contentType) => {
    expect(sendPairs(`{"value":1,"ts":${NOW_MS}}`, contentType)).toMatchObject({ kind: "reading" });
    expect(sendPairs("value=1", contentType)).toMatchObject({ reason: "not_json" });
  },
);

test.each([
  ["undecodable", "value", "no pairs: value"],
  ["undecodable", "[]", "the array holds no reading"],
  ["contract_violation", "value=1", "'ts'"],
  ["contract_violation", `value=x;ts=${NOW_MS}`, "/value must be number"],
])("another encoding, %s: %j", (reason, text, detail) => {
  expect(sendPairs(text, "text/pairs")).toMatchObject({
    kind: "reject",
    reason,
    detail: expect.stringContaining(detail) as string,
  });
});
