// The rules of one lane at work: frames in, alerts out, from a position until the reading ends.
//
// J1. A frame counts as evaluated once every alert that it raised is stored; the position that is
//     saved never passes it before (alerting-lane.ts/E2).
// J2. Rules that were saved, changed or deleted count from the next frame on. Frames up to the newest
//     alert that is stored are replayed with the rules that they were evaluated by.
// J3. This reads the log itself, not a copy: what it lacks is nowhere to be waited for, unless the log
//     was rolled back behind the position; then the reading ends, and begins anew.
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { type LaneId, telemetryStream } from "../../contracts/names/subjects.ts";
import {
  APPLIED,
  type Applied,
  ENDED,
  type Filling,
  type Gap,
  type JudgedFrame,
  type LanePort,
} from "../../platform/nats/lanes/lane-operator.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { AlertLog } from "./alert-log.ts";
import { alertsOfFrame } from "./alert-spans.ts";
import type { FailedReading, LaneRules } from "./lane/lane-rules.ts";
import type { RuleBook } from "./rules/rule-book.ts";
import { takeSnapshot } from "./state/lane-snapshot.ts";
import type { LanePlace, LaneRecord, LaneStore } from "./state/lane-store.ts";
import type { NumberWriter } from "./windows/number-tape.ts";

export interface LaneAtWorkParts {
  readonly lane: LaneId;
  readonly rules: LaneRules;
  /** The position to begin at. */
  readonly place: LanePlace;
  /** True if the rules know again what they knew at the position. */
  readonly restored: boolean;
  readonly store: LaneStore;
  readonly snapshots: NumberWriter;
  readonly alertLog: AlertLog;
  readonly tracing: Tracing;
  readonly logger: Logger;
  readonly setAside: Pick<SettingAside, "put">;
  readonly catalog: Catalog;
  readonly ruleBook: Pick<RuleBook, "rules" | "awaited" | "unusable">;
  readonly acknowledgements: Pick<Acknowledgements, "all" | "version">;
  /** The lane's entries, from the region's own log, until this reading ends. */
  readonly read: (fromSeq: number) => AsyncIterable<LogEntry>;
  /** True if the log was rolled back behind a place. */
  readonly isRolledBack: (place: LanePlace) => Promise<boolean>;
  /** Ends this reading, so that the lane begins anew. */
  readonly beginAnew: () => void;
}

export class LaneAtWork implements LanePort {
  readonly #parts: LaneAtWorkParts;
  #place: LanePlace;
  /** Version of the acknowledgements that were taken last; -1 if they are to be taken again. */
  #acknowledgementsTaken = -1;
  #hasWaited = false;

  constructor(parts: LaneAtWorkParts) {
    this.#parts = parts;
    this.#place = parts.place;
  }

  /** The last frame that is evaluated, and the lane after it. */
  get place(): LanePlace {
    return this.#place;
  }

  get acknowledged(): number {
    return this.#place.seq;
  }

  read(fromSeq: number): AsyncIterable<LogEntry> {
    return this.#parts.read(fromSeq);
  }

  /** The position, with what the rules know at it. */
  readonly record = (): LaneRecord => ({
    ...this.#place,
    snapshot: takeSnapshot(this.#parts.rules, this.#parts.snapshots),
  });

  async prepare({ seq }: LogEntry, signal: AbortSignal): Promise<boolean> {
    const { restored, alertLog, lane, store } = this.#parts;
    const isReplayed = restored && seq <= alertLog.newestSeqIn(lane.partition);
    // The position is saved with the rules: no replay goes back behind their change (J2).
    if (!isReplayed && (await this.#takeRules(signal))) await store.save(this.record, signal);
    return true;
  }

  joinsAt({ seq }: LogEntry): boolean {
    return this.#place.seq === 0 && seq > 1;
  }

  async apply({ entry, ...judged }: JudgedFrame, signal: AbortSignal): Promise<Applied> {
    const { rules, ruleBook, alertLog, store } = this.#parts;
    const { frame, after } = judged;
    if (!judged.repeated) {
      const version = rules.rules.unknownVersion(frame.readings, ruleBook.awaited);
      if (version) {
        this.#hasWaited = true;
        return { kind: "awaits", version };
      }
      // Rules that had to wait for the same contract begin with this frame.
      if (this.#hasWaited) await this.#takeRules(signal);
      this.#hasWaited = false;
      const arrivedMs = Date.now();
      const alerts = rules.applyFrame(frame, entry.seq, after);
      for (const failed of rules.takeFailed()) await this.#aside(entry, failed);
      // One that was acknowledged before the engine died may be among them.
      if (alerts.length > 0) this.#acknowledgementsTaken = -1;
      const evaluatedMs = Date.now();
      const times = { storedMs: entry.storeMs, arrivedMs, evaluatedMs };
      await alertLog.append(alerts, signal, alertsOfFrame(this.#parts.tracing, frame, times));
    }
    this.#place = { seq: entry.seq, storeMs: entry.storeMs, lane: after }; // J1
    await this.#takeAcknowledgements(signal);
    store.saveSoon(entry.seq, this.record);
    return APPLIED;
  }

  /** Keeps a reading that the rules could not be asked about. */
  #aside({ seq, subject }: LogEntry, { reading, index, error }: FailedReading): Promise<void> {
    const place = { stream: telemetryStream(this.#parts.lane.region), subject, seq, part: index };
    const data = Buffer.from(JSON.stringify(reading));
    return this.#parts.setAside.put({ kind: "reading", reason: "failed", why: error, place, data });
  }

  async fill({ hole }: Gap): Promise<Filling> {
    // The log may have outgrown the position since it was rolled back (J3).
    if (await this.#parts.isRolledBack(this.#place).catch(() => false)) {
      this.#parts.beginAnew();
      return ENDED;
    }
    return { kind: "filled", entries: [], lost: hole };
  }

  /** True if rules have changed. Alerts under a rule that is gone are resolved. */
  async #takeRules(signal: AbortSignal): Promise<boolean> {
    const { rules, ruleBook, alertLog } = this.#parts;
    const { rules: current, unusable } = ruleBook;
    if (!rules.rules.isOutdated(current, unusable)) return false;
    await alertLog.append(rules.update(current, this.#place.seq, unusable), signal);
    return true;
  }

  async #takeAcknowledgements(signal: AbortSignal): Promise<void> {
    const { acknowledgements, alertLog, rules } = this.#parts;
    if (acknowledgements.version === this.#acknowledgementsTaken) return;
    this.#acknowledgementsTaken = acknowledgements.version;
    await alertLog.append(rules.acknowledge(acknowledgements.all, this.#place.seq), signal);
  }
}
