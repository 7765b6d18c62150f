import fc from "fast-check";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/catalog.ts";
import { REJECT_REASONS } from "../../../contracts/reject.ts";
import { CLOCK_AHEAD_MAX_MS, admit } from "../../../gateway/ingest/admit.ts";

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
      });
      if (admission.kind === "reject") expect(REJECT_REASONS).toContain(admission.reason);
    }),
  );
});
