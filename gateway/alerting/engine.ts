// The alerting engine: an operator on the region's own log, with no cloud in its path.
//
// E1. It evaluates each frame of a lane once, in order.
// E2. The position (with the rules' state at it) is saved only after every alert of the frames up to
//     it is stored, so a kill replays frames and never skips one.
// E3. A frame whose contract version a rule needs and nobody knows yet waits for it, and is shown.
// E4. If the region's store was rolled back, positions and alerts with it, the lane begins anew at the
//     position that the store has now. Frames that are gone are named, and the lane goes on: alerting
//     must not stand still for what nobody can bring back.
// E5. A rule that is saved, changed or deleted counts from the next frame on, without a restart; the
//     states of the other rules stay.
import type { NatsConnection } from "nats";
import type { Catalog } from "../../contracts/catalog.ts";
import { type Frame, FrameError, type FrameReading, decodeFrame } from "../../contracts/frame.ts";
import type { Rule } from "../../contracts/rule.ts";
import { LOSSES_KEPT, type LaneLoss, type LaneStatus } from "../../contracts/status.ts";
import { type LaneId, laneName, telemetryStream } from "../../contracts/subjects.ts";
import {
  EMPTY_LANE,
  type Hole,
  type LaneState,
  holeText,
  judgeFrame,
  jumpOver,
} from "../../infra/nats/lane.ts";
import { rolledBackTo } from "../../infra/nats/lane-origin.ts";
import { type LogEntry, readLane } from "../../infra/nats/lane-source.ts";
import { Positions } from "../../infra/nats/positions.ts";
import { sleep } from "../../infra/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";
import type { AlertLog } from "./alert-log.ts";
import { LaneRules, type RuleStates } from "./evaluate.ts";
import type { RuleBook } from "./rule-book.ts";
import type { ThresholdState } from "./threshold.ts";

export const ALERTING_OPERATOR = "alerting";

/** How often a lane's position is saved: what a kill replays. */
const SAVE_EVERY_MS = 1_000;
/** A region's server that was restarted is looked at this often. */
const ROLLBACK_WATCH_MS = 2_000;
const ASK_AGAIN_MS = 250;
/** A place behind every reading of a frame. */
const AFTER_ALL_READINGS = 2 ** 31;

interface AlertingPosition {
  seq: number;
  /** When that frame was stored, epoch ms; a log that says otherwise was rolled back. */
  storeMs: number | null;
  lane: LaneState;
  /** Rules and keys that are pending or firing at `seq`. */
  states: Record<string, ThresholdState>;
  /** The version of each rule that they are of; positions of earlier versions lack it. */
  rules?: Record<string, number>;
}

export interface EngineParts {
  connection: NatsConnection;
  alertLog: AlertLog;
  catalog: Catalog;
  ruleBook: Pick<RuleBook, "rules">;
  logger: Logger;
}

export class AlertingLane {
  readonly #id: LaneId;
  readonly #parts: EngineParts;
  #seq = 0;
  #lane: LaneState = EMPTY_LANE;
  #stoppedBy: string | null = null;
  readonly #losses: LaneLoss[] = [];
  /** Of the frame at `#seq`. */
  #storeMs: number | null = null;
  /** Ends the reading under way, so that it begins anew. */
  #turn = new AbortController();

  constructor(id: LaneId, parts: EngineParts) {
    this.#id = id;
    this.#parts = parts;
  }

  get status(): LaneStatus {
    return {
      ...this.#id,
      doneSeq: this.#seq,
      watermarkMs: this.#lane.watermarkMs,
      stoppedBy: this.#stoppedBy,
    };
  }

  /** The latest, newest last. */
  get losses(): readonly LaneLoss[] {
    return this.#losses;
  }

