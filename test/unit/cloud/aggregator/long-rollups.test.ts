import { pino } from "pino";
import { expect, test } from "vitest";
import { LongHours } from "../../../../cloud/aggregator/long-hours.ts";
import { type LongLane, LongRollups } from "../../../../cloud/aggregator/long-rollups.ts";
import { ownerIn } from "../../../../contracts/names/lane-stages.ts";
import { partitionOf } from "../../../../contracts/names/partition.ts";
import { LAYOUTS } from "../../../support/lane-log.ts";
import { LongStore } from "../../../support/long-store.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 27);
const SILENT = pino({ level: "silent" });

interface LaneUnderTest extends LongLane {
  /** Finals of minutes that end by then are durable. */
  finalsDoneMs: number;
  readonly long: LongHours;
}

function lane(fromMs: number, { partition = 0, partitions = 1 } = {}): LaneUnderTest {
  const long = new LongHours(fromMs);
  return {
    ...{ region: "eu", subject: `telemetry.eu.${partition}`, long },
    owns: (key) => partitionOf(key, partitions) === partition,
    lease: { signal: new AbortController().signal, held: true },
    finalsDoneMs: fromMs,
    get longDue() {
      return long.due(this.finalsDoneMs);
    },
    layouts: LAYOUTS.all,
    layoutOf: (contract) => LAYOUTS.ofAllVersions(contract),
    repairsDue: () => [],
    repaired: () => undefined,
  };
}

function minute(store: LongStore, key: string, startMs: number, count: number): void {
  const of = { contract: "environment", window: "1m", tags: [], revision: 0 };
  store.add({ ...of, key, startMs, values: { count } });
}

const group = (key: string, hourMs: number) => ({
  ...{ contract: "environment", key, hourMs, minutes: [hourMs], asOfSeq: 1 },
});
const noRecord = () => Promise.reject(new Error("nothing is set aside"));

test("hours are merged once they are over, a day with its last hour, each once", async () => {
  const store = new LongStore();
  const job = new LongRollups(store.sink, SILENT);
  const of = lane(START_MS);
  for (let hour = 0; hour < 24; hour += 23)
    for (const key of ["a", "b"]) minute(store, key, START_MS + hour * HOUR_MS + 60_000, hour + 1);
  of.finalsDoneMs = START_MS + HOUR_MS - 1;
  await job.run([of], noRecord);
  expect(store.written).toEqual([]);
  of.finalsDoneMs = START_MS + DAY_MS + 5_000;
  await job.run([of], noRecord);
  expect(store.written).toEqual([
    ...["1h a 11-27T00 1 r0", "1h b 11-27T00 1 r0", "1h a 11-27T23 24 r0", "1h b 11-27T23 24 r0"],
    ...["1d a 11-27T00 25 r0", "1d b 11-27T00 25 r0"],
  ]);
  expect(of.long.throughMs).toBe(START_MS + DAY_MS);
  // A restart from an earlier position merges all again, and writes nothing.
  const again = lane(START_MS);
  again.finalsDoneMs = of.finalsDoneMs;
  await job.run([again], noRecord);
  expect(store.written.length).toBe(6);
  expect(job.written).toBe(6);
});

test("a year of nothing costs no question for every hour of it", async () => {
  const store = new LongStore();
  const of = lane(START_MS);
  minute(store, "a", START_MS, 1);
  minute(store, "a", START_MS + 365 * DAY_MS + 7 * HOUR_MS, 2);
  of.finalsDoneMs = START_MS + 366 * DAY_MS;
  const job = new LongRollups(store.sink, SILENT);
  while (of.longDue) await job.run([of], noRecord);
  expect(store.finals("1h").map(({ startMs }) => startMs)).toEqual([
    START_MS,
    START_MS + 365 * DAY_MS + 7 * HOUR_MS,
  ]);
  expect(store.finals("1d").length).toBe(2);
  expect(store.asked).toBeLessThan(366 * 6 * LAYOUTS.all.length);
});

test("a run ends after some thousand keys, and the next one goes on", async () => {
  const store = new LongStore();
  const of = lane(START_MS);
  for (let key = 0; key < 5_000; key++) minute(store, `k${key}`, START_MS, 1);
  of.finalsDoneMs = START_MS + HOUR_MS;
  const job = new LongRollups(store.sink, SILENT);
  await job.run([of], noRecord);
  const first = job.written;
  expect(first).toBeGreaterThan(1_000);
  expect(first).toBeLessThan(3_000);
  // What is repaired meanwhile is merged again, though its hour is not done.
  minute(store, "k0", START_MS + 60_000, 5);
  expect(await job.repaired(of, group("k0", START_MS))).toBe(true);
  expect(store.written.at(-1)).toBe("1h k0 11-27T00 6 r1");
  while (of.longDue) await job.run([of], noRecord);
  expect(job.written).toBe(5_001);
});

