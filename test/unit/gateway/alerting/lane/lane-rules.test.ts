import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import {
  restoreSnapshot,
  takeSnapshot,
} from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import type { Stopwatch } from "../../../../../platform/runtime/stopwatch.ts";
import { STILL, LaneUnderTest, brief } from "../../../../support/lane-frames.ts";
import { START_MS, catalog, high, lane, presence, room } from "../../../../support/room-lane.ts";

test("a changed or deleted rule resolves what it raised and begins anew; the others keep their state", () => {
  const under = lane(high("a"), high("b"), high("c"));
  const raised = under.frame(START_MS, room("r", 2_000));
  expect(brief(raised)).toEqual(["a r firing", "b r firing", "c r firing"]);
  const ended = under.setRules(parseRules([high("a"), high("b", 2, 1_500)]));
  expect(ended.map(({ rule, state, id }) => [rule, state, id])).toEqual([
    ["b", "resolved", raised[1]!.id],
    ["c", "resolved", raised[2]!.id],
  ]);
  expect(ended[0]!.message).toContain("changed");
  expect(ended[1]!.message).toContain("deleted");
  expect(brief(under.frame(START_MS + 1_000, room("r", 2_000)))).toEqual(["b r firing"]);
  expect(brief(under.frame(START_MS + 2_000, room("r", 100)))).toEqual([
    "a r resolved",
    "b r resolved",
  ]);
});

test("a card used more than 3 times within 5 minutes, wherever they begin and whoever sends them", () => {
  const under = lane({
    id: "fraud",
    version: 1,
    kind: "frequency",
    contract: "payment",
    over: "5m",
    moreThan: 3,
  });
  const pay = (id: number, account = "acc 1") => ({
    device: `terminal-${id % 2} of ${account}`,
    contract: "payment",
    payload: { account, id, amount: 1 },
  });
  // Tumbling windows of 5 minutes would see two and two here.
  const minutes = [4, 4.5, 5.5, 8.9];
  const alerts = minutes.flatMap((minute, at) => [
    ...under.frame(START_MS + minute * 60_000, pay(at * 2), pay(at * 2, "acc 2 sent again")),
    ...under.frame(START_MS + minute * 60_000 + 100, pay(at * 2)),
  ]);
  expect(brief(alerts)).toEqual(["fraud acc 1 firing", "fraud acc 2 sent again firing"]);
  // No reading ends it: the lane's clock does.
  let later: string[] = [];
  for (let second = 1; second <= 301; second++)
    later = [...later, ...brief(under.frame(START_MS + 8.9 * 60_000 + 200 + second * 1_000))];
  expect(later).toEqual(["fraud acc 1 resolved", "fraud acc 2 sent again resolved"]);
});

describe("absence", () => {
  const gone = {
    id: "gone",
    version: 1,
    kind: "absence",
    contract: "room",
    for: "10s",
    lost: "2s",
  };
  /** A frame a second, as a gateway sends them. */
  const seconds = (under: LaneUnderTest, from: number, to: number): string[] => {
    const alerts: string[] = [];
    for (let at = from; at <= to; at++) alerts.push(...brief(under.frame(START_MS + at * 1_000)));
    return alerts;
  };

  test("a silence is measured from the last reading on, and ends with the next", () => {
    const under = lane(gone);
    under.frame(START_MS, room("a", 1), room("b", 1));
    expect(seconds(under, 1, 5)).toEqual([]);
    under.frame(START_MS + 6_000, room("b", 1));
    expect(seconds(under, 7, 11)).toEqual(["gone a firing"]);
    expect(seconds(under, 12, 20)).toEqual(["gone b firing"]);
    expect(brief(under.frame(START_MS + 21_000, room("a", 1)))).toEqual(["gone a resolved"]);
  });

  test("gateways that come back after an hour find nobody silent for it, and then who does not come back", () => {
    const under = lane(gone);
    under.frame(START_MS, room("a", 1), room("b", 1));
    expect(seconds(under, 1, 2)).toEqual([]);
    under.restartGateway();
    expect(seconds(under, 3_600, 3_603)).toEqual([]);
    under.frame(START_MS + 3_604_000, room("b", 1));
    expect(seconds(under, 3_605, 3_612)).toEqual(["gone a firing"]);
  });

  test("a device that was known before the rule was, and never sends again, is missed", () => {
    const under = lane();
    under.frame(START_MS, room("a", 1));
    seconds(under, 1, 30);
    expect(under.setRules(parseRules([gone]))).toEqual([]);
    expect(seconds(under, 31, 39)).toEqual([]);
    expect(seconds(under, 40, 42)).toEqual(["gone a firing"]);
  });

  test.each(["will", "keep_alive", "connection_lost"])("a connection lost by %s", (reason) => {
    const under = lane(gone);
    under.frame(START_MS, room("a", 1), presence("a", "online", "connected"));
    const lost = under.frame(START_MS + 1_000, presence("a", "offline", reason));
    expect(brief(lost)).toEqual([]);
    expect(seconds(under, 2, 5)).toEqual(["gone a firing"]);
  });

  test.each([
    ["an orderly disconnect", presence("a", "offline", "disconnect"), null],
    [
      "a device back in time",
      presence("a", "offline", "keep_alive"),
      presence("a", "online", "connected"),
    ],
    ["a device that nobody heard of", presence("x", "offline", "keep_alive"), null],
  ])("%s is no loss", (_, first, then) => {
    const under = lane(gone);
    under.frame(START_MS, room("a", 1), presence("a", "online", "connected"));
    under.frame(START_MS + 1_000, first);
    under.frame(START_MS + 2_000, ...(then ? [then] : []));
    expect(seconds(under, 3, 9)).toEqual([]);
  });

  test("devices that do not come back to a gateway that was killed are lost, those that do are not", () => {
    const under = lane(gone);
    const online = (device: string) => presence(device, "online", "connected");
    under.frame(START_MS, room("a", 1), online("a"), room("b", 1), online("b"));
    under.restartGateway();
    under.frame(START_MS + 1_000, online("b"));
    expect(seconds(under, 2, 5)).toEqual(["gone a firing"]);
  });
});

