import { describe, expect, test } from "vitest";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import {
  restoreSnapshot,
  takeSnapshot,
} from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import { STILL, brief } from "../../../../support/lane-frames.ts";
import { START_MS, catalog, high, lane, room } from "../../../../support/room-lane.ts";

describe("a condition that throws", () => {
  const bad = { ...high("bad"), when: "90000 / int(co2) > 50", clear: "co2 > 3000" };

  test("concerns the key and the reading alone: other keys, other rules and the next reading go on", () => {
    const under = lane(high("a"), bad);
    const alerts = under.frame(
      START_MS,
      room("evil", 0),
      room("r", 2_000),
      room("r", 1_000),
      room("evil", 1_000),
    );
    expect(brief(alerts)).toEqual([
      "rule_error bad/evil firing",
      "a r firing",
      "a r resolved",
      "bad r firing",
      "bad evil firing",
    ]);
    expect(alerts[0]!.message).toMatch(
      /rule bad v1 cannot be evaluated for evil: .*division by zero/,
    );
    expect(under.rules.rules.states.get("bad")!.disabled).toBeNull();
  });

  test("is counted by rule and key and told of once, and names the alert that stays as it was", () => {
    const under = lane(bad);
    const [fired] = under.frame(START_MS, room("r", 1_000));
    const told = under.frame(START_MS + 1_000, room("r", 0), room("r", 0), room("r", 0));
    expect(told).toMatchObject([
      { rule: "rule_error", key: "bad/r", state: "firing", marks: fired!.id, severity: "warning" },
    ]);
    expect(under.rules.counters.failed).toBe(3);
    expect(under.rules.rules.states.get("bad")!.errors.byKey.get("r")!.readings).toBe(3);
    expect(brief(under.frame(START_MS + 2_000, room("r", 4_000)))).toEqual(["bad r resolved"]);
  });

  test("is over after ten minutes without one, also over a restart, and with the rule's next version", () => {
    let under = lane(bad);
    under.frame(START_MS, room("r", 0), room("s", 0));
    const parts = { lane: under.rules.lane, catalog, stopwatch: STILL };
    const restored = restoreSnapshot(takeSnapshot(under.rules), parts);
    expect(takeSnapshot(restored)).toEqual(takeSnapshot(under.rules));
    const alerts: string[] = [];
    for (let at = 1; at <= 602; at++)
      alerts.push(
        ...brief(under.frame(START_MS + at * 1_000, ...(at === 300 ? [room("s", 0)] : []))),
      );
    expect(alerts).toEqual(["rule_error bad/r resolved"]);
    const ended = under.setRules(parseRules([{ ...bad, version: 2, when: "co2 > 1" }]));
    expect(brief(ended)).toEqual(["rule_error bad/s resolved"]);
    under = lane(bad);
    expect(brief(under.frame(START_MS, room("s", 0)))).toEqual(["rule_error bad/s firing"]);
  });

  test("ten thousand keys of errors are a thousand alerts, and all are counted", () => {
    const under = lane(bad);
    const readings = Array.from({ length: 10_000 }, (_, at) => room(`r${at}`, 0));
    expect(under.frame(START_MS, ...readings)).toHaveLength(1_000);
    expect(under.rules.counters.failed).toBe(10_000);
  });
});
