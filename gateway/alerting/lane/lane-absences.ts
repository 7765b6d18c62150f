// Who is missed in a lane (pure): rules that wait for keys, and the connections of devices.
//
// M1. A rule waits for every key that is known and not firing, from its last reading on; a reading, whatever
//     it says, ends an alert. Time is attended time (lane-clock.ts/C2).
// M2. A lost connection counts only for keys that were known before, and until the device is back or one of
//     its readings comes.
import type { FrameHeader, FrameReading } from "../../../contracts/messages/frame.ts";
import {
  type Series,
  parseSeries,
  seriesOf,
  seriesText,
} from "../../../contracts/messages/series.ts";
import type { Expression } from "../../../contracts/rules/expression.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { passes } from "../rules/lane-kind.ts";
import type { Life, LogPlace } from "../rules/lifecycle.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import type { RuleState } from "../rules/rule-state.ts";
import { type LaneAlerts, byClock } from "./lane-alerts.ts";
import type { LaneClock } from "./lane-clock.ts";
import type { LaneCounters } from "./lane-counters.ts";
import { LanePresence } from "./lane-presence.ts";

export class LaneAbsences {
  presence = new LanePresence();
  readonly #rules: RuleSet;
  readonly #alerts: LaneAlerts;
  readonly #counters: LaneCounters;

  constructor(rules: RuleSet, alerts: LaneAlerts, counters: LaneCounters) {
    this.#rules = rules;
    this.#alerts = alerts;
    this.#counters = counters;
  }

  /** Has a new rule wait for the keys that are there already. */
  begin(state: RuleState, { attendedMs }: LaneClock): void {
    if (state.waits === null) return;
    const { contracts, by, where, partitionKey } = state.compiled;
    for (const contract of contracts)
      for (const [text] of this.presence.known(contract)) {
        const series = parseSeries(text);
        if (where === null || hopes(where, series, partitionKey))
          state.waitFor(textBy(series, by), attendedMs);
      }
  }

  /** Before the readings of a frame. */
  beginFrame(header: FrameHeader, clock: LaneClock): void {
    for (const device of this.presence.lostWithEpoch(header)) this.#lost(device, clock);
  }

  /** Takes a presence reading. */
  heard({ device, payload }: FrameReading, header: FrameHeader, clock: LaneClock): void {
    const what = this.presence.heard(device, payload, header);
    if (what === "lost") return this.#lost(device, clock);
    if (what === "moved") return;
    const key = seriesText(device, []);
    for (const [, states] of this.#rules.allAbsences)
      for (const state of states) state.lost.stop(key);
  }

  /** M2. A rule that goes by connections goes by devices, and waits for those that it knows. */
  #lost(device: string, { attendedMs }: LaneClock): void {
    const key = seriesText(device, []);
    for (const [, states] of this.#rules.allAbsences)
      for (const state of states)
        if (state.silent.has(key) && !state.remembers(key)) state.lost.touch(key, attendedMs);
  }

  /** Takes any reading: its series is there. */
  alive(contract: Contract, reading: FrameReading, place: LogPlace, clock: LaneClock): void {
    const { device, payload, receivedAtMs } = reading;
    const { attendedMs } = clock;
    this.presence.seen(contract.name, seriesOf(contract, device, payload), attendedMs);
    const states = this.#rules.absences(contract.name);
    for (let at = 0; at < states.length; at++) {
      const state = states[at]!;
      state.asked += 1;
      const key = seriesOf(contract, device, payload, state.compiled.by);
      if (!this.#isFor(state, key, reading, { place, timeMs: receivedAtMs, attendedMs })) continue;
      state.waitFor(key, attendedMs);
      state.lost.stop(key);
      const slot = state.remembers(key) ? state.slots.get(key) : undefined;
      if (!slot?.life) continue;
      const why = "it is back";
      const cause = { key, place, atMs: receivedAtMs, receivedAtMs, value: 0, why };
      this.#alerts.resolve(state, slot.life, cause);
      slot.life = null;
      state.settle(key, slot);
    }
  }

  /** A reading for which `where` throws is no sign of life, and is told of. */
  #isFor(
    state: RuleState,
    key: string,
    { device, payload }: FrameReading,
    { attendedMs, ...when }: { place: LogPlace; timeMs: number; attendedMs: number },
  ): boolean {
    const { where, usesDevice } = state.compiled;
    if (where === null) return true;
    try {
      return passes(where, usesDevice ? { ...payload, device } : payload);
    } catch (error) {
      this.#counters.failed += 1;
      this.#alerts.fail(state, messageOf(error), { key, ...when }, attendedMs);
      return false;
    }
  }

  /** Fires for the keys of one rule that were waited for long enough. */
  passTime(state: RuleState, place: LogPlace, clock: LaneClock): void {
    const { waits } = state;
    if (waits === null || state.disabled !== null) return;
    const { attendedMs } = clock;
    if (waits.lostMs !== null)
      for (const due of state.lost.takeUntil(attendedMs - waits.lostMs))
        this.#fire(state, due, "the connection was lost", place, clock);
    for (const due of state.silent.takeUntil(attendedMs - waits.silentMs))
      this.#fire(state, due, state.compiled.says, place, clock);
  }

  #fire(
    state: RuleState,
    { key, touchedAt }: { readonly key: string; readonly touchedAt: number },
    why: string,
    place: LogPlace,
    clock: LaneClock,
  ): void {
    state.silent.stop(key);
    state.lost.stop(key);
    const { attendedMs, clockMs } = clock;
    const slot = state.open(key, attendedMs);
    this.#alerts.tellOfLimit(state, { place, timeMs: clockMs });
    if (!slot) return void (this.#counters.unevaluated += 1);
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
    this.#alerts.fire(state, life, byClock(clock, key, place, why, silentMs));
  }
}

const textBy = ({ key, tags }: Series, by: readonly string[]): string =>
  seriesText(
    key,
    tags.filter(([name]) => by.includes(name)),
  );

/** Whether readings of a series may pass, as far as its tags say; where fields decide, one has to come first. */
function hopes(where: Expression, { key, tags }: Series, partitionKey: string): boolean {
  try {
    return passes(where, { [partitionKey]: key, ...Object.fromEntries(tags) });
  } catch {
    return false;
  }
}
