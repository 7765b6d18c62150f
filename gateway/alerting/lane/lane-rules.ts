// The rules of one lane (pure): frames in, alerts out.
//
// A1. Alerts are a function of the lane's frames, in their order, and of the moments between frames at
//     which rules were changed. No clock and no arrival time here has a part in it.
// A2. A reading counts once: one that a device sent again is known by its identity.
// A3. A reading whose event time is before the lane's watermark is too late: it is counted and ignored.
//     It still shows that its key is alive.
// A4. Only what waits for something not to happen goes by the lane's clock: absence, the end of a
//     maintenance window, the end of an alert that no reading ends.
// A5. A rule that throws or is too slow is disabled alone, with an alert about it; so are its bounds on
//     memory its own.
import type { Acknowledgement, Alert } from "../../../contracts/messages/alert.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import type { Frame, FrameHeader, FrameReading } from "../../../contracts/messages/frame.ts";
import { eventTimeMs, seriesKeyOf } from "../../../contracts/messages/reading.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { silencedUntil } from "../../../contracts/rules/silence.ts";
import type { LaneState } from "../../../platform/nats/lanes/lane.ts";
import {
  type Remembered,
  type Sample,
  evaluateReading,
  holdsThreshold,
} from "../rules/evaluators.ts";
import { CLOCK_START, type LaneClock, tick } from "./lane-clock.ts";
import { LanePresence, PRESENCE_CONTRACT } from "./lane-presence.ts";
import { type Life, type LogPlace, type Verdict, isLive, stepLife } from "../rules/lifecycle.ts";
import { type Cause, type OwnRule, alertId, makeAlert, makeOwnAlert } from "../rules/make-alert.ts";
import { RecentIdentities } from "./recent-identities.ts";
import type { RulePlan, Slot } from "../rules/rule-plan.ts";
import { RuleSet } from "../rules/rule-set.ts";
import { SlowRules } from "../rules/slow-rules.ts";

/** Places behind every reading of a frame: what the clock decides, what a changed rule, what people do. */
const BY_CLOCK = 2 ** 31;
const BY_CHANGE = BY_CLOCK + 1;
const BY_PEOPLE = BY_CLOCK + 2;

/** Of a key that a rule has not met; one for all, until it is evaluated. */
const unknown: Remembered = { memory: null };

type When = Pick<Sample, "place" | "timeMs">;

export interface LaneCounters {
  late: number;
  repeated: number;
  /** Of keys that a rule had no room for. */
  unevaluated: number;
}

export class LaneRules {
  readonly lane: LaneId;
  readonly rules: RuleSet;
  readonly counters: LaneCounters = { late: 0, repeated: 0, unevaluated: 0 };
  clock: LaneClock = CLOCK_START;
  presence = new LanePresence();
  identities = new RecentIdentities();
  readonly #catalog: Catalog;
  readonly #slow: SlowRules;

  /**
   * Knows no rule until the first `update`.
   * @param nowMs monotonic, to find rules that are too slow.
   */
  constructor(lane: LaneId, catalog: Catalog, nowMs: () => number) {
    this.lane = lane;
    this.#catalog = catalog;
    this.rules = new RuleSet(catalog);
    this.#slow = new SlowRules(nowMs);
  }

  /**
   * Goes on with these rules. What is known under a rule that is the same version stays; of one that is
   * gone or has another version it ends, and what was firing is resolved at the frame `seq`.
   * @returns those alerts.
   */
  update(rules: readonly CompiledRule[], seq: number): Alert[] {
    const { ended, begun } = this.rules.update(rules);
    const { attendedMs } = this.clock;
    for (const plan of begun)
      if (plan.compiled.kind === "absence")
        for (const [key] of this.presence.known(plan.compiled.contracts[0]!))
          plan.waitFor(key, attendedMs);
    const place = { seq, index: BY_CHANGE };
    return ended.flatMap((plan) =>
      this.#ended(plan, place, !this.rules.plans.has(plan.compiled.id)),
    );
  }

