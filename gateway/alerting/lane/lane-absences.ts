// Who is missed in a lane (pure): rules that wait for keys, and the connections of devices.
//
// M1. A rule waits for every key that is known and not firing, from its last reading on; a reading, whatever
//     it says, ends an alert. Time is attended time (lane-clock.ts/C2).
// M2. A lost connection counts only for keys that were known before, and until the device is back or one of
//     its readings comes.
import type { FrameHeader, FrameReading } from "../../../contracts/messages/frame.ts";
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
    for (const contract of state.compiled.contracts)
      for (const [key] of this.presence.known(contract)) state.waitFor(key, attendedMs);
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
    for (const [, states] of this.#rules.allAbsences)
      for (const state of states) state.lost.stop(device);
  }

  #lost(device: string, { attendedMs }: LaneClock): void {
    for (const [contract, states] of this.#rules.allAbsences)
      for (const state of states)
        if (this.presence.knows(contract, device) && !state.remembers(device))
          state.lost.touch(device, attendedMs); // M2
  }

  /** Takes any reading: its key is there. */
  alive(
    contract: string,
    key: string,
    { receivedAtMs }: FrameReading,
    place: LogPlace,
    { attendedMs }: LaneClock,
  ): void {
    this.presence.seen(contract, key, attendedMs);
    const states = this.#rules.absences(contract);
    for (let at = 0; at < states.length; at++) {
      const state = states[at]!;
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
