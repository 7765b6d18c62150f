// Goal: the figures have the names and forms that tools look for, and nothing is written that has not changed.
// Method: a broker that writes down what is published, looked at once and again.
import { expect, test } from "vitest";
import { makeCounters } from "../../../gateway/broker/counters.ts";
import { sysFigures, tellSysTopics } from "../../../gateway/sys-topics.ts";

const broker = {
  counters: { ...makeCounters(), connections: 2, publishesReceived: 7, dropped: { a: 1, b: 2 } },
  queues: () => ({
    sessions: { connected: 1, away: 3 },
    ...{ filled: 0, messages: 4, bytes: 500, fullest: 0 },
  }),
  holdings: () => ({ subscriptions: 5, retained: 6 }),
};

test("figures are those of the broker, in the words of Mosquitto", () => {
  expect(sysFigures(broker, 90)).toMatchObject({
    version: expect.stringMatching(/^skerry version \d/) as string,
    uptime: "90 seconds",
    "clients/connected": "2",
    "clients/disconnected": "3",
    "clients/total": "5",
    "publish/messages/received": "7",
    "publish/messages/dropped": "3",
    "store/messages/count": "4",
    "retained messages/count": "6",
    "subscriptions/count": "5",
  });
});

test("each is retained under $SYS/broker, once while it stays what it was", async () => {
  const told: [string, string, boolean][] = [];
  const stop = new AbortController();
  const publish = (topic: string, payload: string | Buffer, { retain }: { retain: boolean }) => {
    told.push([topic, payload.toString(), retain]);
    if (topic.endsWith("subscriptions/count")) stop.abort();
    return Promise.resolve();
  };
  await tellSysTopics({ ...broker, publish }, stop.signal);
  expect(told).toContainEqual(["$SYS/broker/clients/connected", "2", true]);
  expect(new Set(told.map(([topic]) => topic)).size).toBe(told.length);
});
