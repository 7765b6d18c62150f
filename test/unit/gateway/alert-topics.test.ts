// Goal: one alert that no topic can carry costs no other one, and stops no gateway.
// Method: the real topic rules, a broker that refuses what ours refuses.
import { pino } from "pino";
import { expect, test } from "vitest";
import { mirrorAlert } from "../../../gateway/alert-topics.ts";
import { isTopicName } from "../../../gateway/broker/protocol/topic-rules.ts";
import { anAlert } from "../../support/an-alert.ts";
import { SetAsideInMemory } from "../../support/set-aside.ts";

function start() {
  const topics: string[] = [];
  const setAside = new SetAsideInMemory();
  const publish = (topic: string): Promise<void> => {
    if (!isTopicName(topic, 32)) return Promise.reject(new RangeError("none to publish to"));
    topics.push(topic);
    return Promise.resolve();
  };
  const parts = { broker: { publish }, region: "eu", setAside, logger: pino({ level: "silent" }) };
  const mirror = (value: unknown, raw = JSON.stringify(value)) =>
    mirrorAlert({ subject: "alerts.eu.r.k", data: Buffer.from(raw) }, parts);
  return { mirror, topics, setAside };
}

test.for([
  ["a rule that is no text", anAlert({ rule: "\ud800" }), "unpublishable"],
  ["a rule too long for a topic", anAlert({ rule: "r".repeat(70_000) }), "unpublishable"],
  ["a key that is no text", { ...anAlert(), key: 7 }, "unreadable"],
  ["null", null, "unreadable"],
  ["an array", [], "unreadable"],
] as const)("%s: set aside with its reason", async ([, value, reason]) => {
  const { mirror, topics, setAside } = start();
  expect(await mirror(value)).not.toBeNull();
  expect(await mirror(anAlert())).toBeNull();
  expect(topics).toEqual(["alerts/co2-high/room-1"]);
  expect(setAside.all).toMatchObject([
    { kind: "alert", reason, place: { stream: "ALERTS_eu", subject: "alerts.eu.r.k" } },
  ]);
});

test("keys that no reading may have any more are shown: their alerts are in logs", async () => {
  const { mirror, topics, setAside } = start();
  for (const key of ["\ud800", "k".repeat(70_000)])
    expect(await mirror(anAlert({ key }))).toBeNull();
  expect([topics.length, setAside.all]).toEqual([2, []]);
});

test("what is no JSON is set aside", async () => {
  const { mirror, setAside } = start();
  expect(await mirror(null, '{"rule":')).toMatch(/^it is no JSON/);
  expect(setAside.brief).toEqual([expect.stringMatching(/^alert unreadable: it is no JSON/)]);
});

test("a broker that cannot store anything stops the mirror: that is no alert's fault", async () => {
  const setAside = new SetAsideInMemory();
  const full = Object.assign(new Error("disk full"), { code: "ERR_SQLITE_ERROR", errcode: 13 });
  const broker = { publish: () => Promise.reject(full) };
  const parts = { broker, region: "eu", setAside, logger: pino({ level: "silent" }) };
  const entry = { subject: "alerts.eu.r.k", data: Buffer.from(JSON.stringify(anAlert())) };
  await expect(mirrorAlert(entry, parts)).rejects.toThrow("disk full");
  expect(setAside.all).toEqual([]);
});
