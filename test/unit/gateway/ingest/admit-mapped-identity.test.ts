import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseMappings } from "../../../../contracts/mapping.ts";
import { identityOf } from "../../../../contracts/messages/identity.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";

const NOW_MS = 1_800_000_000_000;
const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const shipped: unknown = JSON.parse(readFileSync("infra/mappings/examples.json", "utf8"));
const optionalTime = {
  mappings: [
    {
      name: "flow",
      topic: "flow/{device}",
      contract: "measurement",
      time: { pointer: "/at", format: "epoch_ms", optional: true },
      fields: { value: { pointer: "/v" } },
    },
  ],
};

/** The payload of the reading in the log, and whether it is known by what it says. */
function logged(table: unknown, topic: string, text: string) {
  const mapper = new Mapper(parseMappings(table));
  const rules = { catalog, partitions: 4, ageMaxMs: undefined, mapper };
  const arrival = { topic, receivedAtMs: NOW_MS, traceparent: null };
  const admission = admit(rules, { ...arrival, payload: Buffer.from(text) });
  if (admission.kind !== "reading") throw new Error(admission.kind);
  const payload = (JSON.parse(admission.encoded) as unknown[])[5] as Record<string, unknown>;
  const contract = catalog.versions("measurement")[0]!;
  return { payload, isKnown: !Number.isNaN(identityOf(contract, payload, NOW_MS)) };
}

test("a time that is the gateway's own is not in the log, and the reading is known by its place", () => {
  expect(logged(shipped, "sensors/pulse-2/pulse", "1")).toEqual({
    payload: { quantity: "pulse", value: 1 },
    isKnown: false,
  });
  for (const text of ['{"v":1}', '{"v":1,"at":null}'])
    expect(logged(optionalTime, "flow/a", text)).toEqual({ payload: { value: 1 }, isKnown: false });
});

test("a time of the device's own is in the log, also one that is the time of arrival", () => {
  expect(logged(optionalTime, "flow/a", `{"v":1,"at":${NOW_MS}}`)).toEqual({
    payload: { ts: NOW_MS, value: 1 },
    isKnown: true,
  });
});