  #ended(plan: RulePlan, place: LogPlace, isGone: boolean): Alert[] {
    const why = `the rule was ${isGone ? "deleted" : "changed"}`;
    const alerts: Alert[] = [];
    for (const [key, { life }] of plan.slots)
      if (life && isLive(life)) alerts.push(this.#byClock(plan, key, life, "resolved", why, place));
    const message = `${plan.compiled.id}: ${why}`;
    const of = { key: this.#ownKey(plan), place, atMs: this.clock.clockMs, message };
    const end = (rule: OwnRule, raisedAt: LogPlace): void =>
      void alerts.push(makeOwnAlert(this.lane, rule, "resolved", { ...of, raisedAt }));
    if (plan.disabled) end("rule_disabled", plan.disabled.at);
    if (plan.limitedAt) end("rule_limited", plan.limitedAt);
    return alerts;
  }

  /** Evaluates a frame that is new to the lane. @param after the lane's state with it. */
  applyFrame({ header, readings }: Frame, seq: number, after: LaneState): Alert[] {
    const alerts: Alert[] = [];
    for (const device of this.presence.lostWithEpoch(header)) this.#lost(device);
    for (let index = 0; index < readings.length; index++)
      this.#apply(readings[index]!, header, { seq, index }, alerts);
    this.clock = tick(this.clock, after);
    this.#passTime({ seq, index: BY_CLOCK }, alerts);
    return alerts;
  }

  #apply(reading: FrameReading, header: FrameHeader, place: LogPlace, alerts: Alert[]): void {
    const contract = this.#catalog.get(reading.contract, reading.version);
    if (!contract) return;
    const { device, payload, receivedAtMs } = reading;
    const key = seriesKeyOf(contract, device, payload);
    if (contract.name === PRESENCE_CONTRACT) this.#heard(device, payload, header);
    this.#alive(contract.name, key, reading, place, alerts);
    const rules = this.rules.evaluated(contract.name);
    if (!rules) return;
    const timeMs = Math.min(eventTimeMs(contract, payload, receivedAtMs), receivedAtMs);
    if (timeMs < this.clock.watermarkMs) return void (this.counters.late += 1); // A3
    if (!this.identities.add(contract, device, payload, this.clock.clockMs))
      return void (this.counters.repeated += 1); // A2
    const values = this.rules.needsDevice(contract.name) ? { ...payload, device } : payload;
    const sample = { contract: contract.name, values, timeMs, place };
    const { plans, index } = rules;
    index.look(values);
    this.#slow.begin();
    for (let at = 0; at < plans.length; at++) {
      const plan = plans[at]!;
      // What cannot hold matters only to a key of which something is remembered.
      if (index.mayHold(at) || plan.remembers(key))
        this.#evaluate(plan, key, sample, receivedAtMs, alerts);
    }
    this.#slow.end();
  }