test("equal pulses of one millisecond without a time of their own are counted, each of them", () => {
  const rule = { id: "pulses", version: 1, kind: "frequency", contract: "measurement" };
  const rules = parseRules([{ ...rule, over: "1m", moreThan: 100 }]);
  const pulses = new LaneUnderTest(loadCatalog(SCHEMAS_DIRECTORY), rules);
  const pulse = { device: "p", contract: "measurement", payload: { value: 1, quantity: "pulse" } };
  expect(pulses.frame(START_MS, ...new Array<typeof pulse>(100).fill(pulse))).toEqual([]);
  expect(brief(pulses.frame(START_MS, pulse))).toEqual(["pulses p{quantity=pulse} firing"]);
});

test("in a maintenance window an alert is silenced; it fires at the end if it still holds", () => {
  const rule = { ...high("a"), silences: [{ cron: "* * * * *", for: "20s" }] };
  const under = lane(rule);
  const minute = Math.ceil(START_MS / 60_000) * 60_000;
  const first = under.frame(minute + 5_000, room("r", 2_000), room("s", 2_000));
  expect(brief(first)).toEqual(["a r silenced", "a s silenced"]);
  const quiet = under.frame(minute + 6_000, room("s", 1));
  expect(quiet).toMatchObject([{ state: "resolved", quiet: true }]);
  const alerts = [10, 14, 18, 22].flatMap((at) => under.frame(minute + at * 1_000));
  expect(alerts).toMatchObject([{ state: "firing", id: first[0]!.id, seq: 6 }]);
  expect(brief(under.frame(minute + 30_000, room("s", 2_000)))).toEqual(["a s firing"]);
});

test("a silence is no change of the rule: what fires goes on, and what is taken out fires if it holds", () => {
  const under = lane(high("a"));
  const minute = Math.ceil(START_MS / 60_000) * 60_000;
  const [first] = under.frame(minute, room("r", 2_000));
  const silences = [{ cron: "* * * * *", for: "1h" }];
  expect(under.setRules(parseRules([{ ...high("a"), silences }]))).toEqual([]);
  expect(brief(under.frame(minute + 1_000, room("s", 2_000)))).toEqual(["a s silenced"]);
  expect(under.frame(minute + 2_000, room("r", 1))).toMatchObject([
    { state: "resolved", id: first!.id },
  ]);

  // A restart in between: what is silenced is known, and by which windows.
  const parts = { lane: under.rules.lane, catalog, stopwatch: STILL };
  under.rules = restoreSnapshot(takeSnapshot(under.rules), parts);
  under.setRules(parseRules([{ ...high("a"), silences }]));
  expect(under.frame(minute + 3_000)).toEqual([]);
  expect(under.setRules(parseRules([high("a")]))).toEqual([]);
  expect(brief(under.frame(minute + 4_000))).toEqual(["a s firing"]);
});

test("a window that goes on for longer keeps silent what fired in the one before", () => {
  const window = (length: string) => ({
    ...{ ...high("a"), silences: [{ cron: "0 * * * *", for: length }] },
  });
  const hour = Math.ceil(START_MS / 3_600_000) * 3_600_000;
  const under = lane(window("10s"));
  expect(brief(under.frame(hour + 5_000, room("r", 2_000)))).toEqual(["a r silenced"]);
  under.setRules(parseRules([window("20s")]));
  const at = (...seconds: number[]) =>
    seconds.flatMap((second) => brief(under.frame(hour + second * 1_000)));
  expect(at(8, 11, 14, 17)).toEqual([]);
  expect(at(20, 21)).toEqual(["a r firing"]);
});

test("commands go with the states that they are for, to the key's device or another", () => {
  const under = lane({
    ...high("a"),
    commands: [
      { on: "firing", payload: { fan: 1 } },
      { on: "firing", device: "siren", payload: "wail", expires: "5s" },
      { on: "resolved", payload: { fan: 0 } },
    ],
  });
  expect(under.frame(START_MS, room("r", 2_000))[0]!.commands).toEqual([
    { device: "r", payload: { fan: 1 }, expiresMs: 600_000 },
    { device: "siren", payload: "wail", expiresMs: 5_000 },
  ]);
  expect(under.frame(START_MS + 1, room("r", 1))[0]!.commands).toEqual([
    { device: "r", payload: { fan: 0 }, expiresMs: 600_000 },
  ]);
});

