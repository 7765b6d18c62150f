// Goal: a message has one member, the same for its topic, and a member that comes or goes moves only its own topics.
// Method: groups of members that are there, away or full, and many topics.
import { expect, test } from "vitest";
import type { Subscription } from "../../../../../gateway/broker/session/session.ts";
import type { SharedStrategy } from "../../../../../gateway/broker/options.ts";
import { SharedGroup } from "../../../../../gateway/broker/session/shared-groups.ts";

interface Member {
  here?: boolean;
  roomy?: boolean;
  persistent?: boolean;
  qos?: 0 | 1 | 2;
  foreignOnly?: boolean;
}

function groupOf(members: Record<string, Member>, strategy: SharedStrategy = "hash") {
  const group = new SharedGroup(strategy);
  const put = (clientId: string, member: Member): Subscription => {
    const { here = true, roomy = true, persistent = false, qos = 1, foreignOnly = false } = member;
    const session = { clientId, peer: here ? {} : null, persistent, outbound: { roomy } };
    const subscription = { session, qos, foreignOnly } as unknown as Subscription;
    group.put(clientId, subscription);
    return subscription;
  };
  for (const [clientId, member] of Object.entries(members)) put(clientId, member);
  const chosen = (topic: string, qos: 0 | 1 | 2 = 1, foreign = true): string | null =>
    group.choose({ topic, qos, foreign })?.session.clientId ?? null;
  return { group, put, chosen };
}

const TOPICS = Array.from({ length: 3_000 }, (_, at) => `sensors/${at}/value`);

test("a topic stays with its member, and all have about as many", () => {
  const { chosen } = groupOf({ a: {}, b: {}, c: {} });
  const counts: Record<string, number> = {};
  for (const topic of TOPICS) {
    const member = chosen(topic)!;
    expect(chosen(topic)).toBe(member);
    counts[member] = (counts[member] ?? 0) + 1;
  }
  for (const count of Object.values(counts)) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("whoever leaves gives its own topics away, and gets them back; nobody else's move", () => {
  const { group, put, chosen } = groupOf({ a: {}, b: {}, c: {} });
  const before = TOPICS.map((topic) => chosen(topic));
  group.delete("b");
  const without = TOPICS.map((topic) => chosen(topic));
  before.forEach((member, at) => {
    if (member !== "b") expect(without[at]).toBe(member);
  });
  put("b", {});
  expect(TOPICS.map((topic) => chosen(topic))).toEqual(before);
});

test("all that a device sends goes to one member", () => {
  const { chosen } = groupOf({ a: {}, b: {}, c: {}, d: {} });
  for (let at = 0; at < 50; at++) {
    const [first] = [chosen(`devices/${at}/telemetry/environment`, 1, false)];
    expect(chosen(`devices/${at}/telemetry/machine`, 1, false)).toBe(first);
    expect(chosen(`devices/${at}/commands/1/reply`, 1, false)).toBe(first);
  }
});

test("in turns each member gets the same number", () => {
  const { chosen } = groupOf({ a: {}, b: {}, c: {} }, "round_robin");
  const counts: Record<string, number> = {};
  for (let at = 0; at < 300; at++) {
    const member = chosen("t")!;
    counts[member] = (counts[member] ?? 0) + 1;
  }
  expect(counts).toEqual({ a: 100, b: 100, c: 100 });
});

test("members that have room come first, then those that are there, then those away, who get no QoS 0", () => {
  const both = groupOf({
    full: { roomy: false },
    free: {},
    away: { here: false, persistent: true },
  });
  expect(new Set(TOPICS.map((topic) => both.chosen(topic)))).toEqual(new Set(["free"]));
  const full = groupOf({ full: { roomy: false }, away: { here: false, persistent: true } });
  expect(new Set(TOPICS.map((topic) => full.chosen(topic)))).toEqual(new Set(["full"]));
  const away = groupOf({ gone: { here: false }, away: { here: false, persistent: true } });
  expect([away.chosen("t", 1), away.chosen("t", 0)]).toEqual(["away", null]);
  const lazy = groupOf({ away: { here: false, persistent: true, qos: 0 } });
  expect(lazy.chosen("t", 2)).toBeNull();
});

test("a member that may hear only what is not ours is passed over for what is", () => {
  const { chosen } = groupOf({ a: { foreignOnly: true }, b: {} });
  for (const topic of TOPICS.slice(0, 50)) expect(chosen(topic, 1, false)).toBe("b");
});
