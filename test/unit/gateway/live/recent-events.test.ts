import { expect, test } from "vitest";
import type { LiveEvent } from "../../../../contracts/messages/live.ts";
import { LIVE_BYTES_MAX } from "../../../../contracts/messages/live.ts";
import { EVENTS_MAX, RecentEvents } from "../../../../gateway/live/recent-events.ts";

const event = (reason: string, text = ""): LiveEvent => ({
  ...{ atMs: 1_800_000_000_000, kind: "reject", address: text, device: text, reason },
  clientId: text,
  detail: text,
});

test("what is too much for a second is counted by kind and reason", () => {
  const events = new RecentEvents();
  expect(events.take()).toBeNull();
  for (let n = 0; n < EVENTS_MAX + 3; n++) events.add(event("not_json"));
  events.add(event("too_large"));
  const taken = events.take()!;
  expect(taken.events).toHaveLength(EVENTS_MAX);
  expect(taken.more).toEqual({ "reject/not_json": 3, "reject/too_large": 1 });
  events.add(event("too_large"));
  expect(events.take()).toEqual({ events: [event("too_large")], more: {} });
});

test("the worst of a second fits into a message", () => {
  const events = new RecentEvents();
  for (let n = 0; n < 2_000; n++) events.add(event(`r${n}`, "x".repeat(10_000)));
  const { events: kept, more } = events.take()!;
  expect(kept).toHaveLength(EVENTS_MAX);
  expect(Buffer.byteLength(JSON.stringify({ events: kept, more }))).toBeLessThan(LIVE_BYTES_MAX);
});
