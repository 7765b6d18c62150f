// The language of the table.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REJECT_REASONS } from "../../../../contracts/messages/reject.ts";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { ELEMENTS_MAX } from "../../../../gateway/ingest/mapped-elements.ts";
import { readingsOf, send } from "../../../support/mapped.ts";

test("no array, an empty one and one too long are refused as a whole", () => {
  expect(send("batches/p", { readings: 5 })).toMatchObject({ reason: "unmappable" });
  expect(send("batches/p", { readings: [] })).toMatchObject({ reason: "unmappable" });
  const long = { readings: new Array<number>(ELEMENTS_MAX + 1).fill(0) };
  const admission = send("batches/p", long);
  expect(admission).toMatchObject({ kind: "reject", reason: "too_large" });
  expect(admission).not.toHaveProperty("elements");
});

test("what elements share is not multiplied without bound", () => {
  const mappings = [
    {
      name: "shared",
      topic: "b/{device}",
      contract: "open",
      each: "/r",
      time: "arrival",
      fields: { value: { pointer: "" }, note: { pointer: "/s", of: "message" } },
    },
  ];
  const number = { type: "number", "x-role": "field" };
  const schema = { type: "object", properties: { value: number } };
  const catalog = new Catalog([compileContract({ name: "open", version: 1 }, schema)]);
  const elements = Array.from({ length: 1000 }, (_, n) => n);
  const long = { s: "x".repeat(200_000), r: elements };
  expect(send("b/d", long, { mappings, catalog })).toMatchObject({
    kind: "reject",
    reason: "too_large",
  });
  const many = send("b/d", { s: "x".repeat(20_000), r: elements }, { mappings, catalog });
  expect(many).toMatchObject({ rejects: [{ reason: "too_large" }] });
  expect(many.kind === "several" && many.readings.length).toBe(53);
});

describe("the table", () => {
  const entry = {
    name: "e",
    topic: "a/{device}/{kind}",
    contract: "measurement",
    time: "arrival",
    fields: { value: { pointer: "" } },
  };
  test("levels: +, #, templates in lower case, the contract from a level", () => {
    const mappings = [
      {
        ...entry,
        topic: "plant/+/{line}/{Device}/{contract}/#",
        device: "{line}-{Device|lower}",
        contract: "{contract}",
        version: 1,
      },
    ];
    for (const rest of ["", "/deep", "/deep/er"])
      expect(
        readingsOf(send(`plant/x/L1/PUMP/measurement${rest}`, "1", { mappings })),
      ).toMatchObject([{ device: "L1-pump", contract: "measurement" }]);
    expect(send("plant/x/L1/PUMP/weather", "1", { mappings })).toMatchObject({
      reason: "unknown_contract",
      contract: "weather",
    });
    expect(send("plant/x/L1//measurement", "1", { mappings })).toMatchObject({
      reason: "unmapped_topic",
    });
    expect(send("plant/x/L1/PUMP", "1", { mappings })).toMatchObject({ reason: "unmapped_topic" });
  });

  test("wildcards never reach our own topics", () => {
    const mappings = [{ ...entry, topic: "{device}/#" }];
    for (const topic of ["devices/x/commands/1/reply", "alerts/r/k", "$SYS/x"])
      expect(send(topic, "1", { mappings })).toMatchObject({ reason: "unmapped_topic" });
    expect(send("device/x", "1", { mappings })).toMatchObject({ kind: "reading" });
  });

  test("a payload cannot pass for an outcome of ours", () => {
    const mappings = [{ ...entry, fields: { value: { pointer: "/v" } } }];
    const forged = { v: { kind: "misfit", reason: "not_a_reason", detail: "x" } };
    expect(send("a/d/k", forged, { mappings })).toMatchObject({ reason: "contract_violation" });
  });
});

test("whatever comes on a mapped topic: readings or rejects, never an exception", () => {
  const topics = fc.oneof(
    fc.constantFrom(
      "tele/a/SENSOR",
      "zigbee2mqtt/a",
      "shellies/a/sensor/temperature",
      "a/events/rpc",
      "a/status/switch:0",
      "batches/a",
      "sensors/a/b",
    ),
    fc.string(),
  );
  const keys = fc.constantFrom("Time", "AM2301", "ENERGY", "temperature", "readings", "t", "v");
  const payloads = fc.oneof(
    fc.json(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc.constantFrom("1e999", '{"temperature":1e999}', '{"temperature":"\\ud800"}', "[[[[[[[["),
  );
  fc.assert(
    fc.property(topics, payloads, (topic, payload) => {
      const admission = send(topic, payload);
      const rejects = admission.kind === "several" ? admission.rejects : [admission];
      for (const one of rejects)
        if (one.kind === "reject") expect(REJECT_REASONS).toContain(one.reason);
      readingsOf(admission);
    }),
    { numRuns: 500 },
  );
});
