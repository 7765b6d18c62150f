// Goal: whatever members come, go and acknowledge, each reading of a group is given until it is acknowledged, those of a
// key by one member at a time and in their order, and the place never moves over one that is not acknowledged.
// Method: examples, and random histories held against plain definitions.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Entry, GroupWindow, type Member } from "../../../../gateway/groups/group-window.ts";

interface Item {
  readonly key: string;
  readonly n: number;
}

const BOUNDS = { readingsMax: 1_000, bytesMax: 1_000_000 };
const make = (bounds = BOUNDS): GroupWindow<Item> => new GroupWindow<Item>(bounds);

const fill = (window: GroupWindow<Item>, keys: number, each: number, from = 0): void => {
  for (let n = 0; n < each; n++)
    for (let key = 0; key < keys; key++)
      window.add(`key-${key}`, { key: `key-${key}`, n: from + n }, 1);
};

function takeAll(window: GroupWindow<Item>, member: Member<Item>): Entry<Item>[] {
  const taken: Entry<Item>[] = [];
  for (let entry = window.take(member); entry; entry = window.take(member)) taken.push(entry);
  return taken;
}

const keysOf = (entries: readonly Entry<Item>[]): Set<string> =>
  new Set(entries.map(({ item }) => item.key));

describe("members share keys", () => {
  test("each key is whole with one of them, and all have some", () => {
    const window = make();
    const members = ["a", "b", "c"].map((id) => window.join(id));
    fill(window, 60, 3);
    const shares = members.map((member) => keysOf(takeAll(window, member)));
    expect(shares.map(({ size }) => size).reduce((sum, size) => sum + size)).toBe(60);
    for (const { size } of shares) expect(size).toBeGreaterThan(8);
  });

  test("the same members have the same keys after a restart", () => {
    const shareOf = (): string[] => {
      const window = make();
      const [a] = ["a", "b"].map((id) => window.join(id));
      fill(window, 20, 1);
      return [...keysOf(takeAll(window, a!))];
    };
    expect(shareOf()).toEqual(shareOf());
  });
});

test("a key moves to somebody who came only when all that is given of it is acknowledged", () => {
  const window = make();
  const a = window.join("a");
  fill(window, 30, 2);
  const given = Array.from({ length: 30 }, () => window.take(a)!);
  const b = window.join("b");
  expect(takeAll(window, b)).toEqual([]);
  fill(window, 30, 1, 2);
  expect(takeAll(window, b)).toEqual([]);
  const woken = given.map((entry) => window.acknowledge(entry, a));
  expect(new Set(woken)).toEqual(new Set([null, b]));
  const moved = takeAll(window, b);
  const stayed = takeAll(window, a);
  expect(keysOf(moved).size + keysOf(stayed).size).toBe(30);
  expect(keysOf(moved).size).toBeGreaterThan(5);
  for (const key of keysOf(moved)) {
    expect(keysOf(stayed).has(key)).toBe(false);
    expect(moved.filter(({ item }) => item.key === key).map(({ item }) => item.n)).toEqual([1, 2]);
  }
});

test("what somebody had who is gone is given again, in order, and its late word counts no more", () => {
  const window = make();
  const a = window.join("a");
  fill(window, 1, 4);
  const [first, second] = takeAll(window, a);
  window.acknowledge(first!, a);
  const b = window.join("b");
  window.leave(a);
  expect(window.acknowledge(second!, a)).toBeNull();
  expect(takeAll(window, b).map(({ item }) => item.n)).toEqual([1, 2, 3]);
  expect(window.first?.n).toBe(1);
});

test("what waits without members is given to the first that comes", () => {
  const window = make();
  fill(window, 3, 2);
  expect(takeAll(window, window.join("a"))).toHaveLength(6);
});

test("it is full by readings or bytes, those done behind a gap included, and roomy with a quarter free", () => {
  const window = make({ readingsMax: 8, bytesMax: 1_000_000 });
  const a = window.join("a");
  fill(window, 1, 8);
  expect(window.isFull).toBe(true);
  const [first, ...others] = takeAll(window, a);
  for (const entry of others) window.acknowledge(entry, a);
  expect(window.isFull).toBe(true);
  window.acknowledge(first!, a);
  expect([window.isFull, window.isRoomy, window.size]).toEqual([false, true, 0]);
  const heavy = make({ readingsMax: 8, bytesMax: 10 });
  heavy.add("key", { key: "key", n: 0 }, 10);
  expect([heavy.isFull, heavy.isRoomy]).toEqual([true, false]);
});

type Step =
  | { kind: "add"; key: number }
  | { kind: "join"; who: number }
  | { kind: "leave"; who: number }
  | { kind: "take"; who: number }
  | { kind: "acknowledge"; at: number };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("add" as const), key: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("join" as const), who: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), who: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), who: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), at: fc.nat(20) }),
    },
  ),
  { maxLength: 120 },
);

/** Everything that members hold, by whom, and what has been acknowledged, in plain lists. */
function replay(history: readonly Step[]): void {
  const window = make();
  const members = new Map<number, Member<Item>>();
  const held: { entry: Entry<Item>; who: number }[] = [];
  const all: Item[] = [];
  const done = new Set<Item>();
  const take = (who: number): boolean => {
    const entry = window.take(members.get(who)!);
    if (!entry) return false;
    const { key, n } = entry.item;
    const others = held.filter((one) => one.entry.item.key === key);
    expect(others.every((one) => one.who === who)).toBe(true); // W1
    const before = all.filter((item) => item.key === key && item.n < n);
    const isKnown = (item: Item): boolean =>
      done.has(item) || others.some((one) => one.entry.item === item);
    expect(before.every(isKnown)).toBe(true);
    held.push({ entry, who });
    return true;
  };
  const acknowledge = (at: number): void => {
    const [one] = held.splice(at, 1);
    window.acknowledge(one!.entry, members.get(one!.who)!);
    done.add(one!.entry.item);
  };
  for (const step of history) {
    if (step.kind === "add") {
      const item = { key: `key-${step.key}`, n: all.length };
      all.push(item);
      window.add(item.key, item, 1);
    } else if (step.kind === "join") {
      if (!members.has(step.who)) members.set(step.who, window.join(`member-${step.who}`));
    } else if (step.kind === "leave") {
      const member = members.get(step.who);
      members.delete(step.who);
      if (member) window.leave(member);
      for (let at = held.length - 1; at >= 0; at--)
        if (held[at]!.who === step.who) held.splice(at, 1);
    } else if (step.kind === "take") {
      if (members.has(step.who)) take(step.who);
    } else if (held.length > 0) acknowledge(step.at % held.length);
    expect(window.first).toBe(all.find((item) => !done.has(item))); // W3
  }
  // Whoever is left is given all the rest.
  if (!members.has(0)) members.set(0, window.join("member-0"));
  for (let moved = true; moved;) {
    moved = [...members.keys()].some((who) => take(who));
    if (!moved && held.length > 0) {
      acknowledge(0);
      moved = true;
    }
  }
  expect(done.size).toBe(all.length);
  expect(window.size).toBe(0);
}

test("random histories: nothing is skipped, given twice at once, or out of order", () => {
  fc.assert(fc.property(steps, replay), { numRuns: 500 });
});
