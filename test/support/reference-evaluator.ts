// What the rules of a lane should raise, as plainly as it can be said: the engine is held against this
// (test/unit/gateway/alerting/lane/reference-evaluator.test.ts, npm run prove). The kinds of rules are in
// reference-kinds.ts.
//
// Everything is looked up anew in what the lane held until then. Shared with the engine are only things
// with tests of their own: frames, the lane's watermark, expressions, contracts.
import { createHash } from "node:crypto";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { type CompiledRule, compileRule } from "../../contracts/rules/compile-rule.ts";
import type { Frame, FrameReading } from "../../contracts/messages/frame.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import { seriesOf } from "../../contracts/messages/series.ts";
import type { Rule } from "../../contracts/rules/rule.ts";
import { SilenceWindow } from "../../contracts/rules/silence.ts";
import { type LaneId, laneName } from "../../contracts/names/subjects.ts";
import { EMPTY_LANE, LATENESS_MS, judgeFrame } from "../../platform/nats/lanes/lane.ts";
import {
  type Entry,
  type Place,
  type Said,
  drain,
  isFor,
  newestThatCounts,
  reachOf,
  say,
  waitsOf,
} from "./reference-kinds.ts";

export interface LoggedFrame extends Frame {
  readonly seq: number;
  readonly storeMs: number;
}

/** One alert that should be in the region's stream. */
export interface ExpectedAlert {
  readonly id: string;
  readonly rule: string;
  readonly key: string;
  readonly state: "firing" | "silenced" | "resolved";
  readonly seq: number;
  readonly late: boolean;
}

const DRAIN_EVERY_MS = 1_000;
const LATE_QUIET_MS = 600_000;
const BY_CLOCK = 2 ** 31;
const STEP_MS_MAX = 3_000;

/** Readings that are kept beyond those that matter: looking for them takes time as well. */
const SLACK = 200;

/** One rule and key, and either what is or what came late. */
class Tracker {
  readonly rule: CompiledRule;
  readonly key: string;
  readonly isLate: boolean;
  readonly #lane: LaneId;
  readonly #out: ExpectedAlert[];
  #history: Entry[] = [];
  #keep = SLACK;
  #spent: Entry | null = null;
  /** When the condition began that holds without a break, or since when it is cleared without one. */
  #since: { timeMs: number; place: Place } | null = null;
  /** The newest event time of the alert's life. */
  #newestMs = Number.NEGATIVE_INFINITY;
  #firing: { raisedAt: Place; until: number | null } | null = null;
  #heldAt = 0;
  /** When the window was looked at last. */
  #lookedAt = 0;
  #heardAt = 0;
  aliveAt: number | null = null;
  lostAt: number | null = null;

  constructor(
    { rule, key, isLate }: Pick<Tracker, "rule" | "key" | "isLate">,
    lane: LaneId,
    out: ExpectedAlert[],
  ) {
    this.rule = rule;
    this.key = key;
    this.isLate = isLate;
    this.#lane = lane;
    this.#out = out;
  }

  get isFiring(): boolean {
    return this.#firing !== null;
  }

