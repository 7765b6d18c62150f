// An operator on one lane: it reads the frames of the lane in order and has each one applied once.
//
// O1. A frame of a newer format stops the lane: this program has to be upgraded. Bytes that are no frame
//     are set aside, before anything behind them is applied, and the lane goes on: the hole that they leave
//     is filled, or named as a loss (O3). What no upgrade can read must not hold back everybody.
// O2. Frames are applied one after another, in order; the lane's state moves on only when a frame
//     has been applied, so a frame that waits is judged by the same state when its turn comes.
// O3. Before a frame that comes after a hole, the frames of the hole are applied as far as they are
//     found. What is lost for good is recorded as a loss, and the lane goes on behind it.
// O4. A frame of a contract version that is published, and unknown here yet, waits for it a moment. One that
//     nobody has published is set aside, so that nobody's contract holds back everybody. After UNKNOWN_MAX
//     such frames the lane waits instead, and says so: what comes so often is no stray frame, but a
//     contract that somebody must publish, or a program that is old.
// O5. A lane that has stopped stays as it is until somebody acts; a lane that waits goes on by itself.
// O6. A frame whose handling throws is set aside, too: it would throw again after every restart.
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { type Frame, FrameError, decodeFrame } from "../../../contracts/messages/frame.ts";
import { LOSSES_KEPT, type LaneLoss, type LaneStatus } from "../../../contracts/messages/status.ts";
import {
  type LaneId,
  laneName,
  partitionIn,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { isOfRecord, messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { EMPTY_LANE, type Hole, type LaneState, holeText } from "./lane.ts";
import { TallyMarks, entered, judgeCounted, jumpCounted } from "./lane-tally.ts";
import type { LogEntry } from "../client/log-entry.ts";
import type { SettingAside } from "./set-aside.ts";

/** Contracts and logs come to one process by different ways: so far one may be behind the other. */
const CONTRACT_AWAITED_MS = 5_000;
/** Frames of unknown versions that one start sets aside in a lane. */
const UNKNOWN_MAX = 100;

/** A frame that is not preceded by a hole, with the lane around it. */
export interface JudgedFrame {
  readonly entry: LogEntry;
  readonly frame: Frame;
  readonly before: LaneState;
  /** The lane once this frame is part of it; `before` itself if the frame is a repeat. */
  readonly after: LaneState;
  /** True if the same frame came before (lane.ts/L1). */
  readonly repeated: boolean;
}

export interface UnknownVersion {
  readonly contract: string;
  readonly version: number;
}

export type Applied =
  | { readonly kind: "applied" }
  /** Nothing was changed yet; the frame is applied again once this version is known (O4). */
  | { readonly kind: "awaits"; readonly version: UnknownVersion }
  /** Somebody must act. */
  | { readonly kind: "stopped"; readonly reason: string }
  /** The reading ends here, because its signal aborted. */
  | { readonly kind: "ended" };

export const APPLIED: Applied = { kind: "applied" };
export const ENDED = { kind: "ended" } as const;

export type Filling =
  | {
      readonly kind: "filled";
      /** Frames of the hole that were found, in order. */
      readonly entries: readonly LogEntry[];
      /** Frames that are lost for good, before the first one found; or null. */
      readonly lost: Hole | null;
    }
  | { readonly kind: "stopped"; readonly reason: string }
  | { readonly kind: "ended" };

/** A place in a lane at which frames are missing: before `entry`. */
export interface Gap {
  readonly entry: LogEntry;
  readonly hole: Hole;
}

/** The part of an operator that is its own: what a frame does, and what is done about a hole. */
export interface LanePort {
  /** Every effect of frames up to this sequence is durable. */
  readonly acknowledged: number;
  /** The entries of the lane from a sequence on, until `signal` aborts. */
  read(fromSeq: number, signal: AbortSignal): AsyncIterable<LogEntry>;
  /** Called with each entry that was read, before it is judged; false if the reading ends here. */
  prepare(entry: LogEntry, signal: AbortSignal): Promise<boolean>;
  /** True if the log was trimmed before this entry, so that an unknown epoch may begin anywhere. */
  joinsAt(entry: LogEntry): boolean;
  apply(frame: JudgedFrame, signal: AbortSignal): Promise<Applied>;
  /** The frame was set aside instead, and the lane goes on behind it. */
  passed?(frame: JudgedFrame): void;
  /** Looks for the frames of a hole, or declares them lost; may call `showWaiting`. */
  fill(gap: Gap, signal: AbortSignal): Promise<Filling>;
}

/** The point in a lane from which it is read. */
export interface LaneStart {
  readonly fromSeq: number;
  /** The lane just before that sequence. */
  readonly state: LaneState;
}

/** The latest losses of one or several lanes, oldest first; all are logged. */
export class Losses {
  readonly #losses: LaneLoss[] = [];

  get all(): readonly LaneLoss[] {
    return this.#losses;
  }

  /** @param untilMs when the frame behind the hole was stored, epoch ms. */
  add(lane: LaneId, hole: Hole, untilMs: number): void {
    const { readings, sinceMs } = hole;
    this.#losses.push({ ...lane, what: holeText(hole), readings, sinceMs, untilMs });
    if (this.#losses.length > LOSSES_KEPT) this.#losses.shift();
  }
}

export interface LaneOperatorParts {
  readonly port: LanePort;
  readonly catalog: Pick<Catalog, "whenKnown">;
  /** True if the bucket of contracts holds this version now. */
  readonly isPublished: (version: UnknownVersion) => Promise<boolean>;
  readonly losses: Losses;
  readonly setAside: Pick<SettingAside, "put">;
  /** The first lane that came with a growth of the log; absent: none did. */
  readonly grownFrom?: number;
  readonly logger: Logger;
}

export class LaneOperator {
  readonly #lane: LaneId;
  readonly #port: LanePort;
  readonly #catalog: Pick<Catalog, "whenKnown">;
  readonly #isPublished: LaneOperatorParts["isPublished"];
  readonly #losses: Losses;
  readonly #setAside: Pick<SettingAside, "put">;
  readonly #logger: Logger;
  readonly #grownFrom: number;
  #state: LaneState = EMPTY_LANE;
  #marks = new TallyMarks();
  #stoppedBy: string | null = null;
  #waitsFor: string | null = null;
  /** Frames that were set aside because of their contract version (O4). */
  #unknownFrames = 0;

  constructor(lane: LaneId, parts: LaneOperatorParts) {
    const { port, catalog, isPublished, losses, setAside, logger } = parts;
    this.#isPublished = isPublished;
    this.#grownFrom = parts.grownFrom ?? Infinity;
    this.#lane = lane;
    this.#port = port;
    this.#catalog = catalog;
    this.#losses = losses;
    this.#setAside = setAside;
    this.#logger = logger.child({ lane: laneName(lane) });
  }

  /** True if the lane stands still until somebody acts (O5). */
  get stopped(): boolean {
    return this.#stoppedBy !== null;
  }

  get status(): LaneStatus {
    return {
      ...this.#lane,
      doneSeq: this.#port.acknowledged,
      watermarkMs: this.#state.watermarkMs,
      stoppedBy: this.#stoppedBy ?? this.#waitsFor,
      judged: this.#marks.report,
    };
  }

  /** Reads the lane from a place on, until `signal` aborts, the port ends it or the lane stops. */
  async run({ fromSeq, state }: LaneStart, signal: AbortSignal): Promise<void> {
    this.#state = state;
    this.#marks.pass(fromSeq - 1, state.newestStoreMs, state);
    for await (const entry of this.#port.read(fromSeq, signal)) {
      if (!(await this.#port.prepare(entry, signal))) return;
      if (!(await this.#take(entry, signal))) return;
    }
  }

  /** Shows in the status why the lane makes no progress, until the frame under way is through, or until it is null. */
  showWaiting(reason: string | null): void {
    this.#waitsFor = reason;
  }

  /** False if the lane was stopped or the reading ends here. */
  async #take(entry: LogEntry, signal: AbortSignal): Promise<boolean> {
    const frame = this.#decode(entry);
    if (frame instanceof FrameError) return this.#skip(entry, frame, signal); // O1
    for (;;) {
      const before = entered(this.#state, partitionIn(entry.subject), this.#grownFrom);
      this.#state = before;
      const joined = this.#port.joinsAt(entry);
      const verdict = judgeCounted(before, frame, entry.storeMs, joined);
      if (verdict.kind === "hole") {
        if (!(await this.#fill({ entry, hole: verdict.hole }, signal))) return false; // O3
        continue;
      }
      const repeated = verdict.kind === "repeated";
      const after = repeated ? before : verdict.state;
      return this.#apply({ entry, frame, before, after, repeated }, signal);
    }
  }

  #decode({ data }: LogEntry): Frame | FrameError {
    try {
      return decodeFrame(data);
    } catch (error) {
      if (error instanceof FrameError) return error;
      throw error;
    }
  }

  /** O1. False if the lane was stopped or the reading ends here. */
  async #skip(entry: LogEntry, error: FrameError, signal: AbortSignal): Promise<boolean> {
    const problem = `frame ${entry.seq} cannot be read: ${messageOf(error)}`;
    if (error.isNewer) {
      this.stop(problem);
      return false;
    }
    return this.#aside(entry, { reason: "unreadable", why: problem }, signal);
  }

  /** Keeps a frame that is passed over; false if `signal` aborted before. */
  async #aside(
    { seq, subject, data }: LogEntry,
    of: { reason: "unreadable" | "failed" | "unknown"; why: unknown },
    signal: AbortSignal,
  ): Promise<boolean> {
    const place = { stream: telemetryStream(this.#lane.region), subject, seq };
    this.#waitsFor = `waits until frame ${seq}, which cannot be handled, is set aside`;
    try {
      await this.#setAside.put({ kind: "frame", ...of, place, data });
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
    this.#waitsFor = null;
    return true;
  }

  async #apply(judged: JudgedFrame, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const applied = await this.#applied(judged, signal);
      switch (applied.kind) {
        case "applied":
          this.#moveOn(judged); // O2
          return true;
        case "awaits":
          switch (await this.#awaitContract(applied.version, judged.entry, signal)) {
            case "ended":
              return false;
            case "passed":
              this.#port.passed?.(judged);
              this.#moveOn(judged);
              return true;
            case "known":
              break;
          }
          break;
        case "stopped":
          this.stop(applied.reason);
          return false;
        case "ended":
          return false;
      }
    }
  }

  /** A frame that cannot be applied is set aside, and the lane goes on behind it (O6). */
  async #applied(judged: JudgedFrame, signal: AbortSignal): Promise<Applied> {
    try {
      return await this.#port.apply(judged, signal);
    } catch (error) {
      if (signal.aborted || !isOfRecord(error)) throw error;
      const why = { reason: "failed", why: error } as const;
      if (!(await this.#aside(judged.entry, why, signal))) return ENDED;
      this.#port.passed?.(judged);
      return APPLIED;
    }
  }

  #moveOn({ entry, after }: JudgedFrame): void {
    this.#state = after;
    this.#marks.pass(entry.seq, entry.storeMs, after);
  }

  /** `passed`: nobody has published it, and the frame is set aside (O4). */
  async #awaitContract(
    version: UnknownVersion,
    entry: LogEntry,
    signal: AbortSignal,
  ): Promise<"known" | "passed" | "ended"> {
    const { seq } = entry;
    const name = `${version.contract} v${version.version}`;
    this.#waitsFor = `waits for contract ${name}, which frame ${seq} holds`;
    const isFlood = this.#unknownFrames >= UNKNOWN_MAX;
    if (isFlood)
      this.#logger.error({ seq }, `lane ${this.#waitsFor}: publish it, or upgrade this program`);
    if (await this.#isKnownInTime(version, isFlood, signal)) {
      this.#logger.info({ seq }, `lane goes on: contract ${name} is known`);
      this.#waitsFor = null;
      return "known";
    }
    if (signal.aborted) return "ended";
    this.#unknownFrames += 1;
    const why = `frame ${seq} holds readings of contract ${name}, which is not published: publish it, or upgrade this program, and retry`;
    return (await this.#aside(entry, { reason: "unknown", why }, signal)) ? "passed" : "ended";
  }

  async #isKnownInTime(
    version: UnknownVersion,
    forEver: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const soon = new AbortController();
    // A server that cannot be asked may have it.
    const isComing = forEver || (await this.#isPublished(version).catch(() => true));
    const timer = forEver
      ? undefined
      : setTimeout(() => soon.abort(), isComing ? CONTRACT_AWAITED_MS : 0);
    const until = AbortSignal.any([signal, soon.signal]);
    const known = await this.#catalog.whenKnown(version.contract, version.version, until);
    clearTimeout(timer);
    return known !== null;
  }

  /** False if the lane was stopped or the reading ends here (O3). */
  async #fill(gap: Gap, signal: AbortSignal): Promise<boolean> {
    const filling = await this.#port.fill(gap, signal);
    if (filling.kind === "ended") return false;
    this.#waitsFor = null;
    if (filling.kind === "stopped") {
      this.stop(filling.reason);
      return false;
    }
    const { entries, lost } = filling;
    if (lost) {
      this.#losses.add(this.#lane, lost, gap.entry.storeMs);
      this.#logger.error({ seq: gap.entry.seq, lost }, `lost for good: ${holeText(lost)}`);
      this.#state = jumpCounted(this.#state, lost);
    }
    for (const entry of entries) if (!(await this.#take(entry, signal))) return false;
    return true;
  }

  /** The lane stands still from now on (O5). */
  stop(reason: string): void {
    this.#stoppedBy = reason;
    this.#logger.error({ reason }, `lane stopped, somebody must act: ${reason}`);
  }
}
