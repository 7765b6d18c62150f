// The effects of one lane's frames on their way to the sink, until each frame is done.
//
// D1. A frame is done once the sink holds its effects and its rejects are stored, and never before an
//     earlier frame of the lane.
// D2. Nothing here keeps a reading's payload: effects wait in the sink, encoded.
import type { LaneId } from "../../contracts/names/subjects.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import type { Lease } from "../../platform/nats/lanes/leases.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Outage } from "../link/link-history.ts";
import type { Answer, Sink } from "../sinks/sink.ts";
import { recordHops } from "./hop-spans.ts";
import type { FrameEffects } from "./frame-effects.ts";
import { type Unstored, storeRejects } from "./lane-rejects.ts";
import type { Canaries } from "./latency/canaries.ts";
import { timesOf } from "./latency/frame-times.ts";
import type { HubArrivals } from "./latency/hub-arrivals.ts";
import { type Latencies, type ReadingTimes, hopsOf } from "./latency/latencies.ts";
import { OutageQueue } from "./latency/outage-queue.ts";
import { type OldestReading, oldestOf, recordSlow } from "./slow-readings.ts";
import type { RestartCounts } from "./sequence-restarts.ts";

export interface Counters {
  readingsStored: number;
  lateReadings: number;
  repeatedReadings: number;
  /** Counts how often a device began to count anew, for those that did so last. */
  readonly sequenceRestarts: RestartCounts;
  unwritableReadings: number;
  /** Readings whose rollups are left to the repair job, because too many series were open. */
  uncountedReadings: number;
}

/** The log says at most this often that too many series are open. */
const CROWDED_TOLD_MS = 60_000;

export interface LaneWriterParts {
  readonly sink: Sink;
  readonly rejectLog: RejectLog;
  readonly latencies: Latencies;
  readonly canaries: Canaries;
  /** Times at which frames of this region came to the hub. */
  readonly hubArrivals: HubArrivals;
  /** Outages of this region's link that are known. */
  readonly outages: () => readonly Outage[];
  readonly counters: Counters;
  readonly tracing: Tracing;
  /** A reading that takes longer from the device's clock to the sink gets a trace anyway. */
  readonly slowerThanMs: number;
  readonly logger: Logger;
}

/** The part of a frame's effects that is needed once they are stored (D2). */
type FrameRecord = Omit<FrameEffects, "kind" | "readings" | "rollups"> & {
  readonly times: ReadingTimes;
  readonly behindOutage: boolean;
  /** Null while nothing is traced. */
  readonly oldest: OldestReading | null;
};

/** A frame is done; `refused` are the contracts of its readings that the sink refused, one for each. */
type FrameDone = (seq: number, refused: readonly string[]) => void;

const NONE: readonly string[] = [];

interface Arrival {
  readonly entry: LogEntry;
  readonly arrivedMs: number;
}

export class LaneWriter {
  readonly #lane: LaneId;
  readonly #lease: Lease;
  readonly #parts: LaneWriterParts;
  readonly #onDone: FrameDone;
  readonly #outageQueue = new OutageQueue();
  /** Frames whose rejects are being stored, or that wait behind such. */
  #rejecting = 0;
  #rejected: Promise<void> = Promise.resolve();
  #crowdedToldMs = Number.NEGATIVE_INFINITY;
  /** Ended the storing of rejects for good: no frame behind it can be done. */
  #failure: Error | null = null;

  /** @param on.done told of each frame, in order (D1). */
  constructor(lane: LaneId, lease: Lease, parts: LaneWriterParts, on: { done: FrameDone }) {
    this.#lane = lane;
    this.#lease = lease;
    this.#parts = parts;
    this.#onDone = on.done;
  }

