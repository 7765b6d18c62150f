// Goal: rules that look at the same values share them, others do not, and what is held is bounded.
import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../../../contracts/rules/compile-rule.ts";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { LaneRules } from "../../../../../gateway/alerting/lane/lane-rules.ts";
import {
  restoreSnapshot,
  takeSnapshot,
} from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import { RuleSet } from "../../../../../gateway/alerting/rules/rule-set.ts";
import { RuleState } from "../../../../../gateway/alerting/rules/rule-state.ts";
import {
  type Bounds,
  SharedWindows,
  type TimedValues,
  type WindowReader,
} from "../../../../../gateway/alerting/windows/shared-windows.ts";
import { STILL } from "../../../../support/lane-frames.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const compiled = (...rules: object[]) =>
  parseRules(rules.map((rule) => ({ version: 1, contract: "environment", ...rule }))).map((rule) =>
    compileRule(rule, catalog),
  );
const avg = { kind: "aggregate", value: "co2", over: "1m", having: "avg > 10.0" };
const often = { kind: "frequency", over: "1m", moreThan: 100 };
const rate = { kind: "rate", value: "co2", per: "1m", when: "rate > 1.0" };

describe("who shares", () => {
  const sharers = (...rules: object[]): string[][] => {
    const set = new RuleSet(catalog);
    set.update(compiled(...rules));
    const states = [...set.states.values()];
    return [...Map.groupBy(states, ({ windows }) => windows).values()].map((of) =>
      of.map(({ id }) => id),
    );
  };

  test("rules over the same values for the same time, whatever they make of them", () => {
    const max = { ...avg, having: "max > 10.0 || distinct > 3.0" };
    expect(sharers({ ...avg, id: "avg" }, { ...max, id: "max" })).toEqual([["avg", "max"]]);
    const faster = { ...rate, per: "1s", when: "rate < 0.0" };
    expect(sharers({ ...rate, id: "a" }, { ...faster, id: "b" })).toEqual([["a", "b"]]);
  });

  test.each<[string, object, object]>([
    ["another value", avg, { ...avg, value: "humidity" }],
    ["another time", avg, { ...avg, over: "2m" }],
    ["another share of the readings", avg, { ...avg, where: "humidity > 1.0" }],
    ["another bound", often, { ...often, moreThan: 101 }],
    ["a rate takes readings in order only", avg, { ...rate, over: "1m" }],
    ["the last change, or that over a time", rate, { ...rate, over: "1m" }],
    ["counted, not looked at", avg, often],
  ])("not those with %s", (_, one, other) => {
    expect(sharers({ ...one, id: "a" }, { ...other, id: "b" })).toEqual([["a"], ["b"]]);
  });

  test("not one that began later, and not one that remembers nothing", () => {
    const set = new RuleSet(catalog);
    const [a, b, threshold] = compiled(
      { ...avg, id: "a" },
      { ...avg, id: "b" },
      { id: "t", kind: "threshold", when: "co2 > 1" },
    );
    set.update([a!, threshold!]);
    set.update([a!, threshold!, b!]);
    const windows = (id: string) => set.states.get(id)!.windows;
    expect(windows("t")).toBeNull();
    expect(windows("a")).not.toBe(windows("b"));
    expect(windows("a")!.readers.size).toBe(1);
    const before = windows("b");
    set.update([b!]);
    expect(windows("b")).toBe(before);
  });
});

const sample = (timeMs: number, co2: number | undefined): TimedValues => ({
  values: { co2 },
  timeMs,
  arrivedAt: timeMs,
});

test("a snapshot keeps who shares, and what", () => {
  const parts = { lane: { region: "eu", partition: 0 }, catalog, stopwatch: STILL };
  const rules = new LaneRules(parts.lane, catalog, parts.stopwatch);
  const ids = ["a", "b"];
  rules.update(compiled(...ids.map((id) => ({ ...avg, id }))), 0);
  const before = rules.rules.states.get("a")!.windows!;
  before.take("k", sample(1, 7), 5);
  before.shedAbove = 1_234_567;
  const restored = restoreSnapshot(takeSnapshot(rules), parts);
  const [a, b] = ids.map((id) => restored.rules.states.get(id)!.windows!);
  expect(a).toBe(b);
  expect(a!.readers.size).toBe(2);
  expect(a!.shedAbove).toBe(1_234_567);
  expect(a!.keys.get("k")).toMatchObject({ touchedAt: 5, window: { size: 1, sum: 7 } });
});

class Reader implements WindowReader {
  readonly id = "r";
  readonly spec;
  readonly live = new Set<string>();
  limited = false;

  constructor(rule: object) {
    const [of] = compiled({ id: "r", ...rule });
    this.spec = new RuleState(of!).windowSpec!;
  }

