// The alerting engine: an operator on the region's own log, with no cloud in its path.
//
// E1. It evaluates each frame of a lane once, in order.
// E2. The position (with what the rules know at it) is saved only after every alert of the frames up to
//     it is stored, so a kill replays frames and never skips one.
// E3. A frame whose contract version a rule needs and nobody knows yet waits for it, and is shown.
// E4. If the region's store was rolled back, positions and alerts with it, the lane begins anew at the
//     position that the store has now. Frames that are gone are named, and the lane goes on: alerting
//     must not stand still for what nobody can bring back.
// E5. A rule that is saved, changed or deleted counts from the next frame on, without a restart; what the
//     other rules know stays. The position is saved with it, so no replay goes back behind a change; a
//     change that happened meanwhile waits until the replay has passed the last alert that is stored.
// E6. If what rules knew is lost, alerts that are open are resolved: nobody could do it later.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import {
  type Frame,
  FrameError,
  type FrameReading,
  decodeFrame,
} from "../../contracts/messages/frame.ts";
import { LOSSES_KEPT, type LaneLoss, type LaneStatus } from "../../contracts/messages/status.ts";
import { type LaneId, laneName, telemetryStream } from "../../contracts/names/subjects.ts";
import {
  EMPTY_LANE,
  type Hole,
  type LaneState,
  holeText,
  judgeFrame,
  jumpOver,
} from "../../platform/nats/lanes/lane.ts";
import { rolledBackTo } from "../../platform/nats/lanes/lane-origin.ts";
import type { LogEntry } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { readLane } from "../../platform/nats/lanes/lane-source.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { AlertLog } from "./alert-log.ts";
import { LaneRules } from "./lane/lane-rules.ts";
import { restoreSnapshot, takeSnapshot } from "./state/lane-snapshot.ts";
import { type LaneRecord, LaneStore } from "./state/lane-store.ts";
import { NumberWriter } from "./windows/number-tape.ts";
import type { RuleBook } from "./rules/rule-book.ts";

/** A region's server that was restarted is looked at this often. */
const ROLLBACK_WATCH_MS = 2_000;
const ASK_AGAIN_MS = 250;
/** Behind everything in a frame. */
const BY_LOSS = 2 ** 31 + 4;
export interface EngineParts {
  connection: NatsConnection;
  alertLog: AlertLog;
  catalog: Catalog;
  ruleBook: Pick<RuleBook, "rules" | "awaited">;
  acknowledgements: Pick<Acknowledgements, "all" | "version">;
  /** How many there are. */
  lanes: number;
  logger: Logger;
}

export class AlertingLane {
  readonly #id: LaneId;
  readonly #parts: EngineParts;
  #seq = 0;
  #lane: LaneState = EMPTY_LANE;
  #stoppedBy: string | null = null;
  readonly #losses: LaneLoss[] = [];
  readonly #snapshots = new NumberWriter();
  /** Of the frame at `#seq`. */
  #storeMs: number | null = null;
  #rules: LaneRules | null = null;
  /** The version of the acknowledgements that it went by last. */
  #acknowledged = -1;
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

  /** What its rules count, and who is pending or firing. */
  get rules(): LaneRules | null {
    return this.#rules;
  }