  /** @throws what ended the storing of rejects: the lane would stand still, and nobody would know. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Queues the effects of a frame; resolves once there is room for the next one. */
  async write(arrival: Arrival, effects: FrameEffects): Promise<void> {
    const { sink, counters, latencies, outages, tracing } = this.#parts;
    const { region, partition } = this.#lane;
    const { kind: _, readings, rollups, ...of } = effects;
    const { storeMs } = arrival.entry;
    const behindOutage = this.#outageQueue.isBehind(outages(), storeMs, arrival.arrivedMs);
    const times = timesOf(readings, latencies.skewsOf(region));
    const oldest = tracing.enabled ? oldestOf(readings) : null;
    const frame = { ...of, times, behindOutage, oldest };
    counters.repeatedReadings += frame.repeated;
    counters.lateReadings += frame.late;
    if (frame.uncounted > 0) this.#tellCrowded(frame.uncounted);
    for (const device of frame.restarted) counters.sequenceRestarts.add(device);
    const acknowledged = this.#acknowledgement(arrival, frame, Date.now());
    const canary = frame.canary ? { partition, ...frame.canary } : undefined;
    await sink.put({ region, readings, rollups, canary, acknowledged }, this.#lease);
  }

  #tellCrowded(readings: number): void {
    this.#parts.counters.uncountedReadings += readings;
    const nowMs = performance.now();
    if (nowMs - this.#crowdedToldMs < CROWDED_TOLD_MS) return;
    this.#crowdedToldMs = nowMs;
    this.#parts.logger.warn(
      { uncountedReadings: this.#parts.counters.uncountedReadings },
      "too many series are open in this lane: readings of further ones are stored, and their rollups come with the repair job",
    );
  }

  // A function of its own, so that what it returns does not hold on to the readings (D2).
  #acknowledgement(
    arrival: Arrival,
    frame: FrameRecord,
    aggregatedMs: number,
  ): (answer: Answer) => void {
    return (answer) => {
      const unstored = unstoredOf(frame, answer);
      const done = (): void => this.#done({ ...arrival, aggregatedMs }, frame, answer, unstored);
      if (unstored.length === 0 && this.#rejecting === 0) done();
      else this.#reject(arrival.entry, unstored, done);
    };
  }

  #reject(entry: LogEntry, unstored: readonly Unstored[], done: () => void): void {
    const { rejectLog, logger } = this.#parts;
    const { signal } = this.#lease;
    this.#rejecting += 1;
    this.#rejected = this.#rejected
      .then(async () => {
        if (unstored.length > 0)
          logger.error({ seq: entry.seq, unstored }, "some readings are kept as rejects");
        await storeRejects(rejectLog, { lane: this.#lane, entry, unstored }, signal);
        done();
      })
      .finally(() => (this.#rejecting -= 1));
    // At the end of the lease the frame is not done, and its next owner sees it again.
    this.#rejected.catch((error: unknown) => {
      if (signal.aborted) return;
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    });
  }

  #done(
    { entry, arrivedMs, aggregatedMs }: Arrival & { aggregatedMs: number },
    { seq, places, times, behindOutage, canary, unwritable, oldest }: FrameRecord,
    { startMs, endMs, refused }: Answer,
    { length: unstored }: readonly Unstored[],
  ): void {
    const { latencies, canaries, hubArrivals, counters, tracing, sink, slowerThanMs } = this.#parts;
    const { region, partition } = this.#lane;
    this.#onDone(seq, refused.length === 0 ? NONE : contractsOf(entry, places, refused));
    counters.unwritableReadings += unstored;
    counters.readingsStored += times.happenedMs.length + unwritable.length - unstored;
    const hubMs = hubArrivals.of(entry.seq, arrivedMs);
    const passed = { storeMs: entry.storeMs, hubMs, arrivedMs, endMs };
    latencies.record(region, passed, times, { behindOutage });
    if (canary) {
      const { gateway, sentMs } = canary;
      const { device_to_gateway: _, ...hopsMs } = hopsOf(passed, {
        happenedMs: sentMs,
        receivedMs: sentMs,
      });
      canaries.stored({ region, partition, gateway, sentMs, storedMs: endMs, hopsMs });
    }
    if (!tracing.enabled) return;
    const traceparents = times.traced.map(({ traceparent }) => traceparent);
    const write = { writeStartMs: startMs, writeEndMs: endMs };
    const hops = { region, sink, storedMs: entry.storeMs, arrivedMs, aggregatedMs, ...write };
    recordHops(tracing, traceparents, hops);
    if (oldest) recordSlow(tracing, oldest, hops, slowerThanMs);
  }
}

/** Contracts of the readings that the sink refused, one for each. */
function contractsOf(
  { data }: LogEntry,
  places: FrameRecord["places"],
  refused: Answer["refused"],
): string[] {
  const { readings } = decodeFrame(data);
  return refused.map(({ place }) => readings[places[place]!]!.contract);
}

function unstoredOf({ places, unwritable }: FrameRecord, { refused }: Answer): Unstored[] {
  if (unwritable.length + refused.length === 0) return [];
  const detail =
    "it has no time, no device that is text, or not one value that a point could hold, or its device has half a million others in its millisecond, or too many series are open in its lane";
  return [
    ...unwritable.map((place) => ({ place, reason: "unwritable" as const, detail })),
    ...refused.map(({ place, detail: why }) => ({
      place: places[place]!,
      reason: "unwritable" as const,
      detail: why,
    })),
  ];
}
