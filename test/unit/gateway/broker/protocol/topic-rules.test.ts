import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isSubscribable,
  isTopicFilter,
  isTopicName,
  sharedFilterOf,
} from "../../../../../gateway/broker/protocol/topic-rules.ts";

test.for([
  ["a", true],
  ["/", true],
  ["$SYS/x", true],
  ["constructor", true],
  ["", false],
  ["a/#", false],
  ["a/+/b", false],
  ["a\0b", false],
  ["a/b/c/d", false],
  [undefined, false],
  [["a"], false],
] as const)("topic name %s: %s", ([topic, legal]) => {
  expect(isTopicName(topic, 3)).toBe(legal);
});

test.for([
  ["#", true],
  ["+", true],
  ["a/+/#", true],
  ["/", true],
  ["a#", false],
  ["#/a", false],
  ["+a", false],
  ["a+", false],
  ["a/b+/c", false],
  ["", false],
  ["a\0", false],
  ["a/b/c/d", false],
] as const)("topic filter %s: %s", ([filter, legal]) => {
  expect(isTopicFilter(filter, 3)).toBe(legal);
});

test("every topic name is a filter for itself", () => {
  fc.assert(
    fc.property(fc.string(), (topic) => {
      expect(isTopicFilter(topic, 10)).toBe(
        isTopicName(topic, 10) || (/[#+]/.test(topic) && isTopicFilter(topic, 10)),
      );
    }),
  );
});

test("shared subscriptions are told from filters that only look like them", () => {
  expect(sharedFilterOf("$share/g/a/+/#")).toEqual({ group: "g", filter: "a/+/#" });
  expect(sharedFilterOf("$share/g//a")).toEqual({ group: "g", filter: "/a" });
  for (const other of ["$share", "$share/", "$share/g", "$share//t", "$shared/g/t", "a/$share/g/t"])
    expect(sharedFilterOf(other), other).toBeNull();
  expect(sharedFilterOf("$share/g+/t")).toBeNull();
});

test.each([
  ["$share/g/t", true],
  ["$share/g/#", true],
  ["$shared/g/t", true],
  ["t/#", true],
  ["$share", false],
  ["$share/", false],
  ["$share/g", false],
  ["$share/g/", false],
  ["$share//t", false],
  ["$share/g#/t", false],
  ["$share/g/a#", false],
  ["$share/g/$log/temperature", true],
  ["$share/g/$log/temperature/room-1", true],
  ["$share/g/$log/+/room-1", true],
  ["$share/g/$log/#", true],
  ["$share/g/$log/temperature/#", true],
  ["$share/g/$log", false],
  ["$share/g/$log/", false],
  ["$share/g/$log/a/b/c", false],
  ["$share/g/$log/#/a", false],
  ["$share/g/$log/a+", false],
  ["$log/temperature", false],
  ["$log", false],
  ["$logs/temperature", true],
])("%s can be subscribed to: %s", (filter, legal) => expect(isSubscribable(filter, 8)).toBe(legal));
