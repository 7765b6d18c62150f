// One lane of the aggregator: log → LaneAggregate → sink, and the position behind it.
import { setImmediate as macrotask } from "node:timers/promises";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { type Stages, ancestorsOf, ownerIn, parentOf } from "../../contracts/names/lane-stages.ts";
import type { LaneStatus } from "../../contracts/messages/status.ts";
import {
  type LaneId,
  laneName,
  telemetryStream,
  telemetrySubject,
} from "../../contracts/names/subjects.ts";
import { isPublished } from "../../platform/nats/lanes/contract-registry.ts";
import { EMPTY_LANE, type Hole, holeText } from "../../platform/nats/lanes/lane.ts";
import {
  APPLIED,
  type Applied,
  ENDED,
  type Filling,
  type Gap,
  type JudgedFrame,
  LaneOperator,
  type LanePort,
  type Losses,
} from "../../platform/nats/lanes/lane-operator.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { readLineage } from "../../platform/nats/lanes/lane-origin.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import type { Lease } from "../../platform/nats/lanes/leases.ts";
import { endOf } from "../../platform/nats/lanes/log-lanes.ts";
import {
  type Positions,
  isNewerPosition,
  loadPositions,
} from "../../platform/nats/lanes/positions.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { suspectCopy } from "../../platform/nats/lanes/suspected-copies.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HubAlerts } from "../hub-alerts.ts";
import { Progress } from "../insight/lag/progress.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { ContractLayout, ContractLayouts } from "./contract-layout.ts";
import { type FrameOutcome, LaneAggregate, type LaneFrame } from "./lane-aggregate.ts";
import { fillHole } from "./lane-holes.ts";
import { LaneWriter, type LaneWriterParts } from "./lane-writer.ts";
import { type AggregatorPosition, START, heirOf, isSamePlace, joinedAt } from "./position.ts";
import type { LongHours } from "./long-hours.ts";
import type { LongLane } from "./long-rollups.ts";
import type { RepairGroup } from "./repair-marks.ts";

/** Series of one lane whose open rollups are written in a turn; the rest waits for the next. */
const OPEN_SERIES_MAX = 2_500;
/**
 * They are taken some at a time, over so much of the turn: to make and to store those of a hundred series takes tens of
 * milliseconds, in which no reading would get on.
 */
const OPEN_SPREAD_MS = 500;
const OPEN_STEPS_MAX = 50;
const OPEN_STEP_SERIES_MIN = 10;
/** Timers and sockets get their turn after this many effects, however much of the log is waiting. */
const EFFECTS_BEFORE_YIELD = 500;
/** A lane whose parent is not done, or that has too many repairs waiting, looks again this often. */
const AWAITED_MS = 250;

export interface LaneParts extends LaneWriterParts {
  readonly connection: NatsConnection;
  readonly positions: Positions<AggregatorPosition>;
  readonly alerts: HubAlerts;
  readonly layouts: ContractLayouts;
  readonly setAside: Pick<SettingAside, "put">;
  readonly losses: Losses;
  /** The lanes that the region's log has had. */
  readonly stages: Stages;
}

export class LaneRunner implements LongLane {
  readonly lane: LaneId;
  readonly lease: Lease;
  readonly #parts: LaneParts;
  readonly #logger: Logger;
  readonly #writer: LaneWriter;
  readonly #operator: LaneOperator;
  readonly #owns: (key: string) => boolean;
  #aggregate: LaneAggregate | null = null;
  #saved: AggregatorPosition | null = null;
  #saving: Promise<void> = Promise.resolve();
  #listening = false;
  readonly #progress = new Progress();
  #readSeq = 0;
  #effectsSinceYield = 0;
  isRepaired = false;
  hasEnded = false;
  /** True while a frame waits because too many repairs do. */
  awaitsRepairs = false;

