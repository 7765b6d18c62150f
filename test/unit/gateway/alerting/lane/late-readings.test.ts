import { describe, expect, test } from "vitest";
import {
  restoreSnapshot,
  takeSnapshot,
} from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import { STILL, brief } from "../../../../support/lane-frames.ts";
import { START_MS, catalog, high, lane, room } from "../../../../support/room-lane.ts";

describe("readings that are old when they arrive", () => {
  const old = (device: string, agoMs: number, co2: number, clockMs: number) =>
    room(device, co2, { payload: { ts: clockMs - agoMs, co2 } });
  const MINUTE_MS = 60_000;

  test.each([
    ["3 s", 3_000, false],
    ["10 s", 10_000, false],
    ["59 s", 59_000, false],
    ["10 minutes", 600_000, true],
    ["3 hours", 10_800_000, true],
  ])("a clock %s behind silences nobody", (_, behindMs, isLate) => {
    const under = lane(high("a"));
    under.frame(START_MS);
    under.frame(START_MS + 10_000);
    const nowMs = START_MS + 10_100;
    const [alert, ...others] = under.frame(nowMs, old("r", behindMs, 2_000, nowMs));
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ state: "firing", key: "r", atMs: nowMs - behindMs });
    expect(alert!.late).toBe(isLate ? true : undefined);
    expect(under.rules.counters.late).toBe(isLate ? 1 : 0);
  });

  test("a freezer that thawed while it was away is told of when its buffer arrives, whatever it is now", () => {
    const under = lane({ ...high("a"), commands: [{ on: "firing", payload: 1 }] });
    const [live] = under.frame(START_MS, room("warm", 2_000));
    under.frame(START_MS, room("cold", 1));
    const minutes = [9, 8, 7, 6, 5, 4, 3, 2];
    const buffer = (device: string) =>
      minutes.map((ago) => old(device, ago * MINUTE_MS, ago > 3 ? 2_000 : 1, START_MS + 1_000));
    const alerts = under.frame(START_MS + 1_000, ...buffer("cold"), ...buffer("warm"));
    expect(alerts.map(({ key, state, late, atMs }) => [key, state, late, atMs])).toEqual(
      ["cold", "warm"].flatMap((key) => [
        [key, "firing", true, START_MS + 1_000 - 9 * MINUTE_MS],
        [key, "resolved", true, START_MS + 1_000 - 3 * MINUTE_MS],
      ]),
    );
    expect(alerts[0]!.message).toContain("cold: while it was away, at 2023-11-14T22:04");
    expect(alerts[0]!.commands).toBeUndefined();
    // What is now was not touched.
    const [resolved] = under.frame(START_MS + 2_000, room("warm", 1), room("cold", 1));
    expect(resolved).toMatchObject({ id: live!.id, state: "resolved" });
    expect(resolved!.late).toBeUndefined();
  });

  test("a late alert that no reading ends is over when nothing more comes late; its memory is free again", () => {
    const over = { version: 1, contract: "room", over: "1m" };
    const under = lane(
      high("a"),
      { id: "b", ...over, kind: "aggregate", value: "co2", having: "avg > 5000" },
      { id: "c", ...over, kind: "frequency", moreThan: 100 },
    );
    const [fired] = under.frame(START_MS, old("r", 600_000, 2_000, START_MS));
    const states = () =>
      ["a", "b", "c"].map((id) => under.rules.rules.states.get(id)!.late !== null);
    expect(states()).toEqual([true, true, true]);
    const alerts = [];
    for (let at = 1; at <= 602; at++)
      alerts.push(...under.frame(START_MS + at * 1_000, room("r", 1)));
    expect(alerts).toMatchObject([{ id: fired!.id, state: "resolved", late: true }]);
    expect(states()).toEqual([false, false, false]);
  });

  test("a buffer that is sent a second time an hour later is told of once, also after a restart", () => {
    const rule = { ...high("a"), contract: "freezer", when: "heat > 0" };
    const under = lane(rule);
    const buffer = [9, 8, 7].map((ago) => ({
      device: "r",
      contract: "freezer",
      payload: { ts: START_MS - ago * MINUTE_MS, seq: 10 - ago, heat: 4 },
    }));
    expect(brief(under.frame(START_MS, ...buffer))).toEqual(["a r firing"]);
    const resolved: string[] = [];
    for (let at = 1; at <= 3_600; at++) resolved.push(...brief(under.frame(START_MS + at * 1_000)));
    expect(resolved).toEqual(["a r resolved"]);
    const parts = { lane: under.rules.lane, catalog, stopwatch: STILL };
    under.rules = restoreSnapshot(takeSnapshot(under.rules), parts);
    expect(under.frame(START_MS + 3_601_000, ...buffer)).toEqual([]);
    expect(under.rules.counters.repeated).toBe(3);
  });

  test("lateAfter is a rule's own; what is late for one is not for another", () => {
    const under = lane(
      high("a"),
      { ...high("b"), lateAfter: "1s" },
      { ...high("c"), lateAfter: "1h" },
    );
    const alerts = under.frame(START_MS, old("r", 30_000, 2_000, START_MS));
    expect(alerts.map(({ rule, late }) => [rule, late === true])).toEqual([
      ["a", false],
      ["b", true],
      ["c", false],
    ]);
    const older = under.frame(START_MS + 1, old("s", 600_000, 2_000, START_MS));
    expect(older.map(({ late }) => late === true)).toEqual([true, true, false]);
  });

  test("what happened in a maintenance window is not told later, what went on after it is", () => {
    const rule = { ...high("a"), silences: [{ cron: "* * * * *", for: "20s" }] };
    const under = lane(rule);
    const minute = Math.ceil(START_MS / MINUTE_MS) * MINUTE_MS;
    const now = minute + 30 * MINUTE_MS;
    const at = (ms: number, co2: number, device = "r") => old(device, now - minute - ms, co2, now);
    const quiet = under.frame(now, at(5_000, 2_000), at(15_000, 1));
    expect(brief(quiet)).toEqual(["a r silenced", "a r resolved"]);
    expect(quiet[1]!.quiet).toBe(true);
    const loud = under.frame(now + 1, at(5_000, 2_000, "s"), at(25_000, 2_000, "s"));
    expect(brief(loud)).toEqual(["a s silenced", "a s firing"]);
  });

  test("an acknowledgement is about the late alert or the other, and each ends with its rule", () => {
    const under = lane(high("a"));
    const [live] = under.frame(START_MS, room("r", 2_000));
    const [late] = under.frame(START_MS + 1, old("r", 600_000, 2_000, START_MS));
    expect(late!.id).not.toBe(live!.id);
    const ack = { rule: "a", key: "r", id: late!.id, by: "anna", atMs: START_MS };
    const seen = under.rules.acknowledge([ack], under.seq);
    expect(seen).toMatchObject([{ id: late!.id, state: "acknowledged", late: true }]);
    const parts = { lane: under.rules.lane, catalog, stopwatch: STILL };
    expect(takeSnapshot(restoreSnapshot(takeSnapshot(under.rules), parts))).toEqual(
      takeSnapshot(under.rules),
    );
    const ended = under.setRules([]);
    expect(ended.map(({ id }) => id).sort()).toEqual([live!.id, late!.id].sort());
  });

  test("more late keys than may be remembered cost the ones silent longest, and are told of", () => {
    const under = lane({ ...high("a"), for: "1h" });
    const readings = (from: number) =>
      Array.from({ length: 9_000 }, (_, at) => old(`r${from + at}`, 600_000, 2_000, START_MS));
    under.frame(START_MS, ...readings(0));
    const alerts = under.frame(START_MS + 1_000, ...readings(9_000));
    expect(brief(alerts)).toEqual(["rule_limited a/0/late firing"]);
    expect(under.rules.rules.states.get("a")!.late!.slots.size).toBeLessThanOrEqual(10_000);
  });
});
