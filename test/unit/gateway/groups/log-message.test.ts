// Goal: a reading comes as it was stored, with its place and times, and with what was lost before it.
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { logMessage } from "../../../../gateway/groups/log-message.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const PLACE = { seq: 12, at: 3, storeMs: 1_794_100_295_500 };
const READING = {
  ...{ device: "room-1", contract: "measurement", version: 1, receivedAtMs: 1_794_100_295_400 },
  traceparent: null,
  payload: { ts: "2026-11-08T06:31:35.4Z", value: 21.5 },
};
const bodyOf = (payload: Buffer): Record<string, unknown> =>
  JSON.parse(payload.toString()) as Record<string, unknown>;

test("all of a reading of a contract that is known", () => {
  const { topic, payload, userProperties } = logMessage(READING, PLACE, { region: "eu", catalog });
  expect(topic).toBe("$log/measurement/room-1");
  expect(bodyOf(payload)).toEqual({
    ...{ region: "eu", contract: "measurement", version: 1, device: "room-1", position: "12.3" },
    ...{ eventMs: Date.parse("2026-11-08T06:31:35.4Z"), receivedMs: READING.receivedAtMs },
    ...{ storedMs: PLACE.storeMs, identity: expect.any(Number) as number, values: READING.payload },
  });
  expect(userProperties).toEqual({ position: "12.3", storedMs: String(PLACE.storeMs) });
});

test("a reading that was sent twice has one identity, and another one has another", () => {
  const identityOf = (value: number): unknown => {
    const reading = { ...READING, payload: { ...READING.payload, value } };
    return bodyOf(logMessage(reading, PLACE, { region: "eu", catalog }).payload)["identity"];
  };
  expect(identityOf(1)).toBe(identityOf(1));
  expect(identityOf(1)).not.toBe(identityOf(2));
});

test("nobody knows the time and identity of a contract that is not known yet", () => {
  const reading = { ...READING, contract: "later", traceparent: "00-1-2-01" };
  const lost = { from: 4, until: 11 };
  const { payload, userProperties } = logMessage(reading, PLACE, { region: "eu", catalog, lost });
  expect(bodyOf(payload)).toMatchObject({ eventMs: null, identity: null, lost });
  expect(userProperties).toMatchObject({ lost: "4-11", traceparent: "00-1-2-01" });
});
