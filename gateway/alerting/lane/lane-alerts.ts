// The alerts that a lane's rules raise, made here and kept until the frame is done (pure).
//
// G1. An alert that fires in a maintenance window is silenced. If it resolves before the window ends, nobody
//     was told that it began, so nobody is told that it ended, and no command goes out.
// G2. What the engine says about a rule of its own (disabled, limited) is an alert with the rule's id and the
//     partition as its key: rules count their keys lane by lane. What it says about a rule and one key has both
//     as its key.
// G3. An alert that cannot be evaluated any more stays as it was, and what says so names it (`marks`).
import type { Acknowledgement, Alert } from "../../../contracts/messages/alert.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { silencedUntil } from "../../../contracts/rules/silence.ts";
import type { Life, LogPlace } from "../rules/lifecycle.ts";
import { type Cause, type OwnRule, alertId, makeAlert, makeOwnAlert } from "../rules/make-alert.ts";
import type { RuleState } from "../rules/rule-state.ts";
import type { LaneClock } from "./lane-clock.ts";

/** The place in the log, and the time. */
interface When {
  readonly place: LogPlace;
  readonly timeMs: number;
}

export class LaneAlerts {
  readonly #lane: LaneId;
  #raised: Alert[] = [];

  constructor(lane: LaneId) {
    this.#lane = lane;
  }

  /** The alerts since the last call, in the order in which they came about. */
  take(): Alert[] {
    const raised = this.#raised;
    this.#raised = [];
    return raised;
  }

  fire(state: RuleState, life: Life, cause: Cause): void {
    life.silencedUntilMs = silencedUntil(state.compiled.silences, cause.atMs);
    const isSilenced = life.silencedUntilMs !== null;
    if (isSilenced) state.silenced.add(cause.key);
    this.#raise(state, life, isSilenced ? "silenced" : "firing", cause);
  }

  /** The maintenance window is over that the alert fired in. */
  fireAfterSilence(state: RuleState, life: Life, cause: Cause): void {
    life.silencedUntilMs = null;
    this.#raise(state, life, "firing", cause);
  }

