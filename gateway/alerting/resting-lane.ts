// A lane that has ended: it shows where, and evaluates nothing any more.
import { once } from "node:events";
import { ENDED, type LanePort } from "../../platform/nats/lanes/lane-operator.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";

/** @param seq of its last frame. */
export const restingAt = (seq: number): LanePort => ({
  acknowledged: seq,
  read: (_fromSeq, signal) => nothingUntil(signal),
  prepare: () => Promise.resolve(false),
  joinsAt: () => false,
  apply: () => Promise.resolve(ENDED),
  fill: () => Promise.resolve(ENDED),
});

const nothingUntil = (signal: AbortSignal): AsyncIterable<LogEntry> => ({
  [Symbol.asyncIterator]: () => ({
    next: async () => {
      if (!signal.aborted) await once(signal, "abort");
      return { done: true, value: undefined };
    },
  }),
});