  #evaluate(
    plan: RulePlan,
    key: string,
    sample: Sample,
    receivedAtMs: number,
    alerts: Alert[],
  ): void {
    if (plan.disabled !== null) return;
    try {
      this.#judge(plan, key, sample, receivedAtMs, alerts);
    } catch (error) {
      this.#disable(plan, error instanceof Error ? error.message : String(error), sample, alerts);
    }
    if (this.#slow.isTooSlow(plan)) this.#disable(plan, "it is too slow", sample, alerts);
    if (plan.limited && plan.limitedAt === null) this.#tellOfLimit(plan, sample, alerts);
  }

  #judge(plan: RulePlan, key: string, sample: Sample, receivedAtMs: number, alerts: Alert[]): void {
    const { compiled, windows } = plan;
    const { attendedMs } = this.clock;
    const window = windows && windows.take(key, sample, attendedMs);
    if (window === "no-room") return void (this.counters.unevaluated += 1);
    if (windows && !window) return;
    const known = plan.slots.get(key);
    // Most readings of most rules: nothing is remembered of the key, and the condition does not hold.
    if (!known && compiled.kind === "threshold" && !holdsThreshold(compiled, sample)) return;
    unknown.memory = null;
    const verdict = evaluateReading(compiled, known ?? unknown, sample, window);
    if (!known && !verdict?.holds && unknown.memory === null) return;
    const slot = known ?? plan.open(key, attendedMs, unknown.memory);
    if (!slot) return void (this.counters.unevaluated += 1);
    slot.touchedAt = attendedMs;
    // An idle key whose condition does not hold stays idle.
    if (verdict && (verdict.holds || slot.life !== null))
      this.#step(plan, key, slot, verdict, { ...sample, receivedAtMs }, alerts);
    plan.settle(key, slot);
  }

  #step(
    plan: RulePlan,
    key: string,
    slot: Slot,
    verdict: Verdict,
    { timeMs, place, receivedAtMs }: Sample & { receivedAtMs: number },
    alerts: Alert[],
  ): void {
    const before = slot.life;
    const { life, transition } = stepLife(before, verdict, { timeMs, place }, plan.compiled);
    slot.life = life;
    const cause: Cause = { key, place, atMs: timeMs, receivedAtMs, value: verdict.value };
    if (transition === "firing") this.#fire(plan, slot.life!, cause, alerts);
    if (transition === "resolved") this.#resolve(plan, before!, cause, alerts);
    if (verdict.holds && plan.compiled.resolveAfterMs !== null && isLive(life))
      plan.resolving.touch(key, this.clock.attendedMs);
  }

  #fire(plan: RulePlan, life: Life, cause: Cause, alerts: Alert[]): void {
    life.silencedUntilMs = silencedUntil(plan.compiled.silences, cause.atMs);
    const isSilenced = life.silencedUntilMs !== null;
    if (isSilenced) plan.silenced.add(cause.key);
    const state = isSilenced ? "silenced" : "firing";
    alerts.push(makeAlert(this.lane, plan.compiled, life, state, cause));
  }

  #resolve(plan: RulePlan, life: Life, cause: Cause, alerts: Alert[]): void {
    const isQuiet = plan.silenced.delete(cause.key);
    plan.resolving.stop(cause.key);
    const alert = makeAlert(this.lane, plan.compiled, life, "resolved", cause);
    alerts.push(isQuiet ? quietly(alert) : alert);
  }

  /** A4: what is due by the lane's clock after a frame. */
  #passTime(place: LogPlace, alerts: Alert[]): void {
    const { attendedMs, clockMs } = this.clock;
    for (const plan of this.rules.plans.values()) {
      const { compiled } = plan;
      if (compiled.kind === "absence") this.#passSilence(plan, place, alerts);
      if (compiled.resolveAfterMs !== null)
        for (const { key } of plan.resolving.takeUntil(attendedMs - compiled.resolveAfterMs))
          this.#resolveByClock(plan, key, place, "it happened no more", alerts);
      for (const key of plan.silenced) {
        const life = plan.slots.get(key)?.life;
        if (life && life.silencedUntilMs !== null) {
          // Another window may have begun, and an alert that is about to resolve need not fire.
          if (life.silencedUntilMs <= clockMs)
            life.silencedUntilMs = silencedUntil(compiled.silences, clockMs) ?? clockMs;
          if (life.silencedUntilMs > clockMs || life.phase === "clearing") continue;
        }
        plan.silenced.delete(key);
        if (!life) continue;
        life.silencedUntilMs = null;
        const why = `${compiled.says}, since ${new Date(life.sinceMs).toISOString()}`;
        alerts.push(this.#byClock(plan, key, life, "firing", why, place));
      }
    }
  }

  #passSilence(plan: RulePlan, place: LogPlace, alerts: Alert[]): void {
    const { compiled } = plan;
    const { attendedMs } = this.clock;
    if (compiled.kind !== "absence" || plan.disabled !== null) return;
    if (compiled.lostMs !== null)
      for (const { key, touchedAt } of plan.lost.takeUntil(attendedMs - compiled.lostMs))
        this.#fireByClock(plan, { key, touchedAt }, place, "the connection was lost", alerts);
    for (const due of plan.silent.takeUntil(attendedMs - compiled.forMs))
      this.#fireByClock(plan, due, place, compiled.says, alerts);
  }

  #fireByClock(
    plan: RulePlan,
    { key, touchedAt }: { key: string; touchedAt: number },
    place: LogPlace,
    why: string,
    alerts: Alert[],
  ): void {
    plan.silent.stop(key);
    plan.lost.stop(key);
    const { attendedMs, clockMs } = this.clock;
    const slot = plan.open(key, attendedMs);
    const at = { place, timeMs: clockMs };
    if (plan.limited && plan.limitedAt === null) this.#tellOfLimit(plan, at, alerts);
    if (!slot) return void (this.counters.unevaluated += 1);
    const silentMs = attendedMs - touchedAt;
    const life: Life = {
      phase: "firing",
      sinceMs: clockMs - silentMs,
      newestMs: clockMs,
      raisedAt: place,
      clearSinceMs: 0,
      silencedUntilMs: null,
    };
    slot.life = life;
    const cause: Cause = { key, place, atMs: clockMs, receivedAtMs: clockMs, value: silentMs, why };
    this.#fire(plan, life, cause, alerts);
  }

  #resolveByClock(
    plan: RulePlan,
    key: string,
    place: LogPlace,
    why: string,
    alerts: Alert[],
  ): void {
    const slot = plan.slots.get(key);
    if (!slot?.life) return;
    const { clockMs } = this.clock;
    const cause = { key, place, atMs: clockMs, receivedAtMs: clockMs, value: 0, why };
    this.#resolve(plan, slot.life, cause, alerts);
    slot.life = null;
    plan.settle(key, slot);
  }

  #byClock(
    plan: RulePlan,
    key: string,
    life: Life,
    state: Alert["state"],
    why: string,
    place: LogPlace,
  ): Alert {
    const { clockMs } = this.clock;
    const cause: Cause = { key, place, atMs: clockMs, receivedAtMs: clockMs, value: 0, why };
    const alert = makeAlert(this.lane, plan.compiled, life, state, cause);
    return state === "resolved" && plan.silenced.has(key) ? quietly(alert) : alert;
  }

  /** A reading, whatever it says, ends a silence. */
  #alive(
    contract: string,
    key: string,
    { receivedAtMs }: FrameReading,
    place: LogPlace,
    alerts: Alert[],
  ): void {
    const { attendedMs } = this.clock;
    this.presence.seen(contract, key, attendedMs);
    for (const plan of this.rules.absences(contract)) {
      plan.waitFor(key, attendedMs);
      plan.lost.stop(key);
      const slot = plan.slots.size > 0 ? plan.slots.get(key) : undefined;
      if (!slot?.life) continue;
      const why = "it is back";
      const cause: Cause = { key, place, atMs: receivedAtMs, receivedAtMs, value: 0, why };
      this.#resolve(plan, slot.life, cause, alerts);
      slot.life = null;
      plan.settle(key, slot);
    }
  }

  #heard(device: string, payload: FrameReading["payload"], header: FrameHeader): void {
    const what = this.presence.heard(device, payload, header);
    if (what === "lost") return this.#lost(device);
    if (what === "moved") return;
    for (const [, plans] of this.rules.allAbsences)
      for (const plan of plans) plan.lost.stop(device);
  }

  #lost(device: string): void {
    for (const [contract, plans] of this.rules.allAbsences)
      for (const plan of plans)
        if (this.presence.knows(contract, device) && plan.slots.get(device) === undefined)
          plan.lost.touch(device, this.clock.attendedMs);
  }

  /** Alerts for what somebody has acknowledged and is firing. */
  acknowledge(all: Iterable<Acknowledgement>, seq: number): Alert[] {
    const alerts: Alert[] = [];
    for (const { rule, key, id, by, atMs } of all) {
      const plan = this.rules.plans.get(rule);
      const life = plan?.slots.get(key)?.life;
      if (!plan || !life || !isLive(life)) continue;
      if (alertId(rule, key, this.lane, life.raisedAt) !== id) continue;
      const place = { seq, index: BY_PEOPLE };
      const cause = { key, place, atMs, receivedAtMs: atMs, value: 0, why: plan.compiled.says };
      alerts.push({ ...makeAlert(this.lane, plan.compiled, life, "acknowledged", cause), by });
    }
    return alerts;
  }

  /** Rules count their keys lane by lane. */
  #ownKey({ compiled }: RulePlan): string {
    return `${compiled.id}/${this.lane.partition}`;
  }

  #own(plan: RulePlan, rule: OwnRule, { place, timeMs: atMs }: When, message: string): Alert {
    const of = { key: this.#ownKey(plan), raisedAt: place, place, atMs, message };
    return makeOwnAlert(this.lane, rule, "firing", of);
  }

  #disable(plan: RulePlan, why: string, sample: When, alerts: Alert[]): void {
    plan.disabled = { why, at: sample.place };
    const { id, version } = plan.compiled;
    const message = `rule ${id} v${version} is disabled in lane ${this.lane.partition}: ${why}`;
    alerts.push(this.#own(plan, "rule_disabled", sample, message));
  }

  #tellOfLimit(plan: RulePlan, sample: When, alerts: Alert[]): void {
    plan.limitedAt = sample.place;
    const { id } = plan.compiled;
    const message = `rule ${id} forgets the keys that were silent longest: it may not remember more`;
    alerts.push(this.#own(plan, "rule_limited", sample, message));
  }

  /** Keys for which a condition holds, but not yet for long enough. */
  get pending(): number {
    let pending = 0;
    for (const { slots } of this.rules.plans.values())
      for (const { life } of slots.values()) if (life?.phase === "pending") pending += 1;
    return pending;
  }
}

/** Of an alert that never fired outside of a maintenance window: nobody was told, so nobody is. */
const quietly = ({ commands: _, ...alert }: Alert): Alert => ({ ...alert, quiet: true });
