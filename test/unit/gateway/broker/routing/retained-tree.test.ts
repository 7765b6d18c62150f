import fc from "fast-check";
import { expect, test } from "vitest";
import { covers } from "../../../../../gateway/identity/access.ts";
import { RetainedTree, type Walk } from "../../../../../gateway/broker/routing/retained-tree.ts";

const level = fc.constantFrom("a", "b", "", "$x", "__proto__");
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([levels, hash, alone]) =>
    alone && hash ? "#" : [...levels, ...(hash ? ["#"] : [])].join("/"),
  );

const rest = (walk: Walk<string>): string[] => {
  const found: string[] = [];
  while (!walk.done) {
    const value = walk.advance();
    if (value !== undefined) found.push(value);
  }
  return found;
};

test("a walk comes across exactly what the filter matches", () => {
  fc.assert(
    fc.property(fc.uniqueArray(topic), filter, (topics, wanted) => {
      const tree = new RetainedTree<string>();
      for (const one of topics) tree.set(one, one);
      expect(tree.size).toBe(topics.length);
      const matching = topics.filter((one) => covers(wanted, one));
      expect(rest(tree.walk(wanted)).sort()).toEqual(matching.sort());
    }),
  );
});

test("while topics come and go, what stays is come across once, and it is known whether it was", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(topic, { minLength: 1 }),
      fc.uniqueArray(topic),
      filter,
      fc.array(fc.tuple(fc.nat({ max: 3 }), fc.boolean(), topic), { maxLength: 20 }),
      (stays, others, wanted, changes) => {
        const tree = new RetainedTree<string>();
        const kept = new Set(stays);
        for (const one of [...others, ...stays]) tree.set(one, one);
        const matching = stays.filter((one) => covers(wanted, one));
        const walk = tree.walk(wanted);
        const found: string[] = [];
        for (const [steps, isNew, one] of changes) {
          for (let step = 0; step < steps && !walk.done; step++) {
            const value = walk.advance();
            if (value !== undefined) found.push(value);
            for (const known of matching)
              expect(walk.hasPassed(known), known).toBe(found.includes(known));
          }
          if (kept.has(one)) continue;
          if (isNew) tree.set(one, one);
          else tree.delete(one);
        }
        found.push(...rest(walk));
        expect(found.filter((one) => kept.has(one)).sort()).toEqual(matching.sort());
      },
    ),
  );
});

test("a filter costs what it matches, and forgotten topics leave nothing", () => {
  const tree = new RetainedTree<string>();
  for (let at = 0; at < 10_000; at++) tree.set(`devices/${at}/state`, "");
  const walk = tree.walk("devices/7/#");
  let steps = 0;
  for (; !walk.done; steps++) walk.advance();
  expect(steps).toBeLessThan(6);
  for (let at = 0; at < 10_000; at++) expect(tree.delete(`devices/${at}/state`)).toBe(true);
  expect(tree.delete("devices/1/state")).toBe(false);
  const empty = tree.walk("#");
  empty.advance();
  expect([empty.done, tree.size]).toEqual([true, 0]);
});
