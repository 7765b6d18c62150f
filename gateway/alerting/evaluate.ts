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

/** Version of each rule, by its id. */
export type RuleVersions = Map<string, number>;

export const stateKey = (rule: string, key: string): string => `${rule}\n${key}`;
const splitStateKey = (id: string): [string, string] => {
  const at = id.indexOf("\n");
  return [id.slice(0, at), id.slice(at + 1)];
};

export class LaneRules {
  readonly #lane: LaneId;
  readonly #catalog: Catalog;
  #byContract = new Map<string, ThresholdRule[]>();
  #rules: readonly Rule[] | null = null;
  /** Which version of each rule the states are of. */
  readonly versions: RuleVersions;
  readonly states: RuleStates;

  /** Knows no rule until the first `update`. */
  constructor(lane: LaneId, catalog: Catalog, states: RuleStates, versions: RuleVersions) {
    this.#lane = lane;
    this.#catalog = catalog;
    this.states = states;
    this.versions = versions;
  }

  /** True unless these are the rules that it goes by. */
  isOutdated(rules: readonly Rule[]): boolean {
    return rules !== this.#rules;
  }

  /**
   * Goes on with these rules. The state of a rule that is the same version stays; of one that is gone
   * or has another version it ends, and what was firing is resolved at `place`.
   * @returns those alerts.
   */
  update(rules: readonly Rule[], place: LogPlace, nowMs: number): Alert[] {
    this.#rules = rules;
    this.#byContract = Map.groupBy(rules, ({ contract }) => contract);
    const current = new Map(rules.map(({ id, version }) => [id, version]));
    const alerts: Alert[] = [];
    for (const [id, state] of this.states) {
      const [rule = "", key = ""] = splitStateKey(id);
      if (current.get(rule) === this.versions.get(rule)) continue;
      this.states.delete(id);
      if (state.phase === "firing")
        alerts.push(this.#ended({ rule, key, state, place, nowMs, isGone: !current.has(rule) }));
    }
    this.versions.clear();
    for (const [id, version] of current) this.versions.set(id, version);
    return alerts;
  }

  #ended(of: {
    rule: string;
    key: string;
    state: ThresholdState;
    place: LogPlace;
    nowMs: number;
    isGone: boolean;
  }): Alert {
    const { rule, key, state, place, nowMs } = of;
    return {
      id: alertId(rule, key, this.#lane, state.raisedAt),
      rule,
      key,
      region: this.#lane.region,
      state: "resolved",
      severity: "warning",
      sinceMs: state.sinceMs,
      atMs: nowMs,
      receivedAtMs: nowMs,
      value: 0,
      message: `${key}: the rule was ${of.isGone ? "deleted" : "changed"}, resolved`,
      partition: this.#lane.partition,
      ...place,
    };
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
      severity: "warning",
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
