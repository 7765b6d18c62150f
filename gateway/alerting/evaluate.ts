// The rules of one lane (pure): frames in, alerts out.
import { createHash } from "node:crypto";
import type { Alert } from "../../contracts/alert.ts";
import type { Catalog } from "../../contracts/catalog.ts";
import type { FrameReading } from "../../contracts/frame.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/reading.ts";
import type { Rule, ThresholdRule } from "../../contracts/rule.ts";
import { type LaneId, laneName } from "../../contracts/subjects.ts";
import { IDLE, type LogPlace, type ThresholdState, stepThreshold } from "./threshold.ts";

/** State of every rule and key that is not idle at rest; JSON-able, saved with the position. */
export type RuleStates = Map<string, ThresholdState>;

/**
 * At most this many keys are remembered per lane; beyond it idle ones are forgotten first, which
 * only weakens A2 for them.
 */
export const KEYS_MAX = 200_000;

export interface UnknownVersion {
  readonly contract: string;
  readonly version: number;
}

export const stateKey = (rule: string, key: string): string => `${rule}\n${key}`;

export class LaneRules {
  readonly #lane: LaneId;
  readonly #catalog: Catalog;
  readonly #byContract = new Map<string, ThresholdRule[]>();
  readonly states: RuleStates;

  constructor(lane: LaneId, catalog: Catalog, rules: readonly Rule[], states: RuleStates) {
    this.#lane = lane;
    this.#catalog = catalog;
    this.states = states;
    for (const rule of rules)
      this.#byContract.set(rule.contract, [...(this.#byContract.get(rule.contract) ?? []), rule]);
  }

  /**
   * The first contract version that a rule has to read and nobody knows yet, or null. Until it is
   * known the frame waits: evaluated without it, its readings would never raise what they should.
   */
  unknownVersion(readings: readonly FrameReading[]): UnknownVersion | null {
    const unknown = readings.find(
      ({ contract, version }) =>
        this.#byContract.has(contract) && !this.#catalog.get(contract, version),
    );
    return unknown ? { contract: unknown.contract, version: unknown.version } : null;
  }

  /** Evaluates one reading; the alerts it raises or resolves, usually none. */
  evaluate(reading: FrameReading, place: LogPlace): Alert[] {
    const rules = this.#byContract.get(reading.contract);
    const contract = rules && this.#catalog.get(reading.contract, reading.version);
    if (!contract) return [];
    const key = seriesKeyOf(contract, reading.device, reading.payload);
    const timeMs = eventTimeMs(contract, reading.payload, reading.receivedAtMs);
    const alerts: Alert[] = [];
    for (const rule of rules) {
      const value = reading.payload[rule.field];
      if (typeof value !== "number") continue;
      const id = stateKey(rule.id, key);
      const before = this.states.get(id) ?? IDLE;
      const { state, transition } = stepThreshold(rule, before, { value, timeMs, place });
      this.#remember(id, state);
      if (transition)
        alerts.push(this.#alert({ rule, key, state, before, transition, reading, timeMs, place }));
    }
    return alerts;
  }

  #remember(id: string, state: ThresholdState): void {
    if (this.states.size >= KEYS_MAX && !this.states.has(id))
      for (const [old, { phase }] of this.states)
        if (phase === "idle") {
          this.states.delete(old);
          break;
        }
    this.states.set(id, state);
  }

  #alert(of: {
    rule: ThresholdRule;
    key: string;
    state: ThresholdState;
    before: ThresholdState;
    transition: "firing" | "resolved";
    reading: FrameReading;
    timeMs: number;
    place: LogPlace;
  }): Alert {
    const { rule, key, transition, place } = of;
    const value = of.reading.payload[rule.field] as number;
    const { raisedAt } = of.state;
    const bound =
      transition === "firing" ? `above ${rule.above}` : `below ${rule.clearBelow}, resolved`;
    return {
      id: alertId(rule.id, key, this.#lane, raisedAt),
      rule: rule.id,
      key,
      region: this.#lane.region,
      state: transition,
      sinceMs: transition === "firing" ? of.state.sinceMs : of.before.sinceMs,
      atMs: of.timeMs,
      receivedAtMs: of.reading.receivedAtMs,
      value,
      message: `${key}: ${rule.field} is ${value}, ${bound}`,
      partition: this.#lane.partition,
      seq: place.seq,
      index: place.index,
    };
  }
}

/** The same wherever and however often the lane is replayed. */
const alertId = (rule: string, key: string, lane: LaneId, raisedAt: LogPlace): string =>
  createHash("sha256")
    .update(JSON.stringify([rule, key, laneName(lane), raisedAt.seq, raisedAt.index]))
    .digest("hex")
    .slice(0, 32);