  /** @param life as it was until now. */
  resolve(state: RuleState, life: Life, cause: Cause): void {
    const isQuiet = state.silenced.delete(cause.key); // G1
    state.resolving.stop(cause.key);
    const alert = makeAlert(this.#lane, state.compiled, life, "resolved", cause, state.isLate);
    this.#raised.push(isQuiet ? quietly(alert) : alert);
  }

  /** @param acknowledgement counts only if it is about this very alert, and none that the key had before. */
  acknowledge(
    state: RuleState,
    life: Life,
    acknowledgement: Acknowledgement,
    place: LogPlace,
  ): void {
    const { key, id, by, atMs } = acknowledgement;
    if (alertId(state.id, key, this.#lane, life.raisedAt) !== id) return;
    const cause = { key, place, atMs, receivedAtMs: atMs, value: 0, why: state.compiled.says };
    const alert = makeAlert(this.#lane, state.compiled, life, "acknowledged", cause, state.isLate);
    this.#raised.push({ ...alert, by });
  }

  #raise(state: RuleState, life: Life, as: "firing" | "silenced", cause: Cause): void {
    this.#raised.push(makeAlert(this.#lane, state.compiled, life, as, cause, state.isLate));
  }

  /** Nothing would ever end what it raised, so that ends now. */
  disable(state: RuleState, why: string, when: When): void {
    state.disabled = { why, at: when.place };
    const { id, version } = state.compiled;
    const message = `rule ${id} v${version} is disabled in lane ${this.#lane.partition}: ${why}`;
    this.#raiseOwn("rule_disabled", state, when, message);
    for (const each of [state, state.late]) {
      if (!each) continue;
      this.#resolveAll(each, "the rule is disabled", when);
      each.slots.clear();
    }
  }

  /** Says once of a rule and key that an evaluation threw. @param state the late one, if that did. */
  fail(
    state: RuleState,
    why: string,
    when: When & { readonly key: string },
    attendedMs: number,
  ): void {
    const { main } = state;
    const { key, place, timeMs: atMs } = when;
    if (!main.errors.add(key, why, place, attendedMs)) return;
    const { id, version } = main.compiled;
    const life = main.isLive(key) ? main.slots.get(key)!.life! : null;
    const stays = life ? "; the alert that it has stays as it was" : "";
    const message = `rule ${id} v${version} cannot be evaluated for ${key}: ${why}${stays}`;
    const of = { key: `${id}/${key}`, raisedAt: place, place, atMs, message };
    const alert = makeOwnAlert(this.#lane, "rule_error", "firing", { ...of, severity: "warning" });
    const marks = life && alertId(id, key, this.#lane, life.raisedAt);
    this.#raised.push(marks === null ? alert : { ...alert, marks }); // G3
  }

  /** Ends what was said of keys that made no error for a while. */
  endErrors(state: RuleState, { place, timeMs }: When, attendedMs: number): void {
    for (const [key, error] of state.errors.takeQuiet(attendedMs))
      this.#endError(state, key, error.at, { place, timeMs }, "no reading made an error any more");
  }

  #endError({ id }: RuleState, key: string, raisedAt: LogPlace, when: When, why: string): void {
    const message = `rule ${id} for ${key}: ${why}`;
    const of = { key: `${id}/${key}`, raisedAt, place: when.place, atMs: when.timeMs, message };
    this.#raised.push(
      makeOwnAlert(this.#lane, "rule_error", "resolved", { ...of, severity: "warning" }),
    );
  }

  /** Says once of a rule that it had to forget something. */
  tellOfLimit(state: RuleState, when: When): void {
    if (!state.limited || state.limitedAt !== null) return;
    state.limitedAt = when.place;
    const message = `rule ${state.id} forgets the keys that were silent longest: it may not remember more`;
    this.#raiseOwn("rule_limited", state, when, message);
  }

  /** Resolves whatever is open of a rule that is no more, or is another one now. */
  end(state: RuleState, why: string, when: When): void {
    const { place, timeMs: atMs } = when;
    if (state.late) this.end(state.late, why, when);
    this.#resolveAll(state, why, when);
    for (const [key, { at }] of state.errors.byKey) this.#endError(state, key, at, when, why);
    const endOwn = (rule: OwnRule, raisedAt: LogPlace): void => {
      const key = this.#ownKey(state, raisedAt);
      const of = { key, raisedAt, place, atMs, message: `${state.id}: ${why}` };
      this.#raised.push(makeOwnAlert(this.#lane, rule, "resolved", of));
    };
    if (state.disabled) endOwn("rule_disabled", state.disabled.at);
    if (state.limitedAt) endOwn("rule_limited", state.limitedAt);
  }

  #resolveAll(state: RuleState, why: string, { place, timeMs: atMs }: When): void {
    const cause = { place, atMs, receivedAtMs: atMs, value: 0, why };
    for (const [key, { life }] of state.slots)
      if (life && state.isLive(key)) this.resolve(state, life, { key, ...cause });
  }

  #raiseOwn(rule: OwnRule, state: RuleState, { place, timeMs: atMs }: When, message: string): void {
    const of = { key: this.#ownKey(state, place), raisedAt: place, place, atMs, message };
    this.#raised.push(makeOwnAlert(this.#lane, rule, "firing", of));
  }

  /** G2. */
  #ownKey({ id, isLate }: RuleState, { lane = this.#lane.partition }: LogPlace): string {
    return `${id}/${lane}${isLate ? "/late" : ""}`;
  }
}

/** The cause of what the lane's clock decides. */
export const byClock = (
  { clockMs }: LaneClock,
  key: string,
  place: LogPlace,
  why: string,
  value = 0,
): Cause => ({ key, place, atMs: clockMs, receivedAtMs: clockMs, value, why });

const quietly = ({ commands: _, ...alert }: Alert): Alert => ({ ...alert, quiet: true });
