import { describe, expect, test } from "vitest";
import { type LaneUnderTest, brief } from "../../../../support/lane-frames.ts";
import { START_MS, lane, room } from "../../../../support/room-lane.ts";

describe("a window that runs empty", () => {
  /** A frame a second without a reading. */
  const alertsOf = (under: LaneUnderTest, from: number, to: number): [string, number][] => {
    const alerts: [string, number][] = [];
    for (let at = from; at <= to; at++)
      for (const line of brief(under.frame(START_MS + at * 1_000))) alerts.push([line, at]);
    return alerts;
  };

  test("frequency resolves when too few readings are left in it, not with the next one that counts", () => {
    const of = { version: 1, kind: "frequency", contract: "room", moreThan: 3 };
    const under = lane({ id: "a", ...of, over: "60s", where: "co2 > 5" });
    under.frame(START_MS);
    for (const at of [10, 20, 30, 40, 50])
      under.frame(START_MS + at * 1_000, room("r", at === 10 || at === 20 ? 9 : 8));
    // Attended time stands nearly still between those frames: 3 s each.
    const states = under.rules.rules.states.get("a")!;
    expect(states.isLive("r")).toBe(true);
    const resolved = alertsOf(under, 51, 130);
    // 5 within a minute; 4 until the first is gone at 70 s, 3 once the second is, at 80 s.
    expect(resolved).toEqual([["a r resolved", 80]]);
  });

  test("an aggregate resolves when what is left says so, after clearFor, and not for a mean of nothing", () => {
    const of = { version: 1, kind: "aggregate", contract: "room", value: "co2", over: "20s" };
    const under = lane(
      { id: "count", ...of, having: "count > 2" },
      { id: "mean", ...of, having: "avg > 10", resolveAfter: "1m" },
      { id: "sum", ...of, having: "sum > 40", clearFor: "5s", resolveAfter: "1m" },
    );
    under.frame(START_MS);
    for (const [at, co2] of [1, 2, 3].map((second) => [second, 20] as const))
      under.frame(START_MS + at * 1_000, room("r", co2));
    expect(alertsOf(under, 4, 70)).toEqual([
      ["count r resolved", 21],
      ["sum r resolved", 26],
      ["mean r resolved", 62],
    ]);
  });

  test("readings that are 50 s behind fill a window of 30 s as well as any, and it does not flap", () => {
    const of = { version: 1, kind: "frequency", contract: "room", moreThan: 3 };
    const under = lane({ id: "a", ...of, over: "30s" });
    const alerts: string[] = [];
    for (let at = 0; at <= 60; at++) {
      const clock = START_MS + at * 1_000;
      const reading = room("r", 9, { payload: { ts: clock - 50_000, co2: at } });
      alerts.push(...brief(under.frame(clock, ...(at % 2 === 0 ? [reading] : []))));
    }
    expect(alerts).toEqual(["a r firing"]);
    expect(alertsOf(under, 61, 100)).toEqual([["a r resolved", 84]]);
  });

  test("gateways that were away for an hour have not emptied it", () => {
    const of = { version: 1, kind: "frequency", contract: "room", moreThan: 3 };
    const under = lane({ id: "a", ...of, over: "30s" });
    under.frame(START_MS);
    const readings = [1, 2, 3, 4].map((co2) => room("r", co2));
    expect(brief(under.frame(START_MS + 1_000, ...readings))).toEqual(["a r firing"]);
    expect(brief(under.frame(START_MS + 3_600_000))).toEqual([]);
    expect(alertsOf(under, 3_601, 3_640)).toEqual([["a r resolved", 3_626]]);
  });
});
