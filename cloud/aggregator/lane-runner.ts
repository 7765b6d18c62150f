// One lane of the aggregator: log → LaneAggregate → sink, and the position behind it.
import { setImmediate as macrotask } from "node:timers/promises";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { LOSSES_KEPT, type LaneLoss, type LaneStatus } from "../../contracts/messages/status.ts";
import { type LaneId, laneName, telemetryStream } from "../../contracts/names/subjects.ts";
import type { InfluxClient } from "../sinks/influx/client.ts";
import { type Hole, holeText } from "../../platform/nats/lanes/lane.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { readLaneAnywhere } from "../../platform/nats/lanes/lane-origin.ts";
import type { LogEntry } from "../../platform/nats/client/stream-reader.ts";
import type { Lease } from "../../platform/nats/lanes/leases.ts";
import type { Positions } from "../../platform/nats/lanes/positions.ts";
import { suspectCopy } from "../../platform/nats/lanes/suspected-copies.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { HubAlerts } from "../hub-alerts.ts";
import { findConflicts } from "./conflicts.ts";
import { recordHops } from "./hop-spans.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { Answer, InfluxSink } from "./influx-sink.ts";
import {
  type FrameEffects,
  type FrameOutcome,
  LaneAggregate,
  type UnknownVersion,
} from "./lane-aggregate.ts";
import { fillHole, lossOf } from "./lane-holes.ts";
import { type Unstored, storeRejects } from "./lane-rejects.ts";
import type { Latencies } from "./latency.ts";
import type { ContractPlan, Plans } from "./plan.ts";
import type { RepairableLane } from "./repair.ts";
import type { RepairGroup } from "./repair-marks.ts";
import { type AggregatorPosition, START, joinedAt } from "./position.ts";

/** Open rollups of one lane written at once; the rest waits for the next turn. */
const OPEN_LINES_MAX = 5_000;
/** Timers and sockets get their turn after this many lines, however much of the log is waiting. */
const LINES_BEFORE_YIELD = 500;
/** A lane that has too many repairs waiting looks again this often. */
const REPAIRS_AWAITED_MS = 250;

export interface Counters {
  readingsStored: number;
  lateReadings: number;
  repeatedReadings: number;
  unwritableReadings: number;
}

export interface LaneDependencies {
  readonly connection: NatsConnection;
  readonly positions: Positions<AggregatorPosition>;
  readonly plans: Plans;
  readonly sink: InfluxSink;
  readonly influx: Pick<InfluxClient, "query">;
  readonly rejectLog: RejectLog;
  readonly alerts: HubAlerts;
  readonly latencies: Latencies;
  readonly counters: Counters;
  readonly losses: LaneLoss[];
  readonly tracing: Tracing;
  readonly logger: Logger;
}

export class LaneRunner implements RepairableLane {
  readonly lane: LaneId;
  readonly lease: Lease;
  readonly #with: LaneDependencies;
  readonly #logger: Logger;
  #aggregate: LaneAggregate | null = null;
  #saved: AggregatorPosition | null = null;
  #saving: Promise<void> = Promise.resolve();
  /** Frames whose rejects are being stored, or that wait behind such. */
  #rejecting = 0;
  #rejected: Promise<void> = Promise.resolve();
  /** What ended the storing of rejects for good: no frame behind it can be done. */
  #failure: Error | null = null;
  #listening = false;
  #stoppedBy: string | null = null;
  /** Unlike a stop this ends by itself, so the lane still counts as reading. */
  #waitsFor: string | null = null;

  constructor(lane: LaneId, lease: Lease, dependencies: LaneDependencies) {
    this.lane = lane;
    this.lease = lease;
    this.#with = dependencies;
    this.#logger = dependencies.logger.child({ lane: laneName(lane) });
  }

  /** True once its position is known and its log is being read. */
  get reading(): boolean {
    return this.#listening && this.#stoppedBy === null;
  }

  get region(): string {
    return this.lane.region;
  }

  get repairsWaiting(): number {
    return this.#aggregate?.repairsWaiting ?? 0;
  }

  repairsDue(groupsMax: number): RepairGroup[] {
    return this.#aggregate?.repairsDue(groupsMax) ?? [];
  }

  repaired(group: RepairGroup): void {
    this.#aggregate!.repaired(group);
  }

  planOf(contract: string): ContractPlan | undefined {
    return this.#with.plans.ofAllVersions(contract);
  }

  get status(): LaneStatus {
    return {
      ...this.lane,
      doneSeq: this.#aggregate?.doneSeq ?? 0,
      watermarkMs: this.#aggregate?.watermarkMs ?? 0,
      stoppedBy: this.#stoppedBy ?? this.#waitsFor,
    };
  }

