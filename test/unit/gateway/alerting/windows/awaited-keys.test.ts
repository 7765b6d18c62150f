// Goal: rules that share their list of keys wait for what each of them alone would wait for.
// Method: three sharers beside a list of timers for each, through the same random steps, saved and restored on the way.
import fc from "fast-check";
import { expect, test } from "vitest";
import { AwaitedKeys } from "../../../../../gateway/alerting/windows/awaited-keys.ts";
import { IdleTimers } from "../../../../../gateway/alerting/windows/idle-timers.ts";

const who = fc.nat(2);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("hear" as const), key: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop" as const), who, key: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("take" as const), who, ago: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("forget" as const), who, count: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), who }) },
);

const sharing = (all: readonly AwaitedKeys[]): AwaitedKeys[] => {
  for (const keys of all) all.find((other) => keys.share(other));
  return [...all];
};

/** Keys of one moment stand in the order of the list, whoever stopped one and waits for it again. */
const byKey = (due: readonly { readonly key: string; readonly touchedAt: number }[]) =>
  due.toSorted((a, b) => (a.key < b.key ? -1 : 1));

test("sharers wait for what each of them alone would wait for", () => {
  let shared = 0;
  fc.assert(
    fc.property(fc.array(fc.record({ step, afterMs: fc.nat(2) }), { maxLength: 60 }), (steps) => {
      let sharers = sharing([0, 1, 2].map(() => new AwaitedKeys()));
      const alone = [0, 1, 2].map(() => new IdleTimers());
      let now = 100;
      for (const { step: one, afterMs } of steps) {
        now += afterMs;
        if (one.do === "hear") {
          const key = `k${one.key}`;
          for (const timers of alone) timers.touch(key, now);
          for (const keys of sharers) keys.hear(key, now);
        } else if (one.do === "restore") {
          const before = sharers.map((keys) => [...keys.entries()]);
          sharers = sharing(before.map((entries) => AwaitedKeys.from(entries)));
          expect(sharers.map((keys) => [...keys.entries()])).toEqual(before);
          if (sharers[0]!.isShared(sharers[2]!)) shared += 1;
        } else {
          const [keys, timers] = [sharers[one.who]!, alone[one.who]!];
          if (one.do === "take") {
            const due = keys.takeUntil(now - one.ago);
            const wanted = timers.takeUntil(now - one.ago);
            expect(due.map(({ touchedAt }) => touchedAt)).toEqual(
              wanted.map(({ touchedAt }) => touchedAt),
            );
            expect(byKey(due)).toEqual(byKey(wanted));
          } else if (one.do === "leave") {
            keys.leave();
            alone[one.who] = new IdleTimers();
          } else if (one.do === "forget") {
            const before = [...keys.entries()];
            keys.forget(one.count);
            const gone = before.filter(([key]) => !keys.has(key));
            expect(gone).toEqual(before.slice(0, one.count));
            for (const [key] of gone) timers.stop(key);
          } else {
            keys.stop(`k${one.key}`);
            timers.stop(`k${one.key}`);
          }
        }
        sharers.forEach((keys, at) => {
          const [entries, wanted] = [[...keys.entries()], [...alone[at]!.entries()]];
          expect(entries.map(([, heardAt]) => heardAt)).toEqual(wanted.map(([, at]) => at));
          expect(new Map(entries)).toEqual(new Map(wanted));
          expect(keys.size).toBe(alone[at]!.size);
          for (let key = 0; key < 8; key++)
            expect(keys.has(`k${key}`)).toBe(alone[at]!.has(`k${key}`));
        });
      }
    }),
    { numRuns: 2_000 },
  );
  expect(shared).toBeGreaterThan(100);
});

test("what says another thing of a key is not shared", () => {
  const [one, other] = [AwaitedKeys.from([["k", 1]]), AwaitedKeys.from([["k", 2]])];
  expect(one.share(other)).toBe(false);
  one.hear("l", 5);
  expect(other.has("l")).toBe(false);
});