  #tell(state: ExpectedAlert["state"], raisedAt: Place, { seq }: Place): void {
    const { rule, key, isLate: late } = this;
    const parts = [rule.id, key, laneName(this.#lane), raisedAt.seq, raisedAt.index];
    const id = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
    this.#out.push({ id, rule: rule.id, key, state, seq, late });
  }

  fire(raisedAt: Place, timeMs: number, place: Place): void {
    const ends = (this.rule.rule.silences ?? []).map((one) => SilenceWindow.of(one).endAt(timeMs));
    const until = Math.max(...ends.map((end) => end ?? Number.NEGATIVE_INFINITY));
    this.#firing = { raisedAt, until: until > timeMs ? until : null };
    this.#since = null;
    this.#tell(until > timeMs ? "silenced" : "firing", raisedAt, place);
  }

  resolve(place: Place): void {
    this.#tell("resolved", this.#firing!.raisedAt, place);
    [this.#firing, this.#since, this.#newestMs] = [null, null, Number.NEGATIVE_INFINITY];
  }

  take(entry: Entry): void {
    this.#history.push(entry);
    this.#heardAt = entry.attended;
    let said: Said | null = null;
    try {
      said = say(this.rule, this.#history, this.#spent);
    } catch {
      // What cannot be evaluated says nothing.
    }
    if (said) this.#hear(said, entry);
    if (this.#history.length > this.#keep) this.#forget();
  }

  #hear({ holds, cleared, began, isSpent }: Said, entry: Entry): void {
    const { forMs, clearForMs } = this.rule;
    if (isSpent) this.#spent = entry;
    this.#newestMs = Math.max(this.#newestMs, entry.timeMs);
    if (!(this.#firing ? cleared : holds)) {
      this.#since = null;
      if (!this.#firing) this.#newestMs = Number.NEGATIVE_INFINITY;
    } else if (this.#firing) {
      this.#since ??= { timeMs: this.#newestMs, place: entry };
      if (this.#newestMs - this.#since.timeMs >= clearForMs) this.resolve(entry);
    } else {
      this.#since ??= { timeMs: began.timeMs, place: began };
      const { place, timeMs } = this.#since;
      if (this.#newestMs - timeMs >= forMs)
        this.fire({ seq: place.seq, index: place.index }, entry.timeMs, entry);
    }
    if (holds) this.#heldAt = entry.attended;
    this.#lookedAt = entry.attended;
    if (this.isLate && holds) this.#endLateSilence(entry);
  }

  #endLateSilence(entry: Entry): void {
    const { until, raisedAt } = this.#firing ?? {};
    if (!raisedAt || typeof until !== "number" || entry.timeMs < until) return;
    const next = this.#silentUntil(entry.timeMs);
    this.#firing = { raisedAt, until: next };
    if (next === null) this.#tell("firing", raisedAt, entry);
  }

  #silentUntil(timeMs: number): number | null {
    const ends = (this.rule.rule.silences ?? []).map((one) => SilenceWindow.of(one).endAt(timeMs));
    const until = Math.max(...ends.map((end) => end ?? Number.NEGATIVE_INFINITY));
    return until > timeMs ? until : null;
  }

  /** The window moves on by the clock; only a reading makes an alert fire. */
  #drain(attended: number, place: Place): void {
    if (!this.#firing && this.#since === null) return;
    if (attended - this.#lookedAt < DRAIN_EVERY_MS) return;
    this.#lookedAt = attended;
    let said: ReturnType<typeof drain> = null;
    try {
      said = drain(this.rule, this.#history, attended);
    } catch {
      // What cannot be evaluated says nothing.
    }
    if (!said) return;
    const { holds, cleared, nowMs } = said;
    if (!this.#firing) {
      if (!holds) [this.#since, this.#newestMs] = [null, Number.NEGATIVE_INFINITY];
      return;
    }
    this.#newestMs = Math.max(this.#newestMs, nowMs);
    if (!cleared) this.#since = null;
    else {
      this.#since ??= { timeMs: this.#newestMs, place };
      if (this.#newestMs - this.#since.timeMs >= this.rule.clearForMs) this.resolve(place);
    }
  }

  /** Nothing more came late of the key. */
  #passLate(attended: number, place: Place): void {
    if (attended - this.#heardAt < LATE_QUIET_MS) return;
    if (this.#firing) this.resolve(place);
    [this.#history, this.#since, this.#spent] = [[], null, null];
  }

  /** What no reading to come can look at: too long before the newest, and not the last with some field. */
  #forget(): void {
    const history = this.#history;
    const newest = Math.max(...history.map(({ timeMs }) => timeMs));
    const matters = Math.min(newest, newestThatCounts(this.rule, history)) - reachOf(this.rule);
    const fields = history.flatMap((one) =>
      Object.keys(one.values).map((field) => [`${one.contract}\n${field}`, one] as const),
    );
    const last = new Set(new Map(fields).values());
    this.#history = history.filter(
      (one) =>
        one.timeMs >= matters || one.timeMs === newest || last.has(one) || one === this.#spent,
    );
    this.#keep = this.#history.length + SLACK;
  }

  /** After each frame. */
  pass(attended: number, clockMs: number, place: Place): void {
    const { rule } = this;
    if (this.isLate) return this.#passLate(attended, place);
    this.#drain(attended, place);
    const waits = waitsOf(rule);
    if (waits !== null && !this.#firing) {
      const { silentMs, lostMs } = waits;
      const isLost = lostMs !== null && this.lostAt !== null && attended - this.lostAt >= lostMs;
      const isSilent = this.aliveAt !== null && attended - this.aliveAt >= silentMs;
      if (isLost || isSilent) {
        this.lostAt = null;
        this.fire(place, clockMs, place);
        return;
      }
    }
    if (!this.#firing) return;
    if (rule.resolveAfterMs !== null && attended - this.#heldAt >= rule.resolveAfterMs)
      return this.resolve(place);
    const { until, raisedAt } = this.#firing;
    if (until === null || until > clockMs) return;
    const ends = (rule.rule.silences ?? []).map((one) => SilenceWindow.of(one).endAt(clockMs));
    const next = Math.max(...ends.map((end) => end ?? Number.NEGATIVE_INFINITY));
    if (next > clockMs) return void (this.#firing = { raisedAt, until: next });
    if (this.#since !== null) return;
    this.#firing = { raisedAt, until: null };
    this.#tell("firing", raisedAt, place);
  }
}

/** Every alert of a lane, the rules being there from its beginning. */
export function referenceAlerts(
  frames: readonly LoggedFrame[],
  rules: readonly Rule[],
  { lane, catalog }: { lane: LaneId; catalog: Catalog },
): ExpectedAlert[] {
  const out: ExpectedAlert[] = [];
  const compiled = rules.map((rule) => compileRule(rule, catalog));
  const trackers = new Map<string, Tracker>();
  const trackerOf = (rule: CompiledRule, key: string, isLate = false): Tracker => {
    const name = `${rule.id}\n${key}\n${isLate}`;
    if (!trackers.has(name)) trackers.set(name, new Tracker({ rule, key, isLate }, lane, out));
    return trackers.get(name)!;
  };
  const identities = new Set<string>();
  const online = new Map<string, string>();
  const epochs = new Set<string>();
  let [state, clockMs, attended] = [EMPTY_LANE, 0, 0];
  const lose = (device: string): void => {
    for (const tracker of trackers.values())
      if (waitsOf(tracker.rule) !== null && tracker.key === device && !tracker.isFiring)
        tracker.lostAt = attended;
  };
  const read = (reading: FrameReading, header: LoggedFrame["header"], place: Place): void => {
    const contract = catalog.get(reading.contract, reading.version)!;
    const { device, payload, receivedAtMs } = reading;
    const seriesBy = ({ by }: CompiledRule): string => seriesOf(contract, device, payload, by);
    if (contract.name === "presence") {
      const isOnline = payload["state"] === "online";
      const before = online.get(device);
      const hasMoved =
        !isOnline && before !== undefined && !before.startsWith(`${header.gateway}\n`);
      if (isOnline) online.set(device, `${header.gateway}\n${header.epoch}`);
      else if (!hasMoved) online.delete(device);
      const isOrderly = ["disconnect", "taken_over"].includes(payload["reason"] as string);
      if (isOnline || (isOrderly && !hasMoved)) {
        for (const one of trackers.values()) if (one.key === device) one.lostAt = null;
      } else if (!hasMoved) lose(device);
    }
    for (const rule of compiled) {
      if (waitsOf(rule) === null || rule.contracts[0] !== contract.name) continue;
      if (!isFor(rule, { ...payload, device })) continue;
      const tracker = trackerOf(rule, seriesBy(rule));
      if (tracker.isFiring) tracker.resolve(place);
      [tracker.aliveAt, tracker.lostAt] = [attended, null];
    }
    const timeMs = Math.min(eventTimeMs(contract, payload, receivedAtMs), receivedAtMs);
    const isTimed = payload[contract.timeProperty ?? ""] !== undefined;
    if (contract.identity === "sequence" || (contract.identity === "time" && isTimed)) {
      const said = contract.content.map(({ name }) => payload[name] ?? null);
      const instant = isTimed ? eventTimeMs(contract, payload, receivedAtMs) : null;
      const known = JSON.stringify([contract.name, device, instant, said]);
      if (identities.has(known)) return;
      identities.add(known);
    }
    const values = { ...payload, device };
    const lateMs = receivedAtMs - timeMs;
    const sinceFrameMs = Math.min(Math.max(0, receivedAtMs - clockMs), STEP_MS_MAX);
    const arrivedAt = clockMs === 0 ? attended : attended + sinceFrameMs;
    const at = { ...place, timeMs, lateMs, arrivedAt, attended };
    const entry: Entry = { ...at, contract: contract.name, values };
    for (const rule of compiled)
      if (rule.contracts.includes(contract.name))
        trackerOf(rule, seriesBy(rule), lateMs > rule.lateAfterMs).take(entry);
  };
  for (const { seq, storeMs, header, readings } of frames) {
    const verdict = judgeFrame(state, header, storeMs);
    if (verdict.kind === "repeated") continue;
    if (verdict.kind === "hole") throw new Error("the log has a hole");
    const isNewEpoch = !epochs.has(`${header.gateway} ${header.epoch}`);
    epochs.add(`${header.gateway} ${header.epoch}`);
    for (const [device, of] of isNewEpoch ? online : []) {
      const [gateway, epoch] = of.split("\n");
      if (gateway !== header.gateway || epoch === header.epoch) continue;
      online.delete(device);
      lose(device);
    }
    readings.forEach((reading, index) => read(reading, header, { seq, index }));
    state = verdict.state;
    const now = state.watermarkMs + LATENESS_MS;
    if (state.watermarkMs > 0 && now > clockMs) {
      attended += clockMs === 0 ? 0 : Math.min(now - clockMs, STEP_MS_MAX);
      clockMs = now;
    }
    for (const tracker of trackers.values())
      tracker.pass(attended, clockMs, { seq, index: BY_CLOCK });
  }
  return out;
}
