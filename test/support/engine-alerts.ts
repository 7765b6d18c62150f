// The alerts that the engine raises over a log, killed and restored from its last snapshot on the way.
import { compileRule } from "../../contracts/rules/compile-rule.ts";
import type { LaneId } from "../../contracts/names/subjects.ts";
import type { Rule } from "../../contracts/rules/rule.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { LaneRules } from "../../gateway/alerting/lane/lane-rules.ts";
import { restoreSnapshot, takeSnapshot } from "../../gateway/alerting/state/lane-snapshot.ts";
import { EMPTY_LANE, judgeFrame } from "../../platform/nats/lanes/lane.ts";
import { STILL } from "./lane-frames.ts";
import type { ExpectedAlert, LoggedFrame } from "./reference-evaluator.ts";

/** @param crashes places of frames before which it is killed and comes back. */
export function engineAlerts(
  frames: readonly LoggedFrame[],
  crashes: ReadonlySet<number>,
  { rules: wanted, catalog, lane }: { rules: readonly Rule[]; catalog: Catalog; lane: LaneId },
): ExpectedAlert[] {
  const compiled = wanted.map((rule) => compileRule(rule, catalog));
  const parts = { lane, catalog, stopwatch: STILL };
  let rules = new LaneRules(lane, catalog, parts.stopwatch);
  rules.update(compiled, 0);
  let saved = { at: 0, state: EMPTY_LANE, snapshot: takeSnapshot(rules) };
  let state = EMPTY_LANE;
  const stored = new Map<string, Omit<ExpectedAlert, "late"> & { late?: true }>();
  const crashed = new Set<number>();
  for (let at = 0; at < frames.length; at++) {
    if (crashes.has(at) && !crashed.has(at)) {
      crashed.add(at);
      rules = restoreSnapshot(saved.snapshot, parts);
      rules.update(compiled, saved.at);
      [at, state] = [saved.at, saved.state];
    }
    const frame = frames[at]!;
    const verdict = judgeFrame(state, frame.header, frame.storeMs);
    if (verdict.kind !== "new") throw new Error("a frame of the test is not new");
    for (const alert of rules.applyFrame(frame, frame.seq, verdict.state))
      stored.set(`${alert.id} ${alert.state} ${alert.seq}`, alert as never);
    state = verdict.state;
    if (at % 3 === 2) saved = { at: at + 1, state, snapshot: takeSnapshot(rules) };
  }
  return [...stored.values()]
    .filter(({ rule }) => rule !== "rule_error")
    .map(({ id, rule, key, state, seq, late }) => ({
      ...{ id, rule, key, state, seq },
      late: late === true,
    }));
}

/** Alerts as text, in an order of their own. */
export const sortedAlerts = (alerts: readonly ExpectedAlert[]): string[] =>
  alerts
    .map((alert) => JSON.stringify(alert, ["seq", "rule", "key", "state", "late", "id"]))
    .sort();
