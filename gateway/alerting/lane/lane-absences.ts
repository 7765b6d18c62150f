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
import type { AbsenceGroup, AbsenceRules } from "../rules/absence-rules.ts";
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
    state.boundSilent();
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
    for (const { states } of this.#rules.allAbsences)
      for (const state of states) state.lost.stop(key);
  }

  /** M2. A rule that goes by connections goes by devices, and waits for those that it knows. */
  #lost(device: string, { attendedMs }: LaneClock): void {
    const key = seriesText(device, []);
    for (const { states } of this.#rules.allAbsences)
      for (const state of states)
        if (state.waits!.lostMs !== null && state.silent.has(key) && !state.remembers(key))
          state.lost.touch(key, attendedMs);
  }

  /** Takes any reading: its series is there. */
  alive(contract: Contract, reading: FrameReading, place: LogPlace, clock: LaneClock): void {
    const { device, payload, receivedAtMs } = reading;
    const { attendedMs } = clock;
    this.presence.seen(contract.name, seriesOf(contract, device, payload), attendedMs);
    const rules = this.#rules.absences(contract.name);
    if (!rules) return;
    rules.asked.readings += 1;
    for (let at = 0; at < rules.groups.length; at++) {
      const group = rules.groups[at]!;
      group.key = seriesOf(contract, device, payload, group.by);
      const isHeard = isSignOfLife(group, reading);
      if (group.thrown !== null) rules.concerned.addAll(group.places);
      if (isHeard) hear(rules, group, attendedMs);
    }
    for (const at of rules.concerned.take()) {
      const state = rules.states[at]!;
      const { key, thrown } = rules.groupOf.get(state)!;
      const slot = state.slots.get(key);
      if (thrown !== null) {
        this.#counters.failed += 1;
        this.#alerts.fail(state, thrown, { key, place, timeMs: receivedAtMs }, attendedMs);
      } else if (slot?.life) {
        const why = "it is back";
        const cause = { key, place, atMs: receivedAtMs, receivedAtMs, value: 0, why };
        this.#alerts.resolve(state, slot.life, cause);
        slot.life = null;
        state.settle(key, slot);
      }
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

/** False if the reading is none for the rules; a `where` that throws is told of. */
function isSignOfLife(group: AbsenceGroup, { device, payload }: FrameReading): boolean {
  const { where, usesDevice } = group;
  group.thrown = null;
  if (where === null) return true;
  try {
    if (passes(where, usesDevice ? { ...payload, device } : payload)) return true;
  } catch (error) {
    group.thrown = messageOf(error);
  }
  return false;
}

/** Has the rules of a group wait for the key anew, and marks those that may have missed it. */
function hear(rules: AbsenceRules, group: AbsenceGroup, attendedMs: number): void {
  const { key, states, withLost, remembering } = group;
  if (states[0]!.silent.hear(key, attendedMs)) for (const state of states) state.boundSilent();
  for (let at = 0; at < withLost.length; at++) withLost[at]!.lost.stop(key);
  for (const state of remembering.of(key) ?? [])
    if (rules.groupOf.get(state) === group) rules.concerned.add(rules.placeOf.get(state)!);
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