  /** Follows the lane until `signal` aborts; after a rollback from its position anew. */
  async run(signal: AbortSignal): Promise<void> {
    const { connection } = this.#parts;
    const positions = await Positions.open<AlertingPosition>(connection, ALERTING_OPERATOR);
    while (!signal.aborted && this.#stoppedBy === null) {
      await this.#follow(positions, signal);
      // Alerts are in the same store; those of places that are used again must not stand in the way.
      if (this.#turn.signal.aborted) await this.#ask(() => this.#parts.alertLog.reload(), signal);
    }
  }

  async #follow(positions: Positions<AlertingPosition>, signal: AbortSignal): Promise<void> {
    const { connection, catalog, ruleBook, logger } = this.#parts;
    this.#turn = new AbortController();
    const stop = AbortSignal.any([signal, this.#turn.signal]);
    const saved = await this.#ask(() => positions.load(this.#id), signal);
    if (saved === undefined) return;
    const states: RuleStates = new Map(Object.entries(saved?.states ?? {}));
    const versions = saved?.rules ?? versionsOf(ruleBook.rules);
    const evaluation = new LaneRules(this.#id, catalog, states, new Map(Object.entries(versions)));
    this.#seq = saved?.seq ?? 0;
    this.#storeMs = saved?.storeMs ?? null;
    this.#lane = saved?.lane ?? EMPTY_LANE;
    let savedAtMs = performance.now();
    let savedSeq = this.#seq;
    const save = async (whatever = false): Promise<void> => {
      if (savedSeq === this.#seq && !whatever) return;
      const live = [...states].filter(([, { phase }]) => phase !== "idle");
      const [seq, storeMs, lane] = [this.#seq, this.#storeMs, this.#lane];
      const rules = Object.fromEntries(evaluation.versions);
      const position = { seq, storeMs, lane, states: Object.fromEntries(live), rules };
      await positions.save(this.#id, position).catch((error: unknown) => {
        if (dispositionOf(error) !== "retry") throw error;
        logger.warn({ err: error }, "position not saved, will try again");
      });
      savedSeq = this.#seq;
      savedAtMs = performance.now();
    };
    const since = await this.#ask(() => this.#storedSince(), signal);
    const from = since ?? this.#seq + 1;
    const watch = setInterval(() => void this.#noticeRollback(), ROLLBACK_WATCH_MS);
    try {
      for await (const entry of readLane(connection, this.#id, from, logger, stop)) {
        // A rule counts from the frame that comes next on, and its position says so (E5).
        if (await this.#takeRules(evaluation, signal)) await save(true);
        if (!(await this.#apply(entry, evaluation, signal))) break;
        if (performance.now() - savedAtMs >= SAVE_EVERY_MS) await save();
      }
    } finally {
      clearInterval(watch);
    }
    // After a rollback our place is one that the log no longer has.
    if (!this.#turn.signal.aborted) await save();
  }

  /** True if rules have changed. What was firing under a rule that is no more is resolved. */
  async #takeRules(evaluation: LaneRules, signal: AbortSignal): Promise<boolean> {
    const { rules } = this.#parts.ruleBook;
    if (!evaluation.isOutdated(rules)) return false;
    const place = { seq: this.#seq, index: AFTER_ALL_READINGS };
    for (const alert of evaluation.update(rules, place, Date.now()))
      await this.#parts.alertLog.append(alert, signal);
    return true;
  }

  /** Asks until there is an answer; undefined if `signal` aborts first. */
  async #ask<T>(question: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      try {
        return await question();
      } catch (error) {
        this.#parts.logger.warn(`no answer yet, will retry: ${messageOf(error)}`);
        await sleep(ASK_AGAIN_MS, signal);
      }
    }
    return undefined;
  }

  /** Null unless the log was rolled back behind the last frame; else what was stored since (E4). */
  async #storedSince(): Promise<number | null> {
    if (this.#storeMs === null) return null;
    const last = { seq: this.#seq, storeMs: this.#storeMs };
    const since = await rolledBackTo(this.#parts.connection, this.#id, last);
    if (since === null) return null;
    const lane = laneName(this.#id);
    this.#parts.logger.error({ lane, ...last, since }, "the log was rolled back");
    return since;
  }

  /** This is the log itself: what it lacks is nowhere to be waited for (E4). */
  #lose({ seq, storeMs }: LogEntry, hole: Hole): void {
    const what = holeText(hole);
    const { readings, sinceMs } = hole;
    this.#losses.push({ ...this.#id, what, readings, sinceMs, untilMs: storeMs });
    if (this.#losses.length > LOSSES_KEPT) this.#losses.shift();
    const lane = laneName(this.#id);
    this.#parts.logger.error({ lane, seq }, `the region's log has lost ${what}`);
    this.#lane = jumpOver(this.#lane, hole);
  }

  async #noticeRollback(): Promise<void> {
    try {
      const { streams } = await this.#parts.connection.jetstreamManager();
      const { state } = await streams.info(telemetryStream(this.#id.region));
      if (state.last_seq < this.#seq) this.#turn.abort();
    } catch {
      // A log that is away is not rolled back; it is asked again.
    }
  }

  /** Null when the lane had to stop: a frame that cannot be read is never skipped (E1). */
  #decode(entry: LogEntry): Frame | null {
    try {
      return decodeFrame(entry.data);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#stop(`sequence ${entry.seq}: ${error.message}`);
      return null;
    }
  }

  #stop(why: string): void {
    this.#stoppedBy = why;
    this.#parts.logger.error({ lane: laneName(this.#id) }, `lane stopped: ${why}`);
  }

  /** False when the lane had to stop (E1) or `signal` aborted while it waited (E3). */
  async #apply(entry: LogEntry, evaluation: LaneRules, signal: AbortSignal): Promise<boolean> {
    const frame = this.#decode(entry);
    if (!frame) return false;
    const { header, readings } = frame;
    const joined = this.#seq === 0 && entry.seq > 1;
    const verdict = judgeFrame(this.#lane, header, entry.storeMs, joined);
    if (verdict.kind === "hole") {
      // The log may have outgrown our place since it was rolled back: then it is read again from there.
      const since = await this.#storedSince().catch(() => null);
      if (since !== null) {
        this.#turn.abort();
        return false;
      }
      this.#lose(entry, verdict.hole);
      return this.#apply(entry, evaluation, signal);
    }
    if (verdict.kind === "new") {
      if (!(await this.#contractsKnown(readings, entry, evaluation, signal))) return false; // E3
      for (const [index, reading] of readings.entries())
        for (const alert of evaluation.evaluate(reading, { seq: entry.seq, index }))
          await this.#parts.alertLog.append(alert, signal); // E2
      this.#lane = verdict.state;
    }
    this.#seq = entry.seq;
    this.#storeMs = entry.storeMs;
    return true;
  }

  /** False if `signal` aborted while the frame waited. */
  async #contractsKnown(
    readings: readonly FrameReading[],
    { seq }: LogEntry,
    evaluation: LaneRules,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { catalog, logger } = this.#parts;
    for (;;) {
      const unknown = evaluation.unknownVersion(readings);
      if (!unknown) return true;
      const { contract, version } = unknown;
      this.#stoppedBy = `waits for contract ${contract} v${version}, which frame ${seq} holds`;
      const lane = laneName(this.#id);
      logger.error({ lane }, `lane ${this.#stoppedBy}: publish it, or upgrade this program`);
      if (!(await catalog.whenKnown(contract, version, signal))) return false;
      logger.info({ lane, seq }, `lane goes on: contract ${contract} v${version} is known`);
      this.#stoppedBy = null;
    }
  }
}

const versionsOf = (rules: readonly Rule[]): Record<string, number> =>
  Object.fromEntries(rules.map(({ id, version }) => [id, version]));
