// The choice of the message that is told next (pure: the clock is handed in).
//
// B1. The most severe goes first, then the oldest. It is chosen anew before each message, so that what
//     came meanwhile is counted in.
// B2. What waits of one rule and key is told together: whatever was over while it waited costs no message of
//     its own, however often it came and went.
// B3. Over the rate limit nothing is dropped: alerts wait, and if more than `DIGEST_OVER` lines would have
//     to, one digest tells up to `BATCH_MAX` alerts. The few that are more severe than all others go ahead of it.
// B4. What others went ahead of for long is told with the next digest, whatever else comes.
import type { MessagePlan, PlacedAlert } from "./message.ts";
import { isLate, rankOf, storyKey } from "./story.ts";

/** Alerts of one message. */
export const BATCH_MAX = 200;
/** Lines that may wait for the rate limit, each for its own message. */
export const DIGEST_OVER = 20;
/** More severe ones go ahead of an alert for so long, at most. */
const OVERTAKEN_MS = 300_000;

/** An alert that waits; times are of a clock that never goes back. */
export interface Candidate extends PlacedAlert {
  readonly arrivedMs: number;
  /** It may be told from then on: its group is gathered. */
  readonly dueMs: number;
  /** An attempt has failed; the next one is not before this. */
  readonly notBeforeMs: number;
}

export interface PlanTerms {
  readonly grouped: boolean;
  /** Messages that the rate limit allows now, at least one. */
  readonly tokens: number;
  readonly nowMs: number;
  /** So much was told ahead of the oldest that it has to be told now, or given up. */
  readonly catchUp: boolean;
}

/** How severe the foremost alert is that may be told, and since when it waits. */
export interface Urgency {
  readonly rank: number;
  readonly arrivedMs: number;
}

/** Alerts that are told together. */
interface Unit {
  readonly kind: "story" | "late" | "group";
  readonly alerts: Candidate[];
  lines: number;
  rank: number;
}

/** @param waiting in the order of the stream. @returns null if nothing may be told yet. */
export function planNext(waiting: readonly Candidate[], terms: PlanTerms): MessagePlan | null {
  const { nowMs, tokens } = terms;
  const ready = readyUnits(waiting, terms);
  const [first] = ready;
  if (!first) return null;
  const oldest = oldestOf(ready);
  if (terms.catchUp) return planOf(oldest); // B4
  if (oldest !== first && nowMs - oldest.alerts[0]!.arrivedMs > OVERTAKEN_MS)
    return digestOf([oldest, ...ready.filter((unit) => unit !== oldest)]); // B4
  const late = ready.slice(tokens).reduce((sum, { lines }) => sum + lines, 0);
  if (late <= DIGEST_OVER) return planOf(first);
  const foremost = ready.filter(({ rank }) => rank === first.rank).length;
  return foremost <= tokens && foremost < ready.length ? planOf(first) : digestOf(ready); // B3
}

/** How severe and how old the foremost is that may be told now; null if there is none. */
export function urgencyOf(
  waiting: readonly Candidate[],
  terms: Omit<PlanTerms, "tokens">,
): Urgency | null {
  const [first] = readyUnits(waiting, terms);
  return first ? { rank: first.rank, arrivedMs: first.alerts[0]!.arrivedMs } : null;
}

/** When there is something to tell, if nothing else comes: on the clock of the candidates. */
export function readyAtMs(
  waiting: readonly Candidate[],
  { grouped, catchUp }: Pick<PlanTerms, "grouped" | "catchUp">,
): number {
  const isFull = waiting.length >= BATCH_MAX;
  const times = unitsOf(waiting, grouped).map((unit) => (catchUp ? 0 : unitReadyMs(unit, isFull)));
  return Math.min(Infinity, ...times);
}

/** The most severe first, then the oldest, B1. */
function readyUnits(
  waiting: readonly Candidate[],
  { grouped, nowMs, catchUp }: Omit<PlanTerms, "tokens">,
): Unit[] {
  const isFull = waiting.length >= BATCH_MAX;
  return unitsOf(waiting, grouped)
    .filter((unit) => catchUp || unitReadyMs(unit, isFull) <= nowMs)
    .sort((a, b) => b.rank - a.rank || a.alerts[0]!.seq - b.alerts[0]!.seq);
}

const oldestOf = (units: readonly Unit[]): Unit =>
  units.reduce((a, b) => (a.alerts[0]!.seq <= b.alerts[0]!.seq ? a : b));

/** A full queue gathers no more; what failed waits for its next attempt in any case. */
function unitReadyMs({ alerts }: Unit, isFull: boolean): number {
  let dueMs = isFull ? 0 : Infinity;
  let notBeforeMs = 0;
  for (const one of alerts) {
    dueMs = Math.min(dueMs, one.dueMs);
    notBeforeMs = Math.max(notBeforeMs, one.notBeforeMs);
  }
  return Math.max(dueMs, notBeforeMs);
}

/** B2. */
function unitsOf(waiting: readonly Candidate[], grouped: boolean): Unit[] {
  const stories = new Map<string, Candidate[]>();
  for (const one of waiting) {
    const key = storyKey(one.alert);
    const steps = stories.get(key);
    if (!steps) stories.set(key, [one]);
    else if (steps.length < BATCH_MAX) steps.push(one);
  }
  const units = new Map<string, Unit>();
  for (const [story, steps] of stories) {
    const { rule, state } = steps.at(-1)!.alert;
    const kind = isLate(steps[0]!.alert) ? "late" : grouped ? "group" : "story";
    const key = kind === "late" ? rule : kind === "group" ? `${rule}\n${state}` : story;
    const rank = steps.reduce((most, { alert }) => Math.max(most, rankOf(alert)), -1);
    const unit = units.get(`${kind}\n${key}`);
    if (!unit) units.set(`${kind}\n${key}`, { kind, alerts: steps, lines: 1, rank });
    else if (unit.alerts.length + steps.length <= BATCH_MAX) {
      unit.alerts.push(...steps);
      unit.lines += 1;
      unit.rank = Math.max(unit.rank, rank);
    }
  }
  for (const { alerts } of units.values()) alerts.sort((a, b) => a.seq - b.seq);
  return [...units.values()];
}

function planOf({ kind, alerts }: Unit): MessagePlan {
  const seqs = alerts.map(({ seq }) => seq);
  if (kind === "group") return { kind, seqs };
  if (seqs.length === 1) return { kind: "single", seqs };
  return { kind: kind === "late" ? "late" : "merged", seqs };
}

/** Whole units as far as there is room; the first always has. */
function digestOf(units: readonly Unit[]): MessagePlan {
  const [first] = units;
  const taken: Candidate[] = [];
  let count = 0;
  for (const { alerts } of units) {
    if (taken.length + alerts.length > BATCH_MAX) break;
    taken.push(...alerts);
    count += 1;
  }
  if (count === 1) return planOf(first!);
  return { kind: "digest", seqs: taken.map(({ seq }) => seq).sort((a, b) => a - b) };
}
