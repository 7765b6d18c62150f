// One lane from its region's log to its settlement, with an engine and an aggregator that may be killed at any
// moment, and without a server: what the ledger is told of it, and what became of the readings in truth.
import type { FrameEffects } from "../../cloud/aggregator/frame-effects.ts";
import { LaneAggregate } from "../../cloud/aggregator/lane-aggregate.ts";
import { type AggregatorPosition, START } from "../../cloud/aggregator/position.ts";
import type { LaneFacts, LaneKnown } from "../../cloud/insight/ledger/lane-balance.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { EMPTY_LANE, type Hole, type LaneState } from "../../platform/nats/lanes/lane.ts";
import { TallyMarks, judgeCounted, jumpCounted } from "../../platform/nats/lanes/lane-tally.ts";
import { LAYOUTS, type LoggedFrame } from "./lane-log.ts";

export interface FateOfFrame {
  /** No log has it. */
  readonly lost: boolean;
  /** The hub's copy lacks it; the region has it. */
  readonly copyLacks: boolean;
  /** The aggregator fails with it, and sets it aside. */
  readonly failing: boolean;
  /** The sink refuses this one of the readings that it is given; null for none. */
  readonly refused: number | null;
}

export type FatedFrame = LoggedFrame & FateOfFrame;

/** Of a lane of which nothing was stored yet. */
export const NOTHING_KNOWN: LaneKnown = { rolledBackMs: 0, base: null, acknowledgements: [] };

const jsonOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

interface EnginePosition {
  readonly seq: number;
  readonly lane: LaneState;
}

/** Who reads the region's own log. */
class EngineUnderTest {
  readonly #log: readonly FatedFrame[];
  #saved: EnginePosition = { seq: 0, lane: EMPTY_LANE };
  #state = EMPTY_LANE;
  #marks = new TallyMarks();
  #seq = 0;

  constructor(log: readonly FatedFrame[]) {
    this.#log = log.filter(({ lost }) => !lost);
  }

  get seq(): number {
    return this.#seq;
  }

  get report() {
    return jsonOf(this.#marks.report);
  }

  get atEnd(): boolean {
    return this.#seq >= (this.#log.at(-1)?.seq ?? 0);
  }

  step(): void {
    const next = this.#log.find(({ seq }) => seq > this.#seq);
    if (!next) return;
    for (;;) {
      const verdict = judgeCounted(this.#state, decodeFrame(next.data), next.storeMs);
      if (verdict.kind === "hole") {
        this.#state = jumpCounted(this.#state, verdict.hole);
        continue;
      }
      if (verdict.kind === "new") this.#state = verdict.state;
      break;
    }
    this.#seq = next.seq;
    this.#marks.pass(next.seq, next.storeMs, this.#state);
  }

  save(): void {
    this.#saved = jsonOf({ seq: this.#seq, lane: this.#state });
  }

  kill(): void {
    this.#seq = this.#saved.seq;
    this.#state = this.#saved.lane;
    this.#marks = new TallyMarks();
    this.#marks.pass(this.#seq, this.#state.newestStoreMs, this.#state);
  }
}

/** What the sink has in hand. */
interface InHand {
  readonly effects: FrameEffects;
  readonly refused: readonly string[];
}

/** The lane operator with the aggregate behind it. */
class HubUnderTest {
  readonly #log: readonly FatedFrame[];
  readonly #origin: readonly FatedFrame[];
  #saved: AggregatorPosition = START;
  #state = EMPTY_LANE;
  #aggregate = new LaneAggregate(LAYOUTS, START);
  #marks = new TallyMarks();
  #inHand: InHand[] = [];
  #at = 0;
  /** What was decided about readings, by the effects; without kills, each once. */
  readonly decided = { stored: 0, rejected: 0, repeats: 0 };

  constructor(log: readonly FatedFrame[]) {
    this.#origin = log.filter(({ lost }) => !lost);
    this.#log = this.#origin.filter(({ copyLacks }) => !copyLacks);
  }

  get facts(): Pick<LaneFacts, "judged" | "settled" | "copySeq"> {
    const judged = jsonOf(this.#marks.report);
    const settled = jsonOf(this.#saved.ledger ?? null);
    return { judged, settled, copySeq: this.#log.at(-1)?.seq ?? null };
  }

  get atEnd(): boolean {
    return this.#at >= this.#log.length && this.#inHand.length === 0;
  }

  step(): void {
    const frame = this.#log[this.#at++];
    if (frame) this.#take(frame);
  }

  #take(frame: FatedFrame): void {
    for (;;) {
      const before = this.#state;
      const decoded = decodeFrame(frame.data);
      const verdict = judgeCounted(before, decoded, frame.storeMs);
      if (verdict.kind === "hole") {
        this.#fill(frame, verdict.hole);
        continue;
      }
      const repeated = verdict.kind === "repeated";
      const after = repeated ? before : verdict.state;
      const { seq, storeMs } = frame;
      const judged = { seq, storeMs, frame: decoded, before, after, repeated };
      if (frame.failing) this.#aggregate.passed(judged);
      else this.#apply(judged, frame.refused);
      this.#state = after;
      this.#marks.pass(seq, storeMs, after);
      return;
    }
  }

  #apply(judged: Parameters<LaneAggregate["apply"]>[0], refused: number | null): void {
    const effects = this.#aggregate.apply(judged);
    if (effects.kind === "nothing") return;
    if (effects.kind !== "effects") throw new Error(effects.kind);
    const reading = refused === null ? undefined : effects.readings[refused]?.reading;
    this.#inHand.push({ effects, refused: reading ? [reading.contract] : [] });
  }

  /** As `fillHole` of lane-holes.ts. */
  #fill(frame: FatedFrame, hole: Hole): void {
    const found = this.#origin.filter(({ data }) => {
      const { gateway, epoch, n } = decodeFrame(data).header;
      const isOurs = gateway === hole.gateway && epoch === hole.epoch;
      return isOurs && n >= hole.fromN && n < hole.untilN;
    });
    const [first] = found;
    const untilN = first ? decodeFrame(first.data).header.n : hole.untilN;
    if (untilN > hole.fromN) {
      const before = first ? decodeFrame(first.data).header : null;
      const readings = before ? before.total - before.count - hole.totalBefore! : hole.readings;
      this.#state = jumpCounted(this.#state, { ...hole, untilN, readings });
    }
    for (const each of found) {
      const { n } = decodeFrame(each.data).header;
      this.#take({ ...each, seq: frame.seq - (hole.untilN - n) * 1e-6 });
    }
  }