test("what is acknowledged is the alert that fires, and no earlier one of its rule and key", () => {
  const under = lane(high("a"));
  const [first] = under.frame(START_MS, room("r", 2_000));
  const ack = { rule: "a", key: "r", id: first!.id, by: "anna", atMs: START_MS };
  const seen = under.rules.acknowledge([ack], under.seq);
  expect(seen).toMatchObject([{ id: first!.id, state: "acknowledged", by: "anna" }]);
  under.frame(START_MS + 1_000, room("r", 1));
  under.frame(START_MS + 2_000, room("r", 2_000));
  expect(under.rules.acknowledge([ack], under.seq)).toEqual([]);
});

/** A rule of which nothing simple can be said, so that it is asked about every reading, beside another; `evaluated` sees each time. */
function lanesWithSlow(stopwatch: Stopwatch, evaluated: () => void): LaneUnderTest {
  const rule = { ...high("slow"), when: "abs(co2) > 1000.0" };
  const under = new LaneUnderTest(catalog, parseRules([high("a"), rule]), { stopwatch });
  const { compiled } = under.rules.rules.states.get("slow")!;
  if (compiled.kind !== "threshold") throw new Error("not a threshold");
  const { when } = compiled;
  const evaluate = (values: object): unknown => (evaluated(), when.evaluate({ ...values }));
  Object.assign(compiled, { when: { ...when, evaluate } });
  return under;
}

test("a rule that is too slow is disabled alone", () => {
  // Time stands still but for the slow rule: its condition takes 50 ms.
  let ms = 0;
  const under = lanesWithSlow({ nowMs: () => ms, ranMs: () => ms }, () => (ms += 50));
  const alerts = Array.from({ length: 12 }, (_, at) =>
    under.frame(START_MS + at, room("r", 1)),
  ).flat();
  expect(brief(alerts)).toEqual(["rule_disabled slow/0 firing"]);
  expect(brief(under.frame(START_MS + 100, room("r", 2_000)))).toEqual(["a r firing"]);
});

test("a rule whose thread waits for a core is not slow", () => {
  let nowMs = 0;
  const under = lanesWithSlow({ nowMs: () => nowMs, ranMs: () => 0 }, () => (nowMs += 50));
  const alerts = Array.from({ length: 100 }, (_, at) =>
    under.frame(START_MS + at, room("r", 1)),
  ).flat();
  expect(alerts).toEqual([]);
});

test("late readings and repeats are counted", () => {
  const under = lane(high("a"));
  under.frame(START_MS);
  under.frame(START_MS + 100_000);
  const late = room("r", 1, { payload: { ts: START_MS, co2: 1 } });
  expect(under.frame(START_MS + 100_100, late)).toEqual([]);
  const pay = { device: "t", contract: "payment", payload: { account: "x", id: 1, amount: 1 } };
  under.setRules(parseRules([{ ...high("b"), contract: "payment", when: "amount > 0" }]));
  expect(brief(under.frame(START_MS + 100_200, pay, pay))).toEqual(["b x firing"]);
  expect(under.rules.counters).toMatchObject({ late: 1, repeated: 1 });
});

test("a device's clock that is ahead cannot hold up its key: its readings count as of their arrival", () => {
  const under = lane({ ...high("a"), clear: "co2 < 900" });
  const ahead = room("r", 2_000, { payload: { ts: START_MS + 240_000, co2: 2_000 } });
  const [alert] = under.frame(START_MS, ahead);
  expect(alert).toMatchObject({ state: "firing", atMs: START_MS });
  expect(brief(under.frame(START_MS + 1_000, room("r", 1)))).toEqual(["a r resolved"]);
});

test("a snapshot holds everything: one of what was restored from it is the same, byte for byte", () => {
  const of = { version: 1, contract: "room", over: "1m" };
  const under = lane(
    { id: "a", ...of, kind: "aggregate", value: "co2", having: "avg > 5000" },
    { id: "b", ...of, kind: "aggregate", value: "device", having: "distinct > 2" },
    { id: "c", ...of, kind: "frequency", moreThan: 3 },
    { id: "d", version: 1, kind: "absence", contract: "room", for: "1m", lost: "1s" },
    { ...high("e"), for: "1m" },
  );
  for (let second = 0; second < 300; second++)
    under.frame(
      START_MS + second * 1_000,
      room(`r${second % 7}`, second * 7),
      presence("r1", "online", "connected"),
    );
  const snapshot = takeSnapshot(under.rules);
  const parts = { lane: under.rules.lane, catalog, stopwatch: STILL };
  expect(takeSnapshot(restoreSnapshot(snapshot, parts))).toEqual(snapshot);
  const cut = { ...snapshot, rules: snapshot.rules.subarray(0, snapshot.rules.length - 8) };
  expect(() => restoreSnapshot(cut, parts)).toThrow();
});
