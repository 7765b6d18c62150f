import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isShared,
  isTopicFilter,
  isTopicName,
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
  expect(["$share/g/t", "$share", "$shared/t", "a/$share"].map(isShared)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
