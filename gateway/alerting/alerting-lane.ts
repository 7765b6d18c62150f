// The alerting engine: an operator on the region's own log, with no cloud in its path.
//
// E1. Each frame of a lane is evaluated once, in order (lane-operator.ts/O2).
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
// E7. What a newer program has saved is neither guessed at nor replaced: the lane stands until it is upgraded.
// E8. A lane that has ended is saved once more at its last frame, and evaluates nothing any more. Those that have its keys
//     begin with what it knew of them: nothing of it is evaluated twice, and no alert is told anew.
import { type Stages, ownerIn, parentOf } from "../../contracts/names/lane-stages.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { parseSeries } from "../../contracts/messages/series.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { LaneLoss, LaneStatus } from "../../contracts/messages/status.ts";
import { type LaneId, laneName, telemetryStream } from "../../contracts/names/subjects.ts";
import { isPublished } from "../../platform/nats/lanes/contract-registry.ts";
import { EMPTY_LANE } from "../../platform/nats/lanes/lane.ts";
import {
  ENDED,
  LaneOperator,
  type LaneOperatorParts,
  type LanePort,
  Losses,
} from "../../platform/nats/lanes/lane-operator.ts";
import { endOf } from "../../platform/nats/lanes/log-lanes.ts";
import { rolledBackTo } from "../../platform/nats/lanes/lane-origin.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { rolledBack } from "../../platform/nats/lanes/lane-tally.ts";
import { readLane } from "../../platform/nats/lanes/lane-source.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { threadStopwatch } from "../../platform/runtime/stopwatch.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { AlertLog } from "./alert-log.ts";
import { LaneAtWork } from "./lane-at-work.ts";
import { LaneRules } from "./lane/lane-rules.ts";
import {
  type Inheritance,
  type LaneSnapshot,
  restoreSnapshot,
  takeSnapshot,
} from "./state/lane-snapshot.ts";
import { type LanePlace, LaneStore, type SavedLane } from "./state/lane-store.ts";
import { NumberWriter } from "./windows/number-tape.ts";
import { restingAt } from "./resting-lane.ts";
import type { RuleBook } from "./rules/rule-book.ts";

/** A region's server that was restarted is looked at this often. */
const ROLLBACK_WATCH_MS = 2_000;
/** A lane whose parent is not done looks again this often. */
const PARENT_AWAITED_MS = 250;
/** Index of alerts that resolve what is lost: behind everything in a frame. */
const BY_LOSS = 2 ** 31 + 4;

/** The position of a lane that was never evaluated. */
const BEGINNING: LanePlace = { seq: 0, storeMs: null, lane: EMPTY_LANE };

export interface AlertingParts {
  connection: NatsConnection;
  alertLog: AlertLog;
  setAside: SettingAside;
  catalog: Catalog;
  ruleBook: Pick<RuleBook, "rules" | "awaited" | "unusable">;
  acknowledgements: Pick<Acknowledgements, "all" | "version">;
  /** Number of lanes that share this process. */
  lanes: number;
  /** The lanes that the log has had. */
  stages: Stages;
  tracing: Tracing;
  logger: Logger;
}

export class AlertingLane {
  readonly #id: LaneId;
  readonly #parts: AlertingParts;
  readonly #losses = new Losses();
  readonly #snapshots = new NumberWriter();
  /** The reading under way, or the last one. */
  #store: LaneStore | null = null;
  #operator: LaneOperator | null = null;
  #rules: LaneRules | null = null;
  /** The reason for which it has not begun yet, or null. */
  #awaits: string | null = null;
  /** E7. The reason for which nothing is read. */
  #newer: string | null = null;
  /** Ends the reading under way, so that it begins anew. */
  #turn = new AbortController();

  constructor(id: LaneId, parts: AlertingParts) {
    this.#id = id;
    this.#parts = parts;
  }

  get id(): LaneId {
    return this.#id;
  }

  /** True while frames of it are evaluated, or awaited. */
  get isRead(): boolean {
    return this.#awaits !== null || (this.#operator !== null && !this.#operator.stopped);
  }

  get status(): LaneStatus {
    const stoppedBy = this.#newer ?? this.#awaits;
    return this.#operator?.status ?? { ...this.#id, doneSeq: 0, watermarkMs: 0, stoppedBy };
  }

  /** The reason why what it knows is not saved; null if it is. */
  get unsaved(): string | null {
    return this.#store?.refusal ?? null;
  }

  /** The latest, newest last. */
  get losses(): readonly LaneLoss[] {
    return this.#losses.all;
  }

  /** The rules with their counters, and the keys that are pending or firing; null until it reads. */
  get rules(): LaneRules | null {
    return this.#rules;
  }

