// A message is settled exactly once, after everything of it is stored; a replay is the same reading.
import fc from "fast-check";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { parseMappings } from "../../../../contracts/mapping.ts";
import type { Reject } from "../../../../contracts/messages/reject.ts";
import type { Codecs } from "../../../../gateway/ingest/codecs/by-content-type.ts";
import { Ingest } from "../../../../gateway/ingest/ingest.ts";
import type { Message, Refusal } from "../../../../gateway/ingest/message.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";
import { NO_TRACING, type Tracing } from "../../../../otel/tracing.ts";
import { recordedTracing } from "../../../support/recorded-spans.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const NOW_MS = 1_800_000_000_000;
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const mapper = new Mapper(
  parseMappings({
    mappings: [
      {
        name: "batch",
        topic: "batches/{device}",
        contract: "measurement",
        each: "",
        time: "arrival",
        fields: { value: { pointer: "" } },
      },
    ],
  }),
);

/** An ingest whose stores answer when the test says so. */
function start(
  rules: { mapper?: Mapper; codecs?: Codecs } = { mapper },
  tracing: Tracing = NO_TRACING,
) {
  const pending: (() => void)[] = [];
  const readings: string[] = [];
  const rejects: { reject: Reject; id: string | undefined }[] = [];
  const settled: (Refusal | null)[] = [];
  const ingest = new Ingest({
    rules: { catalog, partitions: 4, ageMaxMs: undefined, ...rules },
    commitLog: {
      append: (_partition, encoded, stored) => {
        readings.push(encoded);
        pending.push(() => stored(null));
      },
    },
    rejectLog: {
      append: (reject, _signal, id) => {
        rejects.push({ reject, id });
        return new Promise((resolve) => pending.push(resolve));
      },
    },
    notedFields: { add: () => undefined },
    tracing,
    clock: () => NOW_MS,
    signal: new AbortController().signal,
  });
  const publish = (
    topic: string,
    payload: string,
    traceparent?: string,
    contentType?: string,
  ): void => {
    const message: Message = {
      clientId: "client-1",
      topic,
      payload: Buffer.from(payload),
      retain: false,
      qos: 1,
      traceparent,
      contentType,
    };
    ingest.publish(message, (refusal) => settled.push(refusal));
  };
  return { ingest, pending, readings, rejects, settled, publish };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("an array is settled once, when its last reading and its last reject are stored", async () => {
  const element = fc.oneof(fc.integer(), fc.string(), fc.constant(null));
  await fc.assert(
    fc.asyncProperty(
      fc.array(element, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      async (elements, picks) => {
        const { pending, settled, publish, readings } = start();
        publish("batches/d", JSON.stringify(elements));
        while (pending.length > 0) {
          expect(settled).toEqual([]);
          const at = picks.next().value! % pending.length;
          pending.splice(at, 1)[0]!();
          await turn();
        }
        expect(settled).toHaveLength(1);
        expect(readings).toHaveLength(elements.filter((one) => typeof one === "number").length);
        expect(settled[0] === null).toBe(readings.length === elements.length);
      },
    ),
  );
});

test("the refusal of an array counts what was refused", async () => {
  const { pending, settled, publish, rejects } = start();
  publish("batches/d", '[1,"x",2,null,3]', TRACEPARENT);
  for (const stored of pending) stored();
  await turn();
  expect(settled).toMatchObject([
    {
      reason: "payload_invalid",
      detail: "2 of 5 readings refused; contract_violation: /value must be number (the first of 2)",
    },
  ]);
  expect(rejects.map(({ reject }) => reject)).toEqual([
    {
      reason: "contract_violation",
      detail: "/value must be number (the first of 2)",
      contract: "measurement",
      version: 1,
      device: "d",
      mapping: "batch",
      elements: [1, 3],
      traceparent: TRACEPARENT,
      topic: "batches/d",
      clientId: "client-1",
      receivedAtMs: NOW_MS,
      payload: Buffer.from('[1,"x",2,null,3]').toString("base64"),
    },
  ]);
});

test("a reject that says all of it: raw bytes, topic, client, reason, contract and version tried", async () => {
  const { pending, settled, publish, rejects } = start();
  publish("devices/room-1/telemetry/environment/v7", "{}");
  pending[0]!();
  await turn();
  expect(settled).toMatchObject([
    { detail: expect.stringContaining("unknown_contract") as string },
  ]);
  expect(rejects[0]!.reject).toMatchObject({
    reason: "unknown_contract",
    topic: "devices/room-1/telemetry/environment/v7",
    clientId: "client-1",
    device: "room-1",
    contract: "environment",
    version: 7,
    payload: Buffer.from("{}").toString("base64"),
  });
});

const LATER = new AbortController().signal;
const replayed = (seq: number, dryRun = false) => ({
  ...{ seq, dryRun },
  sender: { clientId: "client-1" },
});

const kept = (over: Partial<Reject>): Reject => ({
  reason: "unmapped_topic",
  detail: "",
  topic: "batches/d",
  clientId: "client-1",
  device: "client-1",
  contract: null,
  version: null,
  receivedAtMs: NOW_MS - 30 * 86_400_000,
  payload: Buffer.from("[1]").toString("base64"),
  ...over,
});

test("a replay is the reading of the original arrival, the same every time", async () => {
  const { ingest, pending, readings } = start();
  for (let time = 0; time < 2; time++) {
    const outcome = ingest.replay(kept({}), replayed(5), LATER);
    pending.shift()!();
    expect(await outcome).toEqual({ readings: 1, refused: null });
  }
  expect(readings[0]).toBe(readings[1]);
  expect(JSON.parse(readings[0]!)).toMatchObject({
    3: NOW_MS - 30 * 86_400_000,
    5: { value: 1 },
  });
});

test("a replay judges clocks as of the original arrival", async () => {
  const { ingest } = start();
  const machine = (ts: number) =>
    kept({
      topic: "devices/m/telemetry/machine",
      payload: Buffer.from(JSON.stringify({ ts, temperature: 1 })).toString("base64"),
    });
  const arrivedMs = kept({}).receivedAtMs;
  const fine = await ingest.replay(machine(arrivedMs - 86_400_000), replayed(1, true), LATER);
  expect(fine).toEqual({ readings: 1, refused: null });
  const ahead = await ingest.replay(machine(NOW_MS), replayed(1, true), LATER);
  expect(ahead.refused).toContain("clock_ahead");
});

test("a dry run and a reject that still does not fit store nothing", async () => {
  const { ingest, readings, rejects } = start();
  await ingest.replay(kept({}), replayed(5, true), LATER);
  const still = await ingest.replay(kept({ topic: "nowhere" }), replayed(5), LATER);
  expect(still).toMatchObject({
    readings: 0,
    refused: expect.stringContaining("unmapped") as string,
  });
  expect([...readings, ...rejects]).toEqual([]);
});

test("a replay of some elements leaves the others alone; what is still refused is kept under one id", async () => {
  const { ingest, pending, readings, rejects } = start();
  const some = kept({
    payload: Buffer.from('[1,"x",2,3]').toString("base64"),
    mapping: "batch",
    elements: [1, 2],
  });
  const outcome = ingest.replay(some, replayed(9), LATER);
  for (const stored of pending) stored();
  expect(await outcome).toMatchObject({ readings: 1 });
  expect(readings.map((one) => (JSON.parse(one) as { 5: { value: number } })[5].value)).toEqual([
    2,
  ]);
  expect(rejects).toMatchObject([
    { id: "replay:9:batch:contract_violation", reject: { elements: [1], payload: some.payload } },
  ]);
});

test("a replay that cannot be stored in time says so", async () => {
  const { ingest } = start();
  await expect(ingest.replay(kept({}), replayed(1), AbortSignal.timeout(10))).rejects.toThrow();
});

test("a reject keeps a content type that is not JSON's, and a replay decodes by it", async () => {
  const { publish, rejects, pending } = start();
  publish("nowhere", "1", undefined, "application/json; charset=utf-8");
  publish("nowhere", "1");
  publish("nowhere", "1", undefined, "x".repeat(60_000));
  publish("nowhere", "21", undefined, "text/number");
  for (const stored of pending) stored();
  const types = rejects.map(({ reject }) => reject.contentType);
  expect(types).toEqual([undefined, undefined, undefined, "text/number"]);

  const doubling = { decode: (payload: Buffer) => ({ ts: NOW_MS, value: 2 * Number(payload) }) };
  const later = start({ codecs: new Map([["text/number", doubling]]) });
  const reject = { ...rejects[3]!.reject, topic: "devices/d/telemetry/measurement" };
  const outcome = later.ingest.replay(reject, replayed(1), LATER);
  for (const stored of later.pending) stored();
  expect(await outcome).toEqual({ readings: 1, refused: null });
  expect(JSON.parse(later.readings[0]!)).toMatchObject({ 5: { value: 42 } });
});

test("a reject gets a trace, though no share chose it, and keeps its context", async () => {
  const { tracing, spans } = recordedTracing(0);
  const { pending, publish, rejects } = start({ mapper }, tracing);
  publish("batches/d", '["x"]');
  publish("batches/d", "[1]");
  for (const stored of pending) stored();
  await turn();
  expect(spans()).toMatchObject([
    {
      ...{ name: "gateway reject", parent: null },
      attributes: {
        "messaging.destination.name": "batches/d",
        "skerry.reject.reason": "contract_violation",
        "skerry.trace.why": "reject",
      },
    },
  ]);
  const [{ traceId, spanId, error } = { traceId: "", spanId: "", error: "" }] = spans();
  expect(error).toContain("must be number");
  expect(rejects.map(({ reject }) => reject.traceparent)).toEqual([`00-${traceId}-${spanId}-01`]);
});

test("a refused publish, too, gets a trace", () => {
  const { tracing, spans } = recordedTracing(0);
  const { ingest, rejects } = start({ mapper }, tracing);
  const refused = { reason: "not_authorized", detail: "not your topic" } as const;
  const message = { ...{ clientId: "c", topic: "t", payload: Buffer.from("x") }, retain: false };
  ingest.refuse(
    { ...message, qos: 1, traceparent: undefined } as Message,
    refused,
    () => undefined,
  );
  expect(spans()).toMatchObject([{ name: "gateway reject", error: "not your topic" }]);
  expect(rejects[0]!.reject.traceparent).toContain(spans()[0]!.traceId);
});
