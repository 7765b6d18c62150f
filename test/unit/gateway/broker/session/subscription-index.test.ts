// Goal: the index finds exactly the subscriptions whose filter matches (MQTT 5, 4.7).
// Method: a regular expression per filter is the model; fast-check makes filters and topics.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  SubscriptionIndex,
  matcher,
} from "../../../../../gateway/broker/session/subscription-index.ts";

const level = fc.constantFrom("a", "b", "", "$x", "__proto__");
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels.slice(1), "#"] : levels).join("/"));

/** The specification, as a regular expression. */
function model(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[#+]/.test(filter)) return false;
  const pattern = filter
    .replaceAll("$", "\\$")
    .replaceAll("+", "[^/]*")
    .replace(/^#$/, ".*")
    .replace(/\/#$/, "(/.*)?");
  return new RegExp(`^${pattern}$`, "s").test(topic);
}

test("a filter matches what the specification says", () => {
  fc.assert(
    fc.property(filters, topics, (filter, topic) => {
      expect(matcher(filter)(topic)).toBe(model(filter, topic));
    }),
    { numRuns: 2000 },
  );
});

test("after any additions and removals it finds exactly what is left", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), filters, fc.constantFrom("c1", "c2")));
  fc.assert(
    fc.property(steps, topics, (changes, topic) => {
      const index = new SubscriptionIndex<string>();
      const left = new Map<string, string>();
      for (const [add, filter, client] of changes) {
        const name = `${client} ${filter}`;
        if (add) {
          index.set(filter, client, name);
          left.set(name, filter);
        } else {
          index.delete(filter, client);
          left.delete(name);
        }
      }
      const found: string[] = [];
      index.match(topic, found);
      const expected = [...left].filter(([, filter]) => model(filter, topic)).map(([name]) => name);
      expect(found.toSorted()).toEqual(expected.toSorted());
      expect(index.size).toBe(left.size);
    }),
    { numRuns: 1000 },
  );
});