  constructor(lane: LaneId, lease: Lease, parts: LaneParts) {
    const logger = parts.logger.child({ lane: laneName(lane) });
    const done = (seq: number, refused: readonly string[]): void =>
      this.#aggregate!.acknowledged(seq, refused);
    const { layouts: catalog, losses, setAside } = parts;
    this.#owns = ownerIn(parts.stages, lane.partition);
    this.lane = lane;
    this.lease = lease;
    this.#parts = parts;
    this.#logger = logger;
    this.#writer = new LaneWriter(lane, lease, { ...parts, logger }, { done });
    this.#operator = new LaneOperator(lane, {
      port: this.#port(),
      isPublished: (version) => isPublished(parts.connection, version),
      ...{ catalog, losses, setAside, logger, grownFrom: parts.stages[0]! },
    });
  }

  /** True once its position is known and its log is being read. */
  get reading(): boolean {
    return this.#listening && !this.#operator.stopped;
  }

  /** Notes how far it has come; to be called once a second. */
  noteProgress(atMs: number): void {
    if (this.#aggregate === null) return;
    const { doneSeq } = this.#aggregate;
    this.#progress.observe({ atMs, targetSeq: Math.max(this.#readSeq, doneSeq), doneSeq });
  }

  /** Time for which frames that were read are not done, ms. */
  standsForMs(nowMs: number): number {
    // A turn that waits for the store notes nothing.
    this.noteProgress(nowMs);
    return this.#progress.standsForMs(nowMs);
  }

  get region(): string {
    return this.lane.region;
  }

  get repairsWaiting(): number {
    return this.#aggregate?.repairsWaiting ?? 0;
  }

  /** The subject of its frames; records that were set aside name the lane by it. */
  get subject(): string {
    return telemetrySubject(this.lane.region, this.lane.partition);
  }

  repairsDue(groupsMax: number): RepairGroup[] {
    return this.hasEnded ? [] : (this.#aggregate?.repairsDue(groupsMax) ?? []);
  }

  repaired(group: RepairGroup): void {
    this.#aggregate!.repaired(group);
  }

  owns(key: string): boolean {
    return this.#owns(key);
  }

  /** Whether what was set aside of a key is this lane's to handle: in its own log, or in a lane that had the key before. */
  handles(subject: string, key: string): boolean {
    if (this.hasEnded || this.#aggregate === null) return false;
    const { region, partition } = this.lane;
    const before = ancestorsOf(this.#parts.stages, partition);
    const isOfThose = before.some((lane) => telemetrySubject(region, lane) === subject);
    return subject === this.subject || (isOfThose && this.#owns(key));
  }

  get long(): LongHours | null {
    return this.#aggregate?.long ?? null;
  }

  get longDue(): ReturnType<LongHours["due"]> {
    return this.hasEnded ? null : (this.#aggregate?.longDue ?? null);
  }

  get layouts(): readonly ContractLayout[] {
    return this.#parts.layouts.all;
  }

  layoutOf(contract: string): ContractLayout | undefined {
    return this.#parts.layouts.ofAllVersions(contract);
  }

  get status(): LaneStatus {
    const watermarkMs = this.#aggregate?.watermarkMs ?? 0;
    return { ...this.#operator.status, watermarkMs, settled: this.#aggregate?.settled ?? null };
  }

  /** Reads the lane until its lease ends or the lane has to stop. */
  async run(): Promise<void> {
    const { signal } = this.lease;
    const own = await this.#load(signal);
    if (this.#operator.stopped) return;
    const saved = own ?? (await this.#inherited());
    this.#operator.showWaiting(null);
    if (saved) {
      this.hasEnded = saved.ended !== undefined;
      this.#begin(saved);
    }
    if (signal.aborted) return;
    await insist(() => this.#firstSeq(), this.#logger, signal);
    this.#listening = !signal.aborted;
    // A frame that was read from the region has a place between two sequences (lane-holes.ts/H3).
    const fromSeq = Math.ceil(saved?.seq ?? START.seq);
    await this.#operator.run({ fromSeq, state: saved?.lane ?? EMPTY_LANE }, signal);
  }

  /** Its position; null if there is none, or `signal` aborted. What a newer program has saved stops the lane. */
  async #load(signal: AbortSignal): Promise<AggregatorPosition | null> {
    try {
      return await insist(() => this.#parts.positions.load(this.lane), this.#logger, signal);
    } catch (error) {
      if (!isNewerPosition(error)) throw error;
      this.#operator.stop(error.message);
      return null;
    }
  }

  /**
   * Open rollups that have changed until now, best effort: nothing depends on their acknowledgement. Takes up to half a
   * second.
   */
  async writeOpen(): Promise<void> {
    const { sink } = this.#parts;
    const { signal } = this.lease;
    const { region } = this;
    const acknowledged = (): void => undefined;
    const series = Math.min(this.#aggregate?.seriesChanged ?? 0, OPEN_SERIES_MAX);
    const atOnce = Math.max(OPEN_STEP_SERIES_MIN, Math.ceil(series / OPEN_STEPS_MAX));
    for (let left = series; left > 0; left -= atOnce) {
      if (signal.aborted || this.#operator.stopped || this.hasEnded || !sink.hasRoom) return;
      const rollups = this.#aggregate!.takeOpen(Math.min(left, atOnce));
      if (rollups.length === 0) return;
      await sink.put({ region, readings: [], rollups, acknowledged, isAside: true }, this.lease);
      await sleep(Math.floor((OPEN_SPREAD_MS * atOnce) / series), signal);
    }
  }

  /**
   * Saves the position if it moved. A log or bucket that is away is tried again next time.
   * @throws AppError `POSITION_CONFLICT` if another owner moved it; and what ended the storing of rejects.
   */
  async save(): Promise<void> {
    this.#writer.check();
    // One save at a time: two with the same revision would look like two owners of the lane.
    this.#saving = this.#saving.then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const position = (await this.#endedPosition()) ?? this.#aggregate?.position();
    if (!position || isSamePlace(position, this.#saved)) return;
    try {
      await this.#parts.positions.save(this.lane, position);
      this.#saved = position;
      if (position.ended && this.hasEnded) this.#begin(position);
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      this.#logger.warn({ err: error }, `position not saved, will retry: ${messageOf(error)}`);
    }
  }

  /** The position at which it takes over from the lane that had its keys before, once that has ended; null if none had them. */
  async #inherited(): Promise<AggregatorPosition | null> {
    const { connection, stages } = this.#parts;
    const { region, partition } = this.lane;
    const { signal } = this.lease;
    const parent = parentOf(stages, partition);
    if (parent === null) return null;
    this.#operator.showWaiting(`waits until lane ${region}/${parent}, which had its keys, is done`);
    this.#listening = true;
    while (!signal.aborted) {
      const asked = () =>
        loadPositions<AggregatorPosition>(connection, "aggregator", region, parent + 1);
      const before = (await insist(asked, this.#logger, signal))?.[parent];
      if (before?.ended) return heirOf(before);
      await sleep(AWAITED_MS, signal);
    }
    return null;
  }

  /**
   * The position of a lane that has ended, once nothing of it is under way any more: from then on its heirs write
   * what it had open.
   */
  async #endedPosition(): Promise<AggregatorPosition | null> {
    const { connection, stages, sink } = this.#parts;
    if (this.#saved?.ended) return null;
    const lastSeq = await endOf(new Streams(connection), this.lane, stages).catch(() => null);
    if (lastSeq === null) return null;
    if (this.#aggregate === null && lastSeq === 0) this.#begin(START);
    if (!this.#aggregate?.endedAt(lastSeq)) return null;
    this.hasEnded = true;
    await sink.settled;
    return this.isRepaired ? null : this.#aggregate.endedAt(lastSeq);
  }

  #port(): LanePort {
    const doneSeq = (): number => this.#aggregate?.doneSeq ?? 0;
    return {
      get acknowledged() {
        return doneSeq();
      },
      read: (fromSeq, signal) => {
        const { connection, stages, logger } = this.#parts;
        const ancestors = ancestorsOf(stages, this.lane.partition);
        return readLineage(connection, { ...this.lane, ancestors }, fromSeq, logger, signal);
      },
      prepare: (entry, signal) => this.#prepare(entry, signal),
      joinsAt: ({ storeMs }) => this.#aggregate!.joinsAt(storeMs),
      apply: (judged, signal) => this.#apply(judged, signal),
      passed: (judged) => this.#aggregate!.passed(laneFrame(judged)),
      fill: (gap, signal) => this.#fill(gap, signal),
    };
  }

  /** The first frame ever read of this lane says whether the log's beginning was trimmed. */
  async #prepare({ seq, storeMs }: LogEntry, signal: AbortSignal): Promise<boolean> {
    this.#readSeq = seq;
    if (this.#aggregate) return true;
    const firstSeq = await insist(() => this.#firstSeq(), this.#logger, signal);
    if (firstSeq === null) return false;
    this.#begin(firstSeq > 1 ? joinedAt(storeMs) : START);
    return true;
  }

  async #apply(judged: JudgedFrame, signal: AbortSignal): Promise<Applied> {
    const { entry } = judged;
    const arrivedMs = Date.now();
    const outcome = await this.#aggregated(laneFrame(judged), signal);
    if (outcome === null) return ENDED;
    if (outcome.kind === "nothing") return APPLIED;
    if (outcome.kind !== "effects") return outcome;
    this.#effectsSinceYield += outcome.readings.length + outcome.rollups.length;
    await this.#writer.write({ entry, arrivedMs }, outcome);
    if (this.#effectsSinceYield < EFFECTS_BEFORE_YIELD) return APPLIED;
    this.#effectsSinceYield = 0;
    await macrotask();
    return APPLIED;
  }

  /** Null if `signal` aborted while the frame waited for repairs. */
  async #aggregated(
    frame: LaneFrame,
    signal: AbortSignal,
  ): Promise<Exclude<FrameOutcome, { kind: "awaits-repairs" }> | null> {
    for (;;) {
      const outcome = this.#aggregate!.apply(frame);
      this.awaitsRepairs = outcome.kind === "awaits-repairs";
      if (outcome.kind !== "awaits-repairs") return outcome;
      await sleep(AWAITED_MS, signal);
      if (signal.aborted) return null;
    }
  }

  async #fill(gap: Gap, signal: AbortSignal): Promise<Filling> {
    const { connection } = this.#parts;
    const { entry, hole } = gap;
    const waiting = `waits for ${holeText(hole)}: they are missing in the copy and are read from the region`;
    this.#operator.showWaiting(waiting);
    this.#logger.warn({ seq: entry.seq }, `lane ${waiting}`);
    const filling = await fillHole(connection, this.lane, gap, this.#logger, signal);
    if (filling.kind !== "filled") return filling;
    if (filling.lost) await this.#alertOfLoss(filling.lost, entry);
    this.#logger.info({ frames: filling.entries.length }, "missing frames read from the region");
    await suspectCopy(connection, this.region, Math.ceil(entry.seq) - 1).catch(() => {
      this.#logger.warn("the steward could not be told that the copy lacked frames");
    });
    return filling;
  }

  async #alertOfLoss(lost: Hole, { storeMs: atMs }: LogEntry): Promise<void> {
    const { region, partition } = this.lane;
    const [rule, key, value] = ["data_lost", `${region}/${partition}`, lost.readings ?? 0];
    const message = `region ${region} lost ${holeText(lost)}, acknowledged and stored nowhere else`;
    const condition = { rule, key, holds: true, atMs, value, message };
    await insist(() => this.#parts.alerts.set(condition), this.#logger, this.lease.signal);
  }

  #begin(position: AggregatorPosition): void {
    this.#saved = position;
    const { partition } = this.lane;
    const { layouts, stages } = this.#parts;
    const isGrown = parentOf(stages, partition) !== null;
    const keys = isGrown ? { partition, owns: this.#owns } : null;
    this.#aggregate = new LaneAggregate(layouts, position, {}, keys);
  }

  async #firstSeq(): Promise<number> {
    const streams = new Streams(this.#parts.connection);
    return (await streams.state(telemetryStream(this.lane.region))).firstSeq;
  }
}

const laneFrame = ({ entry, ...judged }: JudgedFrame): LaneFrame => ({
  ...judged,
  seq: entry.seq,
  storeMs: entry.storeMs,
});