  /** Follows the lane until `signal` aborts; after a rollback from its position anew. */
  async run(signal: AbortSignal): Promise<void> {
    const store = await LaneStore.open(this.#id, this.#parts);
    this.#store = store;
    await this.#inherit(store, signal);
    this.#awaits = null;
    while (!signal.aborted && !this.#operator?.stopped && this.#newer === null) {
      await this.#follow(store, signal);
      // Alerts are in the same store; those of places that are used again must not stand in the way.
      const { alertLog, logger } = this.#parts;
      if (this.#turn.signal.aborted) await insist(() => alertLog.reload(), logger, signal);
    }
  }

  /** Begins with what the lane that had its keys before knew at its end; waits for that (E8). */
  async #inherit(store: LaneStore, signal: AbortSignal): Promise<void> {
    const { region, partition } = this.#id;
    const { stages } = this.#parts;
    const parent = parentOf(stages, partition);
    if (parent === null) return;
    const before = { region, partition: parent };
    this.#awaits = `waits until lane ${laneName(before)}, which had its keys, is done`;
    const parents = await LaneStore.open(before, this.#parts);
    const ask = async () => ({
      own: await store.load(),
      end: await this.#endOf(before),
      last: await parents.load(),
    });
    while (!signal.aborted) {
      const known = await this.#unlessNewer(ask, signal);
      if (known === null || known.own) return;
      const { end, last } = known;
      if (end !== null && last && last.seq >= end)
        return this.#beginWith(last, { store, parent }, signal);
      if (end === 0) return; // There is nothing to begin with.
      await sleep(PARENT_AWAITED_MS, signal);
    }
  }

  async #beginWith(
    { snapshot, ...place }: SavedLane,
    { store, parent }: { store: LaneStore; parent: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { alertLog, stages } = this.#parts;
    const owns = ownerIn(stages, this.#id.partition);
    const restore = () => ({ rules: this.#restore(snapshot, place.seq, { parent, owns }) });
    const known = await this.#unlessNewer(restore, signal);
    if (known === null) return;
    const { rules: restored } = known;
    const rules = restored ?? this.#makeRules();
    const record = { ...place, snapshot: takeSnapshot(rules, this.#snapshots) };
    await store.save(() => record, signal);
    if (restored) return;
    const open = alertLog.openIn(parent).filter(({ key }) => owns(parseSeries(key).key));
    await this.#resolveLost(open, place.seq, signal); // E6
  }

  #endOf(lane: LaneId): Promise<number | null> {
    return endOf(new Streams(this.#parts.connection), lane, this.#parts.stages);
  }

  /** True if this lane has ended, and is saved at its last frame (E8). */
  async #isOver(seq: number): Promise<boolean> {
    const end = await this.#endOf(this.#id);
    return end !== null && seq >= end;
  }

  /** Shows where the lane has ended, until `signal` aborts: nothing is evaluated, and nothing is saved. */
  async #rest({ seq, lane }: LanePlace, signal: AbortSignal): Promise<void> {
    this.#operator = new LaneOperator(this.#id, this.#operatorParts(restingAt(seq)));
    await this.#operator.run({ fromSeq: seq + 1, state: lane }, signal);
  }

  #operatorParts(port: LanePort): LaneOperatorParts {
    const { connection, stages } = this.#parts;
    return {
      ...this.#parts,
      port,
      isPublished: (version) => isPublished(connection, version),
      losses: this.#losses,
      grownFrom: stages[0]!,
    };
  }

  async #follow(store: LaneStore, signal: AbortSignal): Promise<void> {
    const { connection, logger, alertLog } = this.#parts;
    const turn = new AbortController();
    this.#turn = turn;
    const stop = AbortSignal.any([signal, turn.signal]);
    const loaded = await this.#load(store, signal);
    if (loaded === null) return;
    const { saved, restored } = loaded;
    const { seq, storeMs, lane } = saved ?? BEGINNING;
    const place = { seq, storeMs, lane };
    const over =
      saved && (await insist(async () => ({ is: await this.#isOver(seq) }), logger, signal));
    if (over?.is) {
      this.#rules = null;
      return this.#rest(place, signal);
    }
    const rules = restored ?? this.#makeRules();
    this.#rules = rules;
    if (saved && !restored) {
      const open = alertLog.openIn(this.#id.partition);
      await this.#resolveLost(open, seq, signal); // E6
    }
    const since = await insist(() => this.#storedSince(place), logger, signal);
    if (since !== null) alertLog.forgetFrom(this.#id.partition, since); // E4
    const evaluation = new LaneAtWork({
      ...this.#parts,
      lane: this.#id,
      rules,
      place,
      restored: restored !== null,
      store,
      snapshots: this.#snapshots,
      // Only the reading ends with the turn: alerts of the frame under way are still stored.
      read: (from) => readLane(connection, this.#id, from, logger, stop),
      isRolledBack: async (behind) => (await this.#storedSince(behind)) !== null,
      beginAnew: () => turn.abort(),
    });
    const operator = new LaneOperator(this.#id, this.#operatorParts(evaluation));
    this.#operator = operator;
    const watch = setInterval(() => {
      store.saveAgain();
      void this.#noticeRollback(evaluation.place, turn);
      // A lane that has ended stays where it is until it is saved there, and then rests.
      void this.#isOver(evaluation.place.seq).then(
        (is) => is && turn.abort(ENDED),
        () => undefined,
      );
    }, ROLLBACK_WATCH_MS);
    try {
      // What went with the rollback nobody counts here: the hub's copy may have it (lane-tally.ts/Y4).
      const state = since === null ? lane : rolledBack(lane);
      await operator.run({ fromSeq: since ?? seq + 1, state }, signal);
    } finally {
      clearInterval(watch);
    }
    // After a rollback our place is one that the log no longer has.
    if (!turn.signal.aborted || turn.signal.reason === ENDED)
      await store.save(evaluation.record, signal);
  }

  /** The place that was saved, and the rules as they knew it; null if `signal` aborted, or nothing may be read (E7). */
  #load(
    store: LaneStore,
    signal: AbortSignal,
  ): Promise<{ saved: SavedLane | null; restored: LaneRules | null } | null> {
    return this.#unlessNewer(async () => {
      const saved = await store.load();
      return { saved, restored: this.#restore(saved?.snapshot ?? null, saved?.seq ?? 0) };
    }, signal);
  }

  /** The result of a load; null if `signal` aborted, or if a newer program saved what it loads: then the lane stands (E7). */
  async #unlessNewer<T>(load: () => T | Promise<T>, signal: AbortSignal): Promise<T | null> {
    const { logger } = this.#parts;
    try {
      return await insist(async () => await load(), logger, signal);
    } catch (error) {
      if (!(error instanceof AppError && error.code === "FORMAT_NEWER")) throw error;
      this.#newer = error.message;
      logger.error({ lane: laneName(this.#id) }, `lane stopped: ${error.message}`);
      return null;
    }
  }

  #makeRules(): LaneRules {
    return new LaneRules(this.#id, this.#parts.catalog, threadStopwatch);
  }

  #restore(snapshot: LaneSnapshot | null, seq: number, inherits?: Inheritance): LaneRules | null {
    if (snapshot === null) return null;
    const { catalog, logger } = this.#parts;
    try {
      const parts = { lane: this.#id, catalog, stopwatch: threadStopwatch };
      return restoreSnapshot(snapshot, { ...parts, ...(inherits ? { inherits } : {}) });
    } catch (error) {
      if (error instanceof AppError) throw error;
      logger.error({ lane: laneName(this.#id), seq, err: error }, "what rules knew cannot be read");
      return null;
    }
  }

  async #resolveLost(open: readonly Alert[], seq: number, signal: AbortSignal): Promise<void> {
    const { alertLog } = this.#parts;
    const nowMs = Date.now();
    const resolved = open.map(({ commands: _, ...alert }): Alert => {
      const isLater = alert.seq > seq;
      const place = isLater ? { index: alert.index + 1 } : { seq, index: BY_LOSS };
      const message = `${alert.key}: what the rule knew is lost, resolved`;
      const times = { atMs: nowMs, receivedAtMs: nowMs };
      return { ...alert, ...times, ...place, state: "resolved", message };
    });
    await alertLog.append(resolved, signal);
    // What the frames to come raise again must not be taken for what was there.
    alertLog.forgetFrom(this.#id.partition, seq + 1);
  }

  /** The first sequence that was stored since the log was rolled back behind `place`; null if it was not (E4). */
  async #storedSince({ seq, storeMs }: LanePlace): Promise<number | null> {
    if (storeMs === null) return null;
    const last = { seq, storeMs };
    const since = await rolledBackTo(this.#parts.connection, this.#id, last);
    if (since === null) return null;
    const lane = laneName(this.#id);
    this.#parts.logger.error({ lane, ...last, since }, "the log was rolled back");
    return since;
  }

  /** @param place an earlier one: frames may be evaluated that were stored after the answer was given. */
  async #noticeRollback({ seq }: LanePlace, turn: AbortController): Promise<void> {
    try {
      const streams = new Streams(this.#parts.connection);
      const { lastSeq } = await streams.state(telemetryStream(this.#id.region));
      if (lastSeq < seq) turn.abort();
    } catch {
      // A log that is away is not rolled back; it is asked again.
    }
  }
}
