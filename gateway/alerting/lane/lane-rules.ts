// The rules of one lane (pure but for the clock by which slow rules are found): frames in, alerts out.
//
// A1. Alerts are a function of the lane's frames, in their order, and of the moments between frames at
//     which rules were changed. No clock and no arrival time here has a part in it; the one exception is
//     rules that are too slow (slow-rules.ts).
// A2. A reading counts once: one that a device sent again is known by its identity.
// A3. Every reading is evaluated. What is late is so by the gateway's clock at its arrival: neither the lane's
//     watermark nor what other devices send has a part in it (rule-evaluation.ts/V3).
// A4. Only what waits for something not to happen goes by the lane's clock: absence, the end of a
//     maintenance window, a window that runs empty, the end of an alert that no reading ends.
// A5. A reading whose evaluation throws concerns no other one: it is handed out, to be set aside.
import type { Acknowledgement, Alert } from "../../../contracts/messages/alert.ts";
import type { Frame, FrameHeader, FrameReading } from "../../../contracts/messages/frame.ts";
import { identityOf } from "../../../contracts/messages/identity.ts";
import { eventTimeMs } from "../../../contracts/messages/reading.ts";
import { seriesOf } from "../../../contracts/messages/series.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { PRESENCE_CONTRACT } from "../../../contracts/schema/gateway-contracts.ts";
import type { LaneState } from "../../../platform/nats/lanes/lane.ts";
import { isOfRecord } from "../../../platform/runtime/errors.ts";
import type { Stopwatch } from "../../../platform/runtime/stopwatch.ts";
import { type LogPlace, isLive } from "../rules/lifecycle.ts";
import { RuleSet } from "../rules/rule-set.ts";
import { LaneAbsences } from "./lane-absences.ts";
import { LaneAlerts } from "./lane-alerts.ts";
import { CLOCK_START, type LaneClock, attendedAt, tick } from "./lane-clock.ts";
import type { LaneCounters } from "./lane-counters.ts";
import { RuleEvaluation } from "./rule-evaluation.ts";
import { drainWindows, endLate, endSilences, resolveByClock } from "./lane-timers.ts";
import { HORIZON_MS, LATE_HORIZON_MS, RecentIdentities } from "./recent-identities.ts";

/** Places behind every reading of a frame: what the clock decides, what a changed rule, what people do. */
const BY_CLOCK = 2 ** 31;
const BY_CHANGE = BY_CLOCK + 1;
const BY_PEOPLE = BY_CLOCK + 2;

export interface FailedReading {
  readonly reading: FrameReading;
  /** Its place in its frame. */
  readonly index: number;
  readonly error: unknown;
}

const NONE: FailedReading[] = [];

export class LaneRules {
  readonly lane: LaneId;
  readonly rules: RuleSet;
  readonly counters: LaneCounters = { late: 0, repeated: 0, unevaluated: 0, failed: 0 };
  readonly absences: LaneAbsences;
  clock: LaneClock = CLOCK_START;
  identities = new RecentIdentities();
  /** Memory of readings that came late: devices send their buffers again after hours. */
  lateIdentities = new RecentIdentities(LATE_HORIZON_MS);
  readonly #catalog: Catalog;
  readonly #alerts: LaneAlerts;
  readonly #evaluation: RuleEvaluation;
  readonly #failed: FailedReading[] = [];
  /** The series of the reading at hand, written anew for each. */
  readonly #series: string[] = [];

