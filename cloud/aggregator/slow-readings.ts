// Traces of slow readings, made afterwards from the times that are known of them; nothing chose them when they began.
import { OWN, SPANS } from "../../otel/names.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { ReadingEffect } from "../sinks/effects.ts";
import { type HopTimes, recordHops } from "./hop-spans.ts";

/** A reading that may prove slow once it is stored: no more of it than its trace needs. */
export interface OldestReading {
  readonly device: string;
  readonly contract: string;
  readonly eventMs: number;
  readonly receivedMs: number;
}

/** The reading of a frame that happened first, of those that have no trace; null if all have one. */
export function oldestOf(readings: readonly ReadingEffect[]): OldestReading | null {
  let oldest: ReadingEffect | null = null;
  for (const one of readings)
    if (one.reading.traceparent === null && (oldest === null || one.eventMs < oldest.eventMs))
      oldest = one;
  if (oldest === null) return null;
  const { device, contract, receivedAtMs: receivedMs } = oldest.reading;
  return { device, contract, eventMs: oldest.eventMs, receivedMs };
}

/**
 * Records the whole way of a frame's oldest reading if it took longer than `slowerThanMs`. One of a frame says where
 * the time went for all of them, and behind an outage every reading is slow: {@link Tracing.sampleAnyway} bounds them.
 */
export function recordSlow(
  tracing: Tracing,
  { device, contract, eventMs, receivedMs }: OldestReading,
  times: HopTimes,
  slowerThanMs: number,
): void {
  if (times.writeEndMs - eventMs <= slowerThanMs || !tracing.sampleAnyway()) return;
  const about = { [OWN.region]: times.region, [OWN.device]: device, [OWN.contract]: contract };
  const root = tracing.record({
    name: SPANS.publish,
    parent: null,
    kind: "producer",
    startMs: Math.min(eventMs, receivedMs),
    endMs: receivedMs,
    attributes: { ...about, [OWN.why]: "slow" },
  });
  if (root === null) return;
  tracing.record({
    name: SPANS.commit,
    parent: root,
    kind: "producer",
    startMs: receivedMs,
    endMs: times.storedMs,
    attributes: about,
  });
  recordHops(tracing, [root], times);
}