  acknowledge(count: number): void {
    for (const { effects, refused } of this.#inHand.splice(0, count)) {
      const { readings, repeated, unwritable } = effects;
      this.decided.stored += readings.length - refused.length;
      this.decided.rejected += unwritable.length + refused.length;
      this.decided.repeats += repeated;
      this.#aggregate.acknowledged(effects.seq, refused);
    }
  }

  save(): void {
    for (const group of this.#aggregate.repairsDue(1_000)) this.#aggregate.repaired(group);
    this.#saved = jsonOf(this.#aggregate.position());
  }

  kill(): void {
    this.#aggregate = new LaneAggregate(LAYOUTS, this.#saved);
    this.#state = this.#saved.lane;
    this.#marks = new TallyMarks();
    this.#inHand = [];
    const at = this.#log.findIndex(({ seq }) => seq >= this.#saved.seq);
    this.#at = at < 0 ? this.#log.length : at;
  }
}

/** A lane whose steps a schedule decides. */
export class LedgerLaneUnderTest {
  readonly #engine: EngineUnderTest;
  readonly #hub: HubUnderTest;
  #heard: LaneFacts["region"] = null;

  constructor(log: readonly FatedFrame[]) {
    this.#engine = new EngineUnderTest(log);
    this.#hub = new HubUnderTest(log);
  }

  get facts(): Omit<LaneFacts, "atMs"> {
    return { region: this.#heard, ...this.#hub.facts, known: NOTHING_KNOWN };
  }

  get decided(): HubUnderTest["decided"] {
    return this.#hub.decided;
  }

  /** One number of a schedule, 0 to 99, is one step. */
  step(roll: number): void {
    if (roll < 30) this.#engine.step();
    else if (roll < 40) this.#heard = this.#engine.report;
    else if (roll < 44) this.#engine.save();
    else if (roll < 47) this.#engine.kill();
    else if (roll < 75) this.#hub.step();
    else if (roll < 87) this.#hub.acknowledge(1 + (roll % 3));
    else if (roll < 96) this.#hub.save();
    else this.#hub.kill();
  }

  /** Everybody comes to the end of the log, and says so. */
  finish(): void {
    while (!this.#engine.atEnd) this.#engine.step();
    this.#heard = this.#engine.report;
    while (!this.#hub.atEnd) {
      this.#hub.step();
      this.#hub.acknowledge(1);
    }
    this.#hub.save();
  }
}
