// The invariants C1 to C5 of the commit log, against a store that the test lets answer.
import { expect, test } from "vitest";
import { decodeFrame } from "../../../../contracts/messages/frame.ts";
import { CommitLog, type FrameStore } from "../../../../gateway/ingest/commit-log.ts";
import type { HistogramValue } from "../../../../otel/metrics.ts";
import { AppError } from "../../../../platform/runtime/errors.ts";

interface Sent {
  partition: number;
  data: Uint8Array;
  messageId: string;
  answer: (outcome: { duplicate: boolean } | Error) => void;
}

class ManualStore implements FrameStore {
  readonly sent: Sent[] = [];
  #waiting: (() => void)[] = [];

  publish(partition: number, data: Uint8Array, messageId: string): Promise<{ duplicate: boolean }> {
    return new Promise((resolve, reject) => {
      const answer = (outcome: { duplicate: boolean } | Error): void =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      this.sent.push({ partition, data, messageId, answer });
      for (const waiter of this.#waiting.splice(0)) waiter();
    });
  }

  async nth(count: number): Promise<Sent> {
    while (this.sent.length < count)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.sent[count - 1]!;
  }
}

const STORED = { duplicate: false };
const AWAY = new AppError("NATS_UNAVAILABLE", "retry", "away");
const encoded = (n: number): string => `["d","c",1,${n},null,{}]`;

type Options = { frameCharsMax: number; partitions: number; clock: () => number };

function start(options: Partial<Options> = {}) {
  const store = new ManualStore();
  const log = new CommitLog(store, {
    gateway: "g",
    epoch: "e",
    partitions: 1,
    clock: () => 1_000,
    frameCharsMax: 1_000_000,
    ...options,
  });
  const stop = new AbortController();
  const run = log.run(stop.signal);
  const done: number[] = [];
  const append = (n: number, partition = 0): void =>
    log.append(partition, encoded(n), () => done.push(n));
  return { store, log, run, stop, done, append };
}

const times = ({ data }: Sent): number[] =>
  decodeFrame(data).readings.map(({ receivedAtMs }) => receivedAtMs);

test("C1: nothing is acknowledged before the PubAck of its frame", async () => {
  const { store, done, append, log } = start();
  append(1);
  const frame = await store.nth(1);
  await new Promise(setImmediate);
  expect(done).toEqual([]);
  frame.answer(STORED);
  await log.drain(AbortSignal.timeout(1_000));
  expect(done).toEqual([1]);
});

test("C2: one frame in flight, the next gathers meanwhile, in arrival order", async () => {
  const { store, done, append, log } = start();
  append(1);
  const first = await store.nth(1);
  for (const n of [2, 3, 4]) append(n);
  await new Promise(setImmediate);
  expect(store.sent).toHaveLength(1);
  first.answer(STORED);
  const second = await store.nth(2);
  expect(times(second)).toEqual([2, 3, 4]);
  second.answer(STORED);
  await log.drain(AbortSignal.timeout(1_000));
  expect(done).toEqual([1, 2, 3, 4]);
  expect(decodeFrame(second.data).header).toMatchObject({ n: 2, count: 3, total: 4 });
});

test("C3: a refused frame is sent again unchanged, under its id, before any later one", async () => {
  const { store, done, append, log } = start();
  append(1);
  const first = await store.nth(1);
  append(2);
  first.answer(AWAY);
  const again = await store.nth(2);
  expect(log.state).toEqual({ state: "refusing", detail: "away" });
  expect(again.messageId).toBe(first.messageId);
  expect(Buffer.compare(again.data, first.data)).toBe(0);
  again.answer({ duplicate: true });
  const next = await store.nth(3);
  expect(times(next)).toEqual([2]);
  expect(done).toEqual([1]);
  expect(log.state.state).toBe("ok");
});

test("C4: 'duplicate' on a first send stops the process and acknowledges nothing", async () => {
  const { store, run, done, append } = start();
  append(1);
  (await store.nth(1)).answer({ duplicate: true });
  await expect(run).rejects.toThrow(/used before/);
  expect(done).toEqual([]);
});

test("C5: partitions with nothing to say send empty frames, numbered like all others", async () => {
  const { store } = start({ partitions: 2 });
  const ids = [(await store.nth(1)).messageId, (await store.nth(2)).messageId];
  expect(ids.sort()).toEqual(["g:e:0:1", "g:e:1:1"]);
  expect(times(store.sent[0]!)).toEqual([]);
});

test("a frame is bounded; a reading larger than the bound goes alone", async () => {
  const { store, append } = start({ frameCharsMax: encoded(1).length * 2 + 2 });
  append(1);
  const first = await store.nth(1);
  for (const n of [2, 3, 4, 5, 6]) append(n);
  first.answer(STORED);
  const second = await store.nth(2);
  expect(times(second)).toEqual([2, 3]);
  second.answer(STORED);
  expect(times(await store.nth(3))).toEqual([4, 5]);
});

test("C6: a canary goes with the next frame of its partition, after what was gathered before, once", async () => {
  const { store, append, log } = start();
  log.sendCanary(0);
  const first = await store.nth(1);
  expect(decodeFrame(first.data).header).toMatchObject({ n: 1, count: 0, canary: 1_000 });
  append(1);
  log.sendCanary(0);
  log.sendCanary(0);
  expect(log.canaryStoredMs).toBeNull();
  first.answer(STORED);
  const second = await store.nth(2);
  expect(log.canaryStoredMs).toBe(1_000);
  expect(decodeFrame(second.data).header).toMatchObject({ n: 2, count: 1, canary: 1_000 });
  append(2);
  second.answer(STORED);
  const third = await store.nth(3);
  expect(decodeFrame(third.data).header.canary).toBeUndefined();
  third.answer(STORED);
  await log.drain(AbortSignal.timeout(1_000));
});

test("C6: a canary that was asked for while a frame was in flight does not wait for readings", async () => {
  const { store, append, log } = start();
  append(1);
  const first = await store.nth(1);
  log.sendCanary(0);
  first.answer(STORED);
  const second = await store.nth(2);
  expect(decodeFrame(second.data).header).toMatchObject({ count: 0, canary: 1_000 });
  second.answer(STORED);
  await log.drain(AbortSignal.timeout(1_000));
});

test("readings, bytes and spacing of frames are counted; the first of a partition follows none", async () => {
  let nowMs = 1_000;
  const { store, append, log } = start({ clock: () => nowMs });
  append(1);
  const first = await store.nth(1);
  for (const n of [2, 3, 4]) append(n);
  nowMs += 30;
  first.answer(STORED);
  const second = await store.nth(2);
  second.answer(STORED);
  await log.drain(AbortSignal.timeout(1_000));
  const { readings, bytes, spacing } = log.frames;
  const filled = ({ bounds, counts }: HistogramValue): [upTo: number, count: number][] =>
    counts.flatMap((count, at) => (count === 0 ? [] : [[bounds[at] ?? Infinity, count]]));
  expect(filled(readings.value)).toEqual([
    [1, 1],
    [5, 1],
  ]);
  expect(bytes.value.sum).toBe(first.data.length + second.data.length);
  expect(filled(spacing.value)).toEqual([[0.05, 1]]);
  expect(spacing.value.sum).toBeCloseTo(0.03);
});