test("a late reading changes the hour and the day that are merged, and neither before that", async () => {
  const store = new LongStore();
  const job = new LongRollups(store.sink, SILENT);
  const of = lane(START_MS);
  minute(store, "a", START_MS, 1);
  expect(await job.repaired(of, group("a", START_MS))).toBe(true);
  expect(store.written).toEqual([]);
  of.finalsDoneMs = START_MS + 2 * HOUR_MS;
  await job.run([of], noRecord);
  minute(store, "a", START_MS + 120_000, 2);
  await job.repaired(of, group("a", START_MS));
  of.finalsDoneMs = START_MS + DAY_MS;
  await job.run([of], noRecord);
  minute(store, "a", START_MS + 180_000, 4);
  await job.repaired(of, group("a", START_MS));
  expect(store.written).toEqual([
    ...["1h a 11-27T00 1 r0", "1h a 11-27T00 3 r1"],
    ...["1d a 11-27T00 3 r0", "1h a 11-27T00 7 r2", "1d a 11-27T00 7 r1"],
  ]);
});

test("what is no longer stored takes nothing from a final", async () => {
  const store = new LongStore();
  const job = new LongRollups(store.sink, SILENT);
  const of = lane(START_MS + HOUR_MS);
  const stored = { contract: "environment", window: "1h", tags: [], revision: 0 };
  store.add({ ...stored, key: "a", startMs: START_MS, values: { count: 60 } });
  minute(store, "a", START_MS, 1);
  await job.repaired(of, group("a", START_MS));
  expect(store.written).toEqual([]);
});

test("a store that is away is asked again; a key that it refuses is set aside alone", async () => {
  const store = new LongStore();
  const job = new LongRollups(store.sink, SILENT);
  const of = lane(START_MS);
  for (const key of ["a", "b", "c"]) minute(store, key, START_MS, 1);
  of.finalsDoneMs = START_MS + HOUR_MS;
  store.isThere = false;
  await job.run([of], noRecord);
  expect(of.longDue).not.toBeNull();
  store.isThere = true;
  store.refusedKeys.add("b");
  const setAside: string[] = [];
  await job.run([of], (_, { key, hourMs }) =>
    Promise.resolve(void setAside.push(`${key} ${hourMs}`)),
  );
  expect(store.finals("1h").map(({ key }) => key)).toEqual(["a", "c"]);
  expect(setAside).toEqual([`b ${START_MS}`]);
  expect(of.longDue).toBeNull();
});

test("a lane that is lost meanwhile leaves its hour to the next owner", async () => {
  const store = new LongStore();
  const left = new AbortController();
  const of = { ...lane(START_MS), lease: { signal: left.signal, held: false } };
  Object.defineProperty(of, "longDue", { get: () => of.long.due(START_MS + HOUR_MS) });
  minute(store, "a", START_MS, 1);
  const running = new LongRollups(store.sink, SILENT).run([of], noRecord);
  left.abort();
  await running;
  expect([store.written, of.long.throughMs]).toEqual([[], START_MS]);
});

test("each key is merged by the lane that it is of, also one that the store spells otherwise", async () => {
  const store = new LongStore();
  const keys = ["plain", "other", "more", "back\\", "a\\ b"];
  for (const key of keys) minute(store, key.replace(/\\(?= |$)/g, "%5C"), START_MS, 1);
  for (let partition = 0; partition < 4; partition++) {
    const of = lane(START_MS, { partition, partitions: 4 });
    of.finalsDoneMs = START_MS + HOUR_MS;
    const before = new Set(store.finals("1h").map(({ key }) => key));
    await new LongRollups(store.sink, SILENT).run([of], noRecord);
    const merged = store.finals("1h").filter(({ key }) => !before.has(key));
    for (const { key } of merged)
      if (!key.includes("%5C")) expect(partitionOf(key, 4)).toBe(partition);
  }
  expect(store.finals("1h").length).toBe(keys.length);
});

test("a lane that has ended merges nothing more; its heirs merge its hour, each its own keys", async () => {
  const store = new LongStore();
  const job = new LongRollups(store.sink, SILENT);
  const keys = Array.from({ length: 20 }, (_, at) => `k${at}`);
  for (const key of keys) minute(store, key, START_MS + 60_000, 1);
  const parent = { ...lane(START_MS), hasEnded: true };
  Object.defineProperty(parent, "longDue", { get: () => parent.long.due(START_MS + HOUR_MS) });
  await job.run([parent], noRecord);
  expect(store.written).toEqual([]);
  expect(parent.long.throughMs).toBe(START_MS);
  const heirs = [1, 2].map((at) => ({ ...lane(START_MS), owns: ownerIn([1, 2], at) }));
  for (const heir of heirs)
    Object.defineProperty(heir, "longDue", { get: () => heir.long.due(START_MS + HOUR_MS) });
  for (const heir of heirs) await job.run([heir], noRecord);
  expect(store.written.toSorted()).toEqual(keys.map((key) => `1h ${key} 11-27T00 1 r0`).toSorted());
});

test("a lane is not passed on while its hours are merged", async () => {
  const store = new LongStore();
  const of = lane(START_MS);
  of.finalsDoneMs = START_MS + HOUR_MS;
  minute(store, "a", START_MS + 60_000, 1);
  const during: (boolean | undefined)[] = [];
  const { sink } = store;
  const put: typeof sink.put = (...batch) => {
    during.push(of.isRepaired);
    return sink.put(...batch);
  };
  await new LongRollups({ ...sink, put }, SILENT).run([of], noRecord);
  expect([...during, of.isRepaired]).toEqual([true, false]);
});
