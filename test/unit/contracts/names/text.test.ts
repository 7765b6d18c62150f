// Goal: whatever passes as a name can be told, stored and found again everywhere, and whatever is no
// text anywhere in a payload is found.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEVICE_ID_BYTES_MAX, deviceIdProblem } from "../../../../contracts/device.ts";
import { alertSubject, rejectSubject } from "../../../../contracts/names/subjects.ts";
import {
  KEY_BYTES_MAX,
  illFormedText,
  nameProblem,
  textProblem,
} from "../../../../contracts/names/text.ts";
import {
  alertTopic,
  parseTelemetryTopic,
  telemetryTopic,
} from "../../../../contracts/names/topics.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc
    .tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.nat({ max: 400 }))
    .map(([text, times]) => text.repeat(times)),
);

/** Of nats-server: a longer line ends the connection of whoever sent it. */
const NATS_LINE_BYTES_MAX = 4096;

test("a key that passes is Unicode without controls, and fits into every topic and subject", () => {
  let passed = 0;
  fc.assert(
    fc.property(anyText, (key) => {
      if (nameProblem(key, KEY_BYTES_MAX) !== null) return;
      passed += 1;
      expect(key).not.toBe("");
      expect(Buffer.from(key, "utf8").toString("utf8")).toBe(key);
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(KEY_BYTES_MAX);
      expect(key).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(decodeURIComponent(alertTopic("rule", key).split("/")[2]!)).toBe(key);
      const subject = alertSubject({ region: "eu", rule: "r".repeat(64), key });
      expect(subject.length).toBeLessThan(NATS_LINE_BYTES_MAX / 2);
    }),
    { numRuns: 2_000 },
  );
  expect(passed).toBeGreaterThan(200);
});

test("an id that passes is one level of a topic, and comes back from it", () => {
  fc.assert(
    fc.property(anyText, (id) => {
      if (deviceIdProblem(id) !== null) return;
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(DEVICE_ID_BYTES_MAX);
      expect(parseTelemetryTopic(telemetryTopic(id, "climate"))?.device).toBe(id);
      const wire = Buffer.from(telemetryTopic(id, "climate"));
      expect(parseTelemetryTopic(wire.toString("utf8"))?.device).toBe(id);
    }),
    { numRuns: 2_000 },
  );
});

test("an alert of any key, also of one that came before keys were checked, has a topic and a subject", () => {
  const poison = fc.oneof(
    anyText,
    fc.constantFrom("\ud800", "k".repeat(70_000), "", "\udfff\ud800"),
  );
  fc.assert(
    fc.property(poison, (key) => {
      const topic = alertTopic("rule", key);
      expect(topic.split("/")).toHaveLength(3);
      expect(topic.length).toBeLessThan(1_000);
      for (const subject of [
        alertSubject({ region: "eu", rule: "rule", key }),
        rejectSubject({ region: "eu", reason: "not_json", device: key, contract: null }),
      ])
        expect(subject.length).toBeLessThan(NATS_LINE_BYTES_MAX / 2);
    }),
  );
});

test.each([
  ["", null],
  ["Büro 3", null],
  ["🏳️‍🌈", null],
  ["a\\b", null],
  ["ü".repeat(128), null],
  ["ü".repeat(129), "has 258 bytes of UTF-8, the limit is 256"],
  ["a\nb", "holds the control character U+000A"],
  ["\u007f", "holds the control character U+007F"],
  ["\u0085", "holds the control character U+0085"],
  ["\u2028", "holds the control character U+2028"],
  ["a\ud800", "is no Unicode text: it holds half of a surrogate pair"],
  ["\ude00\ud83d", "is no Unicode text: it holds half of a surrogate pair"],
])("%j: %s", (text, problem) => {
  expect(textProblem(text, KEY_BYTES_MAX)).toBe(problem);
});

test("an empty name says so", () => {
  expect(nameProblem("", 9)).toBe("is empty");
});

describe("text that is none is found anywhere in a payload", () => {
  test.each<[unknown, string | null]>([
    [{ note: "\ud800" }, "/note is no Unicode"],
    [{ a: { b: [1, "x\udc00"] } }, "/a/b/1 is no Unicode"],
    [{ "\ud800": 1 }, "a property's name in the payload is no Unicode"],
    [{ a: { "\ud800": 1 } }, "a property's name in /a is no Unicode"],
    ["\ud800", "the payload is no Unicode"],
    [{ a: "😀", b: [null, 1, true] }, null],
    [null, null],
  ])("%j", (value, problem) => {
    if (problem === null) expect(illFormedText(value)).toBeNull();
    else expect(illFormedText(value)).toContain(problem);
  });

  test("as JSON itself finds it, whatever the value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), anyText, (value, text) => {
        const isText = text.isWellFormed();
        expect(illFormedText({ value, more: [{ text }] }) === null).toBe(isText);
        expect(illFormedText({ [text]: value }) === null).toBe(isText);
      }),
    );
  });

  test("however deep", () => {
    let deep: unknown = "\ud800";
    for (let at = 0; at < 100_000; at++) deep = [deep];
    expect(illFormedText(deep)).toMatch(/^\/0\/0.* is no Unicode/);
  });
});