  /** Reads the lane until its lease ends or the lane has to stop. */
  async run(): Promise<void> {
    const { connection, positions } = this.#with;
    const { signal } = this.lease;
    const saved = await insist(() => positions.load(this.lane), this.#logger, signal);
    if (saved) this.#begin(saved);
    await insist(() => this.#firstSeq(), this.#logger, signal);
    this.#listening = !signal.aborted;
    // A frame that was read from the region has a place between two sequences (lane-holes.ts, H3).
    const fromSeq = Math.ceil(saved?.seq ?? START.seq);
    let linesSinceYield = 0;
    for await (const entry of readLaneAnywhere(
      connection,
      this.lane,
      fromSeq,
      this.#logger,
      signal,
    )) {
      const aggregate = this.#aggregate ?? (await this.#join(entry, signal));
      if (!aggregate) return;
      const lines = await this.#take(aggregate, entry, signal);
      if (lines === null) return;
      linesSinceYield += lines;
      if (linesSinceYield < LINES_BEFORE_YIELD) continue;
      linesSinceYield = 0;
      await macrotask();
    }
  }

  /** Applies a frame and sends what it changes: its lines, or null if the lane ends here. */
  async #take(
    aggregate: LaneAggregate,
    entry: LogEntry,
    signal: AbortSignal,
  ): Promise<number | null> {
    const arrivedMs = Date.now();
    let outcome = await this.#apply(aggregate, entry, signal);
    while (outcome?.kind === "stopped" && outcome.hole) {
      if (!(await this.#fill(aggregate, { entry, hole: outcome.hole }, signal))) return null;
      outcome = await this.#apply(aggregate, entry, signal);
    }
    if (outcome === null) return null;
    if (outcome.kind === "nothing") return 0;
    if (outcome.kind === "stopped") {
      this.#stop(outcome.reason);
      return null;
    }
    await this.#write({ entry, arrivedMs }, outcome);
    return outcome.lines.length;
  }

  /** False if the lane ends here: `signal` aborted, or the frames are nowhere (lane-holes.ts). */
  async #fill(
    aggregate: LaneAggregate,
    at: { entry: LogEntry; hole: Hole },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { connection, losses } = this.#with;
    const what = holeText(at.hole);
    this.#waitsFor = `waits for ${what}: they are missing in the copy and are read from the region`;
    this.#logger.warn({ seq: at.entry.seq }, `lane ${this.#waitsFor}`);
    const filling = await fillHole(connection, this.lane, at, this.#logger, signal);
    if (filling === null) return false;
    if (filling === "stop") {
      this.#stop(
        `frame ${at.entry.seq} comes before ${what}, and the region's log begins after them`,
      );
      return false;
    }
    this.#waitsFor = null;
    const { entries, lost } = filling;
    if (lost) {
      losses.push(lossOf(this.lane, lost, at.entry));
      if (losses.length > LOSSES_KEPT) losses.shift();
      await this.#alertOfLoss(lost, at.entry);
      this.#logger.error({ lost }, `lost in the region, for good: ${holeText(lost)}`);
      aggregate.jump(lost);
    }
    for (const entry of entries)
      if ((await this.#take(aggregate, entry, signal)) === null) return false;
    this.#logger.info({ frames: entries.length }, "missing frames read from the region");
    await suspectCopy(connection, this.lane.region, Math.ceil(at.entry.seq) - 1).catch(() => {
      this.#logger.warn("the steward could not be told that the copy lacked frames");
    });
    return true;
  }

  async #alertOfLoss(lost: Hole, { storeMs: atMs }: LogEntry): Promise<void> {
    const { region, partition } = this.lane;
    const [rule, key, value] = ["data_lost", `${region}/${partition}`, lost.readings ?? 0];
    const message = `region ${region} lost ${holeText(lost)}, acknowledged and stored nowhere else`;
    const condition = { rule, key, holds: true, atMs, value, message };
    await insist(() => this.#with.alerts.set(condition), this.#logger, this.lease.signal);
  }

  /** Null if `signal` aborted while the frame waited for its contract. */
  async #apply(
    aggregate: LaneAggregate,
    entry: LogEntry,
    signal: AbortSignal,
  ): Promise<FrameOutcome | null> {
    for (;;) {
      const outcome = aggregate.apply(entry);
      if (outcome.kind !== "stopped") return outcome;
      if (outcome.awaits) await this.#wait(outcome.awaits, entry.seq, signal);
      else if (outcome.awaitsRepairs) await sleep(REPAIRS_AWAITED_MS, signal);
      else return outcome;
      if (signal.aborted) return null;
    }
  }

  async #wait(
    { contract, version }: UnknownVersion,
    seq: number,
    signal: AbortSignal,
  ): Promise<void> {
    this.#waitsFor = `waits for contract ${contract} v${version}, which frame ${seq} holds`;
    this.#logger.error({ seq }, `lane ${this.#waitsFor}: publish it, or upgrade this program`);
    await this.#with.plans.whenKnown(contract, version, signal);
    if (signal.aborted) return;
    this.#logger.info({ seq }, `lane goes on: contract ${contract} v${version} is known`);
    this.#waitsFor = null;
  }

  /** Open rollups that changed, best effort: nothing depends on their acknowledgement. */
  async writeOpen(): Promise<void> {
    const { sink } = this.#with;
    if (this.#stoppedBy !== null || !sink.hasRoom) return;
    const lines = this.#aggregate?.takeOpen(OPEN_LINES_MAX) ?? [];
    if (lines.length > 0) await sink.put({ lines, acknowledged: () => undefined }, this.lease);
  }

  /**
   * Saves the position if it moved. A log or bucket that is away is tried again next time.
   * @throws AppError `POSITION_CONFLICT` if another owner moved it; what no other try would mend.
   */
  async save(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    // One save at a time: two with the same revision would look like two owners of the lane.
    this.#saving = this.#saving.then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const position = this.#aggregate?.position();
    if (!position || isSame(position, this.#saved)) return;
    try {
      await this.#with.positions.save(this.lane, position);
      this.#saved = position;
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      this.#logger.warn({ err: error }, `position not saved, will retry: ${messageOf(error)}`);
    }
  }

  async #write(arrival: Arrival, effects: FrameEffects): Promise<void> {
    const { sink, counters } = this.#with;
    counters.repeatedReadings += effects.repeated.length;
    counters.lateReadings += effects.late;
    const aggregatedMs = Date.now();
    const acknowledged = (answer: Answer): void => {
      const unstored = unstoredOf(effects, answer);
      const done = (): void => this.#done({ ...arrival, aggregatedMs }, effects, answer, unstored);
      const { repeated } = effects;
      if (unstored.length + repeated.length === 0 && this.#rejecting === 0) done();
      else this.#reject(arrival.entry, { unstored, repeated }, done);
    };
    await sink.put({ lines: effects.lines, acknowledged }, this.lease);
  }

  /** A frame is done once its rejects are stored, and no frame before an earlier one. */
  #reject(
    entry: LogEntry,
    of: { unstored: readonly Unstored[]; repeated: readonly number[] },
    done: () => void,
  ): void {
    const { influx, plans, rejectLog } = this.#with;
    const { signal } = this.lease;
    this.#rejecting += 1;
    this.#rejected = this.#rejected
      .then(async () => {
        const compare = () => findConflicts(influx, plans, entry, of.repeated);
        const conflicts = await insist(compare, this.#logger, signal);
        if (!conflicts) return;
        const unstored = [...of.unstored, ...conflicts];
        if (unstored.length > 0)
          this.#logger.error({ seq: entry.seq, unstored }, "some readings are kept as rejects");
        await storeRejects(rejectLog, { lane: this.lane, entry, unstored }, signal);
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
    { seq, eventTimes, traceparents, unwritable }: FrameEffects,
    { startMs, endMs }: Answer,
    { length: unstored }: readonly Unstored[],
  ): void {
    const { latencies, counters, tracing } = this.#with;
    const { region } = this.lane;
    this.#aggregate!.acknowledged(seq);
    counters.unwritableReadings += unstored;
    counters.readingsStored += eventTimes.length + unwritable.length - unstored;
    latencies.record(region, eventTimes, endMs);
    if (!tracing.enabled) return;
    const write = { writeStartMs: startMs, writeEndMs: endMs };
    const hops = { storedMs: entry.storeMs, arrivedMs, aggregatedMs, ...write };
    recordHops(tracing, traceparents, { region, ...hops });
  }

  #stop(reason: string): void {
    this.#stoppedBy = reason;
    this.#logger.error({ reason }, "lane stopped: somebody must act");
  }

  #begin(position: AggregatorPosition): LaneAggregate {
    this.#saved = position;
    this.#aggregate = new LaneAggregate(this.#with.plans, position);
    return this.#aggregate;
  }

  /** The first frame ever read of this lane says whether the log's beginning was trimmed. */
  async #join({ storeMs }: LogEntry, signal: AbortSignal): Promise<LaneAggregate | null> {
    const firstSeq = await insist(() => this.#firstSeq(), this.#logger, signal);
    if (firstSeq === null) return null;
    return this.#begin(firstSeq > 1 ? joinedAt(storeMs) : START);
  }

  async #firstSeq(): Promise<number> {
    const streams = new Streams(this.#with.connection);
    return (await streams.state(telemetryStream(this.lane.region))).firstSeq;
  }
}

interface Arrival {
  readonly entry: LogEntry;
  readonly arrivedMs: number;
}

function unstoredOf({ places, unwritable }: FrameEffects, { refused }: Answer): Unstored[] {
  if (unwritable.length + refused.length === 0) return [];
  const detail = "it has no time or not one value that a point could hold";
  return [
    ...unwritable.map((place) => ({ place, reason: "unwritable" as const, detail })),
    // What comes after the raw points are rollups: they are in the sink's log.
    ...refused.flatMap(({ line, detail: why }) =>
      line < places.length
        ? [{ place: places[line]!, reason: "unwritable" as const, detail: why }]
        : [],
    ),
  ];
}

const isSame = (a: AggregatorPosition, b: AggregatorPosition | null): boolean =>
  b !== null && a.seq === b.seq && a.doneSeq === b.doneSeq && a.finalThroughMs === b.finalThroughMs;