  /**
   * Knows no rule until the first `update`.
   * @param stopwatch finds rules that are too slow.
   */
  constructor(lane: LaneId, catalog: Catalog, stopwatch: Stopwatch) {
    this.lane = lane;
    this.#catalog = catalog;
    this.rules = new RuleSet(catalog);
    this.#alerts = new LaneAlerts(lane);
    this.absences = new LaneAbsences(this.rules, this.#alerts, this.counters);
    this.#evaluation = new RuleEvaluation(this.rules, this.#alerts, this.counters, stopwatch);
  }

  /**
   * Goes on with these rules. What is known under a rule that is the same version stays; of one that is
   * gone or has another version it ends, and what was firing is resolved at the frame `seq`.
   * @param kept ids of rules that stay as they are if they are not among them.
   * @returns those alerts.
   */
  update(rules: readonly CompiledRule[], seq: number, kept?: ReadonlySet<string>): Alert[] {
    const { ended, begun } = this.rules.update(rules, kept);
    for (const state of begun) this.absences.begin(state, this.clock);
    const when = { place: { seq, index: BY_CHANGE }, timeMs: this.clock.clockMs };
    for (const state of ended) {
      const isGone = !this.rules.states.has(state.id);
      this.#alerts.end(state, `the rule was ${isGone ? "deleted" : "changed"}`, when);
    }
    return this.#alerts.take();
  }

  /** Evaluates a frame that is new to the lane. @param after the lane's state with it. */
  applyFrame({ header, readings }: Frame, seq: number, after: LaneState): Alert[] {
    this.absences.beginFrame(header, this.clock);
    for (let index = 0; index < readings.length; index++)
      this.#applyAlone(readings[index]!, header, { seq, index });
    this.clock = tick(this.clock, after);
    this.#passTime({ seq, index: BY_CLOCK });
    return this.#alerts.take();
  }

  /** A5 */
  #applyAlone(reading: FrameReading, header: FrameHeader, place: LogPlace): void {
    try {
      this.#apply(reading, header, place);
    } catch (error) {
      if (!isOfRecord(error)) throw error;
      this.#failed.push({ reading, index: place.index, error });
    }
  }

  /** Readings whose evaluation threw since it was last asked, to be set aside. */
  takeFailed(): FailedReading[] {
    return this.#failed.length === 0 ? NONE : this.#failed.splice(0);
  }

  #apply(reading: FrameReading, header: FrameHeader, place: LogPlace): void {
    const contract = this.#catalog.get(reading.contract, reading.version);
    if (!contract) return;
    const { device, payload, receivedAtMs } = reading;
    const { clock } = this;
    if (contract.name === PRESENCE_CONTRACT) this.absences.heard(reading, header, clock);
    this.absences.alive(contract, reading, place, clock);
    const rules = this.rules.evaluated(contract.name);
    if (!rules) return;
    const eventMs = eventTimeMs(contract, payload, receivedAtMs);
    const timeMs = Math.min(eventMs, receivedAtMs);
    if (!this.#isNew(contract, reading, eventMs)) return void (this.counters.repeated += 1); // A2
    const { groupings } = rules;
    const series = this.#series;
    for (let at = 0; at < groupings.length; at++)
      series[at] = seriesOf(contract, device, payload, groupings[at]);
    const values = this.rules.needsDevice(contract.name) ? { ...payload, device } : payload;
    const arrivedAt = attendedAt(clock, receivedAtMs);
    const key = series[0]!;
    const times = { timeMs, receivedAtMs, arrivedAt };
    const sample = { key, contract: contract.name, values, ...times, place, moment: null };
    this.#evaluation.evaluate(rules, series, sample, clock.attendedMs);
  }

  /** A2. A buffer may come a second time long after the first. */
  #isNew(contract: Contract, { device, payload, receivedAtMs }: FrameReading, eventMs: number) {
    const { clockMs } = this.clock;
    const identity = identityOf(contract, payload, eventMs);
    const isNew = this.identities.add(contract.name, device, identity, clockMs);
    if (receivedAtMs - eventMs <= HORIZON_MS) return isNew;
    return this.lateIdentities.add(contract.name, device, identity, clockMs) && isNew;
  }

  /** A4. */
  #passTime(place: LogPlace): void {
    for (const state of this.rules.takeTimed()) {
      this.absences.passTime(state, place, this.clock);
      drainWindows(state, place, this.clock, this.#alerts);
      resolveByClock(state, place, this.clock, this.#alerts);
      endSilences(state, place, this.clock, this.#alerts);
      endLate(state, place, this.clock, this.#alerts);
      this.#alerts.endErrors(state, { place, timeMs: this.clock.clockMs }, this.clock.attendedMs);
      this.rules.noteTimed(state);
    }
  }

  /** Alerts for what somebody has acknowledged and is firing. */
  acknowledge(all: Iterable<Acknowledgement>, seq: number): Alert[] {
    const place = { seq, index: BY_PEOPLE };
    for (const acknowledgement of all) {
      const main = this.rules.states.get(acknowledgement.rule);
      for (const state of [main, main?.late]) {
        const life = state?.slots.get(acknowledgement.key)?.life;
        if (state && life && isLive(life))
          this.#alerts.acknowledge(state, life, acknowledgement, place);
      }
    }
    return this.#alerts.take();
  }
}