  /** Follows the lane until `signal` aborts; after a rollback from its position anew. */
  async run(signal: AbortSignal): Promise<void> {
    const store = await LaneStore.open(this.#id, this.#parts);
    while (!signal.aborted && this.#stoppedBy === null) {
      await this.#follow(store, signal);
      // Alerts are in the same store; those of places that are used again must not stand in the way.
      if (this.#turn.signal.aborted) await this.#ask(() => this.#parts.alertLog.reload(), signal);
    }
  }

  async #follow(store: LaneStore, signal: AbortSignal): Promise<void> {
    const { connection, logger } = this.#parts;
    this.#turn = new AbortController();
    const stop = AbortSignal.any([signal, this.#turn.signal]);
    const saved = await this.#ask(() => store.load(), signal);
    if (saved === undefined) return;
    this.#seq = saved?.seq ?? 0;
    this.#storeMs = saved?.storeMs ?? null;
    this.#lane = saved?.lane ?? EMPTY_LANE;
    const restored = this.#restore(saved?.snapshot ?? null);
    const rules = restored ?? this.#makeRules();
    this.#rules = rules;
    if (saved && !restored) await this.#resolveLost(signal); // E6
    const record = (): LaneRecord => ({
      seq: this.#seq,
      storeMs: this.#storeMs,
      lane: this.#lane,
      snapshot: takeSnapshot(rules, this.#snapshots),
    });
    const since = await this.#ask(() => this.#storedSince(), signal);
    const from = since ?? this.#seq + 1;
    const { alertLog } = this.#parts;
    const { partition } = this.#id;
    if (since !== null && since !== undefined) alertLog.forgetFrom(partition, since); // E4
    const watch = setInterval(() => void this.#noticeRollback(), ROLLBACK_WATCH_MS);
    try {
      for await (const entry of readLane(connection, this.#id, from, logger, stop)) {
        const isReplayed = restored !== null && entry.seq <= alertLog.newestSeqIn(partition);
        if (!isReplayed && (await this.#takeRules(rules, signal))) await store.save(record, signal); // E5
        if (!(await this.#apply(entry, rules, signal))) break;
        await this.#takeAcknowledgements(rules, signal);
        store.saveSoon(this.#seq, record); // E2
      }
    } finally {
      clearInterval(watch);
    }
    // After a rollback our place is one that the log no longer has.
    if (!this.#turn.signal.aborted) await store.save(record, signal);
  }

  #makeRules(): LaneRules {
    return new LaneRules(this.#id, this.#parts.catalog, () => performance.now());
  }

  #restore(snapshot: LaneRecord["snapshot"] | null): LaneRules | null {
    if (snapshot === null) return null;
    const { catalog, logger } = this.#parts;
    try {
      const parts = { lane: this.#id, catalog, nowMs: () => performance.now() };
      return restoreSnapshot(snapshot, parts);
    } catch (error) {
      const where = { lane: laneName(this.#id), seq: this.#seq };
      logger.error({ ...where, err: error }, "what rules knew cannot be read");
      return null;
    }
  }

  async #resolveLost(signal: AbortSignal): Promise<void> {
    const { alertLog } = this.#parts;
    const open = alertLog.openIn(this.#id.partition);
    const nowMs = Date.now();
    const resolved = open.map(({ commands: _, ...alert }): Alert => {
      const isLater = alert.seq > this.#seq;
      const place = isLater ? { index: alert.index + 1 } : { seq: this.#seq, index: BY_LOSS };
      const message = `${alert.key}: what the rule knew is lost, resolved`;
      const times = { atMs: nowMs, receivedAtMs: nowMs };
      return { ...alert, ...times, ...place, state: "resolved", message };
    });
    await alertLog.append(resolved, signal);
    // What the frames to come raise again must not be taken for what was there.
    alertLog.forgetFrom(this.#id.partition, this.#seq + 1);
  }

  /** True if rules have changed. What was firing under a rule that is no more is resolved. */
  async #takeRules(evaluation: LaneRules, signal: AbortSignal): Promise<boolean> {
    const { rules } = this.#parts.ruleBook;
    if (!evaluation.rules.isOutdated(rules)) return false;
    await this.#parts.alertLog.append(evaluation.update(rules, this.#seq), signal);
    return true;
  }

  async #takeAcknowledgements(evaluation: LaneRules, signal: AbortSignal): Promise<void> {
    const { acknowledgements, alertLog } = this.#parts;
    if (acknowledgements.version === this.#acknowledged) return;
    this.#acknowledged = acknowledgements.version;
    await alertLog.append(evaluation.acknowledge(acknowledgements.all, this.#seq), signal);
  }

  /** Asks until there is an answer; undefined if `signal` aborts first. */
  async #ask<T>(question: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      try {
        return await question();
      } catch (error) {
        if (dispositionOf(error) !== "retry") throw error;
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
    // Frames may be evaluated that were stored after the answer was given.
    const seq = this.#seq;
    try {
      const streams = new Streams(this.#parts.connection);
      const { lastSeq } = await streams.state(telemetryStream(this.#id.region));
      if (lastSeq < seq) this.#turn.abort();
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
      const alerts = evaluation.applyFrame(frame, entry.seq, verdict.state);
      // One that was acknowledged before the engine died may be among them.
      if (alerts.length > 0) this.#acknowledged = -1;
      await this.#parts.alertLog.append(alerts, signal); // E2
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
    const { catalog, logger, ruleBook } = this.#parts;
    for (let hasWaited = false; ; hasWaited = true) {
      const unknown = evaluation.rules.unknownVersion(readings, ruleBook.awaited);
      if (!unknown) {
        // Rules that had to wait for it as well begin with this frame.
        if (hasWaited) await this.#takeRules(evaluation, signal);
        return true;
      }
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
