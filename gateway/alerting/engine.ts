// The alerting engine: an operator on the region's own log, with no cloud in its path.
//
// E1. It evaluates each frame of a lane once, in order; a hole stops the lane and is shown.
// E2. The position (with the rules' state at it) is saved only after every alert of the frames up to
//     it is stored, so a kill replays frames and never skips one.
// E3. A frame whose contract version a rule needs and nobody knows yet waits for it, and is shown.
import type { NatsConnection } from "nats";
import type { Catalog } from "../../contracts/catalog.ts";
import { type Frame, FrameError, type FrameReading, decodeFrame } from "../../contracts/frame.ts";
import type { Rule } from "../../contracts/rule.ts";
import type { LaneStatus } from "../../contracts/status.ts";
import { type LaneId, laneName } from "../../contracts/subjects.ts";
import { EMPTY_LANE, type LaneState, holeText, judgeFrame } from "../../infra/nats/lane.ts";
import { type LogEntry, readLane } from "../../infra/nats/lane-source.ts";
import { Positions } from "../../infra/nats/positions.ts";
import { dispositionOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";
import type { AlertLog } from "./alert-log.ts";
import { LaneRules, type RuleStates } from "./evaluate.ts";
import type { ThresholdState } from "./threshold.ts";

export const ALERTING_OPERATOR = "alerting";

/** How often a lane's position is saved: what a kill replays. */
const SAVE_EVERY_MS = 1_000;

interface AlertingPosition {
  seq: number;
  lane: LaneState;
  /** Rules and keys that are pending or firing at `seq`. */
  states: Record<string, ThresholdState>;
}

export interface EngineParts {
  connection: NatsConnection;
  alertLog: AlertLog;
  catalog: Catalog;
  rules: readonly Rule[];
  logger: Logger;
}

export class AlertingLane {
  readonly #id: LaneId;
  readonly #parts: EngineParts;
  #seq = 0;
  #lane: LaneState = EMPTY_LANE;
  #stoppedBy: string | null = null;

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

  /** Follows the lane until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { connection, catalog, rules, logger } = this.#parts;
    const positions = await Positions.open<AlertingPosition>(connection, ALERTING_OPERATOR);
    const saved = await positions.load(this.#id);
    const states: RuleStates = new Map(Object.entries(saved?.states ?? {}));
    const evaluation = new LaneRules(this.#id, catalog, rules, states);
    this.#seq = saved?.seq ?? 0;
    this.#lane = saved?.lane ?? EMPTY_LANE;
    let savedAtMs = performance.now();
    let savedSeq = this.#seq;
    const save = async (): Promise<void> => {
      if (savedSeq === this.#seq) return;
      const live = [...states].filter(([, { phase }]) => phase !== "idle");
      const position = { seq: this.#seq, lane: this.#lane, states: Object.fromEntries(live) };
      await positions.save(this.#id, position).catch((error: unknown) => {
        if (dispositionOf(error) !== "retry") throw error;
        logger.warn({ err: error }, "position not saved, will try again");
      });
      savedSeq = this.#seq;
      savedAtMs = performance.now();
    };
    for await (const entry of readLane(connection, this.#id, this.#seq + 1, logger, signal)) {
      if (!(await this.#apply(entry, evaluation, signal))) break;
      if (performance.now() - savedAtMs >= SAVE_EVERY_MS) await save();
    }
    await save();
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
      this.#stop(`frame ${entry.seq} comes before ${holeText(verdict.hole)}`);
      return false;
    }
    if (verdict.kind === "new") {
      if (!(await this.#contractsKnown(readings, entry, evaluation, signal))) return false; // E3
      for (const [index, reading] of readings.entries())
        for (const alert of evaluation.evaluate(reading, { seq: entry.seq, index }))
          await this.#parts.alertLog.append(alert, signal); // E2
      this.#lane = verdict.state;
    }
    this.#seq = entry.seq;
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
