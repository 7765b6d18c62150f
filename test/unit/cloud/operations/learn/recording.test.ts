// Goal: a recording is read as Mosquitto writes it, and a line that is none is refused with what would be right.
// Method: lines of each form.
import { expect, test } from "vitest";
import { readRecording } from "../../../../../cloud/operations/learn/recording.ts";

const one = (line: object | string) =>
  readRecording(typeof line === "string" ? line : JSON.stringify(line), 5).samples[0]!;

test("payloads and times in each spelling", () => {
  const mosquitto = one(
    '{"tst":"2026-11-28T17:00:00.123456Z+0100","topic":"a/b","qos":1,"retain":0,"payloadlen":4,"payload":"21.5"}',
  );
  expect([mosquitto.atMs, mosquitto.payload.toString(), mosquitto.at]).toEqual([
    Date.UTC(2026, 10, 28, 16, 0, 0, 123),
    "21.5",
    1,
  ]);
  expect(one({ topic: "a", payload: { t: 1 } }).payload.toString()).toBe('{"t":1}');
  expect(one({ topic: "a", payloadBase64: "AAE=", time: 7 })).toMatchObject({
    payload: Buffer.from([0, 1]),
    atMs: 7,
  });
  expect(one({ topic: "a", payload: "", clientId: "c" })).toMatchObject({ atMs: 5, clientId: "c" });
});

test.each([
  ["no JSON", "line 1"],
  ["[]", "no object"],
  ['{"payload":"1"}', "/topic"],
  ['{"topic":"a/#","payload":"1"}', "/topic"],
  ['{"topic":"a"}', "payloadBase64"],
  ['{"topic":"a","payload":"1","time":"yesterday"}', "/time"],
])("%s is refused: %s", (line, why) => expect(() => one(line)).toThrow(why));