  isLive(key: string): boolean {
    return this.live.has(key);
  }
}

describe("what is held", () => {
  const make = (bounds: Bounds, ...readers: Reader[]) => {
    const specs = readers.map(({ spec }) => spec);
    return new SharedWindows(specs, readers, bounds);
  };
  const ROOM = { keysMax: 1e9, valuesMax: 1e9 };

  test("a reading is in once, whoever asks, and one without the value is not", () => {
    const windows = make(ROOM, new Reader(avg));
    const reading = sample(1, 7);
    const window = windows.take("k", reading, 0);
    expect(windows.take("k", reading, 0)).toBe(window);
    expect(window).toMatchObject({ size: 1, sum: 7 });
    expect(windows.take("k", sample(2, undefined), 0)).toBeNull();
    expect(windows.take("k", sample(2, 8), 0)).toMatchObject({ size: 2, sum: 15 });
  });

  test("with too many keys the tenth that was silent longest goes, one with a live alert never", () => {
    const [a, b] = [new Reader(avg), new Reader(avg)];
    const windows = make({ keysMax: 20, valuesMax: 1e9 }, a, b);
    b.live.add("key 0");
    for (let at = 0; at < 20; at++) windows.take(`key ${at}`, sample(at, 1), at);
    expect([a.limited, b.limited]).toEqual([false, false]);
    windows.take("key 20", sample(20, 1), 20);
    expect([a.limited, b.limited]).toEqual([true, true]);
    expect([...windows.keys.keys()].slice(0, 2)).toEqual(["key 0", "key 3"]);
  });

  test("if every key has a live alert, another one finds no room", () => {
    const reader = new Reader(avg);
    const windows = make({ keysMax: 2, valuesMax: 1e9 }, reader);
    for (const key of ["a", "b"]) {
      windows.take(key, sample(1, 1), 1);
      reader.live.add(key);
    }
    expect(windows.take("c", sample(2, 1), 2)).toBe("no-room");
    expect([...windows.keys.keys()]).toEqual(["a", "b"]);
  });

  test("with too many values whole keys are forgotten", () => {
    const reader = new Reader(avg);
    const windows = make({ keysMax: 1e9, valuesMax: 100 }, reader);
    const fill = (key: number): void => {
      for (let at = 0; at < 10; at++) windows.take(`key ${key}`, sample(key * 10 + at, 1), key);
    };
    for (let key = 0; key < 11; key++) fill(key);
    expect(reader.limited).toBe(true);
    expect([...windows.keys.keys()].slice(0, 2)).toEqual(["key 1", "key 2"]);
    fill(11);
    expect(windows.keys.has("key 2")).toBe(true);
    expect(windows.keys.size).toBe(10);
  });

  test("a frequency needs no more readings than it allows, and one more", () => {
    const windows = make(ROOM, new Reader({ ...often, moreThan: 3 }));
    for (let at = 0; at < 9; at++) windows.take("k", sample(at, 1), 0);
    expect(windows.keys.get("k")!.window.size).toBe(4);
  });

  test("a rate takes no reading that is not newer", () => {
    const windows = make(ROOM, new Reader(rate));
    windows.take("k", sample(5, 1), 0);
    expect(windows.take("k", sample(5, 2), 0)).toBeNull();
    windows.take("k", sample(6, 3), 0);
    expect(windows.take("k", sample(7, 9), 0)).toMatchObject({ oldest: 3, newest: 9, size: 2 });
  });

  test("the key whose reading is judged is not forgotten for it", () => {
    const reader = new Reader(avg);
    const windows = make({ keysMax: 1e9, valuesMax: 10 }, reader);
    for (let at = 0; at < 9; at++) windows.take("live", sample(at, 1), 0);
    reader.live.add("live");
    windows.take("k", sample(9, 60), 0);
    expect(windows.take("k", sample(10, 60), 0)).toMatchObject({ size: 2, sum: 120 });
    expect(windows.take("k", sample(11, 0), 0)).toMatchObject({ size: 3, sum: 120 });
  });

  test("a reading that a rate drops for its order is not looked at, whatever it holds", () => {
    const windows = make(ROOM, new Reader({ ...rate, value: "1.0 / double(int(co2))" }));
    const divides = (co2: number): number => 1 / Math.trunc(co2);
    expect(windows.take("k", sample(5, 4), 0)).toMatchObject({ newest: divides(4) });
    const text = { ...sample(4, 1), values: { co2: "no number" } };
    expect(windows.take("k", text, 0)).toBeNull();
    expect(() => windows.take("k", { ...text, timeMs: 6 }, 0)).toThrow();
  });
});
