import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Alert } from "../../../../contracts/messages/alert.ts";
import { makeMessage } from "../../../../cloud/notifier/message.ts";
import {
  BATCH_MAX,
  type Candidate,
  DIGEST_OVER,
  planNext,
} from "../../../../cloud/notifier/plan.ts";
import { anAlert } from "../../../support/an-alert.ts";

const NOW_MS = 1_000_000;
const candidate = (seq: number, of: Partial<Alert>, times: Partial<Candidate> = {}): Candidate => ({
  seq,
  alert: anAlert({ id: `id${seq}`, ...of }),
  arrivedMs: NOW_MS - 1_000 + seq,
  dueMs: 0,
  notBeforeMs: 0,
  ...times,
});
const TERMS = { grouped: false, tokens: 1, nowMs: NOW_MS, catchUp: false };

const queues = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 5 }),
      rule: fc.constantFrom("a", "b", "c"),
      key: fc.constantFrom(...Array.from({ length: 30 }, (_, at) => `room-${at}`)),
      state: fc.constantFrom<Alert["state"][]>("firing", "resolved"),
      severity: fc.constantFrom<Alert["severity"][]>("info", "warning", "critical"),
      late: fc.boolean(),
    }),
    { minLength: 1, maxLength: 450 },
  )
  .map((steps) => {
    let seq = 0;
    return steps.map(({ gap, late, ...of }) => {
      seq += gap;
      return candidate(seq, { ...of, ...(late ? { late } : {}) });
    });
  });
const terms = fc.record({
  grouped: fc.boolean(),
  tokens: fc.integer({ min: 1, max: 500 }),
  nowMs: fc.constantFrom(NOW_MS, NOW_MS + 3_600_000),
  catchUp: fc.boolean(),
});
const rankOf = ({ alert }: Candidate): number =>
  ["info", "warning", "critical"].indexOf(alert.severity);

describe("a plan", () => {
  test("emptying a queue tells each alert once, in messages of an identity of their own", () => {
    fc.assert(
      fc.property(queues, terms, (waiting, how) => {
        const told: number[] = [];
        const ids = new Set<string>();
        let messages = 0;
        for (let queue = waiting; queue.length > 0; messages += 1) {
          const plan = planNext(queue, how)!;
          expect(plan.seqs.length).toBeLessThanOrEqual(BATCH_MAX);
          expect([...plan.seqs].sort((a, b) => a - b)).toEqual(plan.seqs);
          const alerts = waiting.filter(({ seq }) => plan.seqs.includes(seq));
          const of = { channel: "ops", region: "eu" };
          const message = () =>
            makeMessage(
              of,
              plan,
              alerts.map(({ alert }) => alert),
            )!.messageId;
          expect(message()).toBe(message());
          ids.add(message());
          told.push(...plan.seqs);
          queue = queue.filter(({ seq }) => !plan.seqs.includes(seq));
        }
        expect(told.sort((a, b) => a - b)).toEqual(waiting.map(({ seq }) => seq));
        expect(ids.size).toBe(messages);
      }),
      { numRuns: 60 },
    );
  });

  test("the most severe that waits is in the next message, whatever else waits", () => {
    fc.assert(
      fc.property(queues, terms, (waiting, how) => {
        const soon = { ...how, nowMs: NOW_MS, catchUp: false };
        const plan = planNext(waiting, soon)!;
        const most = Math.max(...waiting.map(rankOf));
        expect(waiting.some((one) => plan.seqs.includes(one.seq) && rankOf(one) === most)).toBe(
          true,
        );
      }),
    );
  });

  const rooms = (count: number, of: Partial<Alert> = {}): Candidate[] =>
    Array.from({ length: count }, (_, at) => candidate(at + 1, { key: `room-${at}`, ...of }));

  test("one message for each alert while the rate allows it, the severe one first", () => {
    const queue = [...rooms(3), candidate(9, { key: "freezer", severity: "critical" })];
    expect(planNext(queue, { ...TERMS, tokens: 5 })).toEqual({ kind: "single", seqs: [9] });
    expect(planNext(queue.slice(0, 3), { ...TERMS, tokens: 5 })).toEqual({
      kind: "single",
      seqs: [1],
    });
  });

  test("a flapping alert costs one message, however often it came and went while it waited", () => {
    const flaps = Array.from({ length: 35 }, (_, at) =>
      candidate(at + 1, { state: at % 2 === 0 ? "resolved" : "firing" }),
    );
    const critical = candidate(40, { key: "freezer", severity: "critical" });
    expect(planNext([...flaps, critical], TERMS)).toEqual({ kind: "single", seqs: [40] });
    const merged = planNext(flaps, TERMS)!;
    expect([merged.kind, merged.seqs.length]).toEqual(["merged", 35]);
  });

  test("up to 20 alerts wait for the rate limit one by one, more become one digest", () => {
    expect(planNext(rooms(DIGEST_OVER + 1), TERMS)).toEqual({ kind: "single", seqs: [1] });
    const many = planNext(rooms(DIGEST_OVER + 2), TERMS)!;
    expect([many.kind, many.seqs.length]).toEqual(["digest", 22]);
    const storm = planNext(rooms(450), { ...TERMS, grouped: true })!;
    expect([storm.kind, storm.seqs.length]).toEqual(["group", 200]);
  });

  test("the few that are more severe than all others go ahead of the digest, many are its beginning", () => {
    const storm = rooms(100);
    const critical = (seq: number) => candidate(seq, { key: `f${seq}`, severity: "critical" });
    expect(planNext([...storm, critical(200)], TERMS)).toEqual({ kind: "single", seqs: [200] });
    const both = planNext([...storm, critical(200), critical(201)], TERMS)!;
    expect([both.kind, both.seqs.slice(-2)]).toEqual(["digest", [200, 201]]);
  });

  test("what more severe ones went ahead of for five minutes is told with them", () => {
    const old = candidate(1, {}, { arrivedMs: NOW_MS - 301_000 });
    const queue = [old, candidate(2, { key: "freezer", severity: "critical" })];
    expect(planNext(queue, TERMS)).toEqual({ kind: "digest", seqs: [1, 2] });
  });

  test("late alerts of a rule are one message, apart from those of the present", () => {
    const late = { late: true } as Partial<Alert>;
    const queue = [
      candidate(1, { ...late, key: "a" }),
      candidate(2, { key: "a" }),
      candidate(3, { ...late, key: "b" }),
      candidate(4, { ...late, key: "a", state: "resolved" }),
    ];
    expect(planNext(queue, TERMS)).toEqual({ kind: "late", seqs: [1, 3, 4] });
    expect(planNext([queue[1]!], TERMS)).toEqual({ kind: "single", seqs: [2] });
  });

  test("what failed waits for its next attempt and holds up nobody", () => {
    const failed = candidate(
      1,
      { key: "freezer", severity: "critical" },
      { notBeforeMs: NOW_MS + 1 },
    );
    expect(planNext([failed], TERMS)).toBeNull();
    expect(planNext([failed, ...rooms(2).slice(1)], TERMS)).toEqual({ kind: "single", seqs: [2] });
  });

  test("a group is told when the first of it was gathered for long enough, with all that came", () => {
    const queue = [
      candidate(1, { key: "a" }, { dueMs: NOW_MS }),
      candidate(2, { key: "b" }, { dueMs: NOW_MS + 5 }),
    ];
    expect(planNext(queue, { ...TERMS, grouped: true })).toEqual({ kind: "group", seqs: [1, 2] });
    expect(planNext(queue, { ...TERMS, grouped: true, nowMs: NOW_MS - 1 })).toBeNull();
  });
});
