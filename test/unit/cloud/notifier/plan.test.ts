import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Alert } from "../../../../contracts/messages/alert.ts";
import { type PlacedAlert, makeMessage } from "../../../../cloud/notifier/message.ts";
import { BATCH_MAX, DIGEST_OVER, planBatch } from "../../../../cloud/notifier/plan.ts";
import { anAlert } from "../../../support/an-alert.ts";

const placed = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 5 }),
      rule: fc.constantFrom("a", "b", "c"),
      state: fc.constantFrom<Alert["state"][]>("firing", "resolved"),
    }),
    { minLength: 1, maxLength: 450 },
  )
  .map((steps) => {
    let seq = 0;
    return steps.map(({ gap, rule, state }): PlacedAlert => {
      seq += gap;
      return { seq, alert: anAlert({ id: `id${seq}`, rule, state }) };
    });
  });
const options = fc.record({ grouped: fc.boolean(), tokens: fc.integer({ min: 1, max: 500 }) });

describe("a plan", () => {
  test("takes the front of the queue, each alert once, and no more messages than it may", () => {
    fc.assert(
      fc.property(placed, options, (waiting, how) => {
        const { messages, taken } = planBatch(waiting, how);
        expect(taken).toBeGreaterThan(0);
        expect(taken).toBeLessThanOrEqual(BATCH_MAX);
        const told = messages.flatMap(({ seqs }) => seqs).sort((a, b) => a - b);
        expect(told).toEqual(waiting.slice(0, taken).map(({ seq }) => seq));
        for (const { seqs } of messages) expect([...seqs].sort((a, b) => a - b)).toEqual(seqs);
        if (!how.grouped) expect(messages.length).toBeLessThanOrEqual(how.tokens);
        else expect(messages.length).toBeLessThanOrEqual(how.tokens + DIGEST_OVER);
      }),
    );
  });

  test("emptying a queue gives every message an identity of its own, the same one every time", () => {
    fc.assert(
      fc.property(placed, options, (waiting, how) => {
        const all = () => {
          const ids: string[] = [];
          for (let queue = waiting; queue.length > 0;) {
            const { messages, taken } = planBatch(queue, how);
            for (const plan of messages) {
              const alerts = waiting.filter(({ seq }) => plan.seqs.includes(seq));
              const of = { channel: "ops", region: "eu" };
              ids.push(
                makeMessage(
                  of,
                  plan,
                  alerts.map(({ alert }) => alert),
                )!.messageId,
              );
            }
            queue = queue.slice(taken);
          }
          return ids;
        };
        expect(new Set(all()).size).toBe(all().length);
        expect(all()).toEqual(all());
      }),
      { numRuns: 50 },
    );
  });

  const waiting = (count: number): PlacedAlert[] =>
    Array.from({ length: count }, (_, at) => ({ seq: at + 1, alert: anAlert({ id: `i${at}` }) }));

  test("one message for each alert while the rate allows it", () => {
    const { messages } = planBatch(waiting(3), { grouped: false, tokens: 3 });
    expect(messages.map(({ kind, seqs }) => `${kind} ${seqs.join()}`)).toEqual([
      "single 1",
      "single 2",
      "single 3",
    ]);
  });

  test("up to 20 alerts wait for the rate limit one by one, more become one digest", () => {
    const few = planBatch(waiting(21), { grouped: false, tokens: 1 });
    expect(few).toEqual({ messages: [{ kind: "single", seqs: [1] }], taken: 1 });
    const many = planBatch(waiting(22), { grouped: false, tokens: 1 });
    expect(many.messages.map(({ kind, seqs }) => [kind, seqs.length])).toEqual([["digest", 22]]);
    const storm = planBatch(waiting(450), { grouped: true, tokens: 1 });
    expect(storm.messages.map(({ kind, seqs }) => [kind, seqs.length])).toEqual([["group", 200]]);
  });
});
