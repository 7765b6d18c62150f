// Goal: no record that a region has and the hub lost, or that will never reach the region, goes unnoticed, and a copy
// that is only behind is none. Method: both sides are made by the same writes, up to a moment at which the hub goes back.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Side, divergenceOf } from "../../../../../platform/nats/history/divergence.ts";
import type { LogEntry } from "../../../../../platform/nats/client/log-entry.ts";

/** A stream that keeps the newest entry of each key. */
class Stream {
  #lastSeq = 0;
  readonly #entries = new Map<string, LogEntry>();

  write(key: string, storeMs: number): void {
    this.take({ seq: this.#lastSeq + 1, storeMs, subject: key, data: Buffer.from(`${storeMs}`) });
  }

  /** As a mirror does: nothing that it believes to have, and everything behind that. */
  take(entry: LogEntry): void {
    if (entry.seq <= this.#lastSeq) return;
    this.#lastSeq = entry.seq;
    this.#entries.set(entry.subject, entry);
  }

  get side(): Side {
    return { lastSeq: this.#lastSeq, records: [...this.#entries.values()] };
  }
}

const keys = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });

const written = (all: readonly string[], to: Stream, fromMs: number): Stream => {
  for (const [at, key] of all.entries()) to.write(key, fromMs + at);
  return to;
};

test("a copy that is behind, level, or cut off for a while is of the same history", () => {
  fc.assert(
    fc.property(keys, keys, (before, after) => {
      const hub = written(before, new Stream(), 0);
      const copy = written(before, new Stream(), 0);
      written(after, hub, 100);
      expect(divergenceOf(hub.side, copy.side, 1_000)).toBeNull();
    }),
  );
});

test("a hub that went back is told, unless nothing differs any more", () => {
  fc.assert(
    fc.property(keys, keys, keys, (kept, lost, written2) => {
      const hub = written(kept, new Stream(), 0);
      const copy = written(lost, written(kept, new Stream(), 0), 100);
      written(written2, hub, 200);
      for (const entry of hub.side.records.toSorted((a, b) => a.seq - b.seq)) copy.take(entry);
      const state = (of: Side): unknown =>
        of.records.map(({ subject, data }) => `${subject} ${String(data)}`).sort();
      const isLevel =
        JSON.stringify(state(hub.side)) === JSON.stringify(state(copy.side)) &&
        hub.side.lastSeq === copy.side.lastSeq;
      expect(divergenceOf(hub.side, copy.side, 1_000) === null).toBe(isLevel);
    }),
  );
});

test("what is as old as the stream keeps it may be gone on one side", () => {
  const hub = new Stream();
  const copy = written(["a"], new Stream(), 0);
  hub.write("b", 600_000);
  const bounds = { maxAgeMs: 600_000, fromSeq: 0 };
  expect(divergenceOf({ ...hub.side, records: [] }, copy.side, 590_000, bounds)).toBeNull();
  expect(divergenceOf({ ...hub.side, records: [] }, copy.side, 100_000, bounds)).toMatchObject({
    lost: 1,
  });
});
