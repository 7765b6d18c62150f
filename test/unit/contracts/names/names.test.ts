import fc from "fast-check";
import { expect, test } from "vitest";
import { partitionOf } from "../../../../contracts/names/partition.ts";
import {
  acknowledgementKey,
  alertSubject,
  commandFilter,
  rejectAddress,
  rejectSubject,
  rejectsDroppedSubject,
  replyFilter,
} from "../../../../contracts/names/subjects.ts";
import { escapeToken, unescapeToken } from "../../../../contracts/names/token.ts";
import {
  alertTopic,
  commandTopic,
  parseCommandTopic,
  parseReplyTopic,
  parseTelemetryTopic,
  replyTopic,
  telemetryTopic,
} from "../../../../contracts/names/topics.ts";

test("any device id becomes one safe NATS token, and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (id) => {
      const text = Buffer.from(id, "utf8").toString("utf8"); // lone surrogates are no MQTT text
      const token = escapeToken(text);
      expect(token).toMatch(/^[A-Za-z0-9_=-]+$/);
      expect(unescapeToken(token)).toBe(text);
    }),
  );
});

test("a hostile key cannot leave its place in a subject", () => {
  const subject = alertSubject({ region: "eu", rule: "co2-high", key: "a.b *.>" });
  expect(subject.split(".")).toHaveLength(4);
  expect(subject).not.toMatch(/[*> ]/);
  const of = { region: "eu", reason: "not_json", device: "x.y" };
  for (const contract of [null, "climate"]) {
    const reject = rejectSubject({ ...of, contract });
    expect(reject.split(".")).toHaveLength(5);
    expect(rejectAddress(reject)).toEqual({ reason: "not_json", device: "x.y", contract });
  }
  // Of before contracts were in them.
  expect(rejectAddress("rejects.eu.not_json.x=2Ey")).toEqual({
    ...{ reason: "not_json", device: "x.y", contract: null },
  });
  expect(rejectAddress(rejectsDroppedSubject("eu"))).toBeNull();
});

test("telemetry topics parse back, other topics do not", () => {
  expect(parseTelemetryTopic(telemetryTopic("room-1", "environment"))).toEqual({
    device: "room-1",
    contract: "environment",
  });
  for (const topic of ["devices/a/telemetry", "devices/a/b/telemetry/c", "x/devices/a/telemetry/c"])
    expect(parseTelemetryTopic(topic)).toBeNull();
});

test("topics of commands and replies parse back, and neither is taken for the other", () => {
  const of = { device: "AA:BB", id: "open 1" };
  expect(parseCommandTopic(commandTopic(of))).toEqual(of);
  expect(parseReplyTopic(replyTopic(of))).toEqual(of);
  expect([parseReplyTopic(commandTopic(of)), parseCommandTopic(replyTopic(of))]).toEqual([
    null,
    null,
  ]);
  expect(parseReplyTopic(`${replyTopic(of)}/x`)).toBeNull();
});

test("a command's id cannot leave its place in a subject", () => {
  expect(commandFilter({ device: "a.b", id: ">" })).toBe("commands.a=2Eb.=3E");
  expect(replyFilter({ region: "eu", id: "*" })).toBe("replies.eu.*.=2A");
});

test("an alert's key stays one topic level and brings no wildcard", () => {
  expect(alertTopic("co2-high", "a/b+#")).toBe("alerts/co2-high/a%2Fb%2B%23");
});

test("late alerts have names of their own, which are no other key's", () => {
  const alert = { region: "eu", rule: "hot", key: "r" };
  const late = { ...alert, late: true } as const;
  expect(alertSubject(late)).toBe("alerts.eu.hot.r.late");
  expect(alertSubject({ ...alert, key: "r.late" })).toBe("alerts.eu.hot.r=2Elate");
  expect(acknowledgementKey(late)).toBe("eu.hot.r.late");
  expect(alertTopic("hot", "r", true)).toBe("alerts/hot/r/late");
  expect(alertTopic("hot", "r/late")).toBe("alerts/hot/r%2Flate");
});

test("partitions are stable: changing the hash would tear series apart", () => {
  expect(
    ["room-eu-01", "room-eu-02", "machine-us-05", ""].map((key) => partitionOf(key, 4)),
  ).toEqual([1, 0, 3, 1]);
  expect(partitionOf("x", 1)).toBe(0);
});
