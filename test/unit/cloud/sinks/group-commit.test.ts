// Goal: whatever a store answers and in whatever order, an item is acknowledged once all of it is written, in turn,
// and records that must follow each other do.
// Method: random items of several writers, writers that lose their lanes, a store that answers out of turn and
// refuses requests and records; against what was put.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GroupCommit, RECORDS_PER_REQUEST } from "../../../../cloud/sinks/group-commit.ts";
import type { Answer, SinkItem, Writer } from "../../../../cloud/sinks/sink.ts";

interface Sketch {
  readonly writer: number;
  readonly readings: number;
  readonly rollups: number;
  readonly isAside: boolean;
}

const sketches = fc.array(
  fc.record({
    writer: fc.nat(2),
    readings: fc.nat(4),
    rollups: fc.nat(2),
    isAside: fc.nat(9).map((n) => n === 0),
  }),
  { maxLength: 40 },
);

/** Records are their names: item, kind and place. */
const recordsOf = (item: number, kind: "reading" | "rollup", count: number): string[] =>
  Array.from({ length: count }, (_, place) => `${item} ${kind} ${place}`);

const itemOf = (at: number, { readings, rollups, isAside }: Sketch): SinkItem =>
  ({
    region: "eu",
    isAside,
    readings: recordsOf(at, "reading", readings),
    rollups: recordsOf(at, "rollup", rollups),
  }) as unknown as SinkItem;

const encode = ({ readings, rollups }: SinkItem): string[] =>
  [...readings, ...rollups] as unknown as string[];

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Lane implements Writer {
  readonly #ended = new AbortController();
  readonly signal = this.#ended.signal;
  held = true;
  end(): void {
    this.held = false;
    this.#ended.abort();
  }
}

test.each([0, 1, 2, 3])("with %i requests of readings at once", async (readingRequestsMax) => {
  await fc.assert(
    fc.asyncProperty(
      sketches,
      fc.array(fc.nat(9), { minLength: 200, maxLength: 200 }),
      fc.option(fc.record({ writer: fc.nat(2), after: fc.nat(40) })),
      async (items, choices, ending) => {
        let choice = 0;
        const choose = (): number => choices[choice++ % choices.length]!;
        const written: string[] = [];
        const open: (() => void)[] = [];
        let refusals = 10;
        const write = async (records: readonly string[], wanted: () => boolean) => {
          for (;;) {
            await new Promise<void>((resolve) => open.push(resolve));
            if (!wanted()) return null;
            if (refusals > 0 && choose() < 3) {
              refusals -= 1; // It is tried again.
              continue;
            }
            const refused = records.flatMap((_, record) =>
              choose() === 9 ? [{ record, detail: "no" }] : [],
            );
            const bad = new Set(refused.map(({ record }) => record));
            written.push(...records.filter((_, at) => !bad.has(at)));
            return refused;
          }
        };
        const queue = new GroupCommit({ encode, write, readingRequestsMax }, () => 1);
        const lanes = [new Lane(), new Lane(), new Lane()];
        const answers = new Map<number, Answer>();
        const stop = new AbortController();
        const running = queue.run(stop.signal);
        for (const [at, sketch] of items.entries()) {
          const acknowledged = (answer: Answer): void => void answers.set(at, answer);
          void queue.put({ ...itemOf(at, sketch), acknowledged }, lanes[sketch.writer]!);
          if (ending?.after === at) lanes[ending.writer]!.end();
          if (choose() > 6) await turn();
          // Any request may be answered before the others.
          if (open.length > 0 && choose() > 3) open.splice(choose() % open.length, 1)[0]!();
        }
        for (let idle = 0; idle < 3; idle += 1) {
          await turn();
          if (open.length === 0) continue;
          open.splice(choose() % open.length, 1)[0]!();
          idle = 0;
        }
        const ended = new Set(ending && ending.after < items.length ? [ending.writer] : []);
        const expected = items.flatMap(({ writer }, at) => (ended.has(writer) ? [] : [at]));
        const known = [...answers.keys()];
        const inTurn = known.filter((at) => !items[at]!.isAside);
        expect(inTurn).toEqual(inTurn.toSorted((a, b) => a - b)); // G2
        expect(expected.filter((at) => !answers.has(at))).toEqual([]);
        const stored = new Set(written);
        for (const [at, { refused, startMs, endMs }] of answers) {
          const no = new Set(refused.map(({ place }) => place));
          recordsOf(at, "reading", items[at]!.readings).forEach((record, place) =>
            expect(stored.has(record)).toBe(!no.has(place)),
          ); // G1
          if (items[at]!.readings + items[at]!.rollups > 0)
            expect([startMs, endMs]).toEqual([1, 1]);
        }
        const rollups = written.filter((record) => record.includes("rollup"));
        const asPut = items.flatMap((sketch, at) => recordsOf(at, "rollup", sketch.rollups));
        expect(rollups).toEqual(asPut.filter((record) => rollups.includes(record))); // G2
        stop.abort();
        await running;
      },
    ),
    { numRuns: 200 },
  );
});

test("requests beside the first are full ones: little load makes few requests", async () => {
  const requests: { records: number; answer: () => void }[] = [];
  const write = (records: readonly string[]) =>
    new Promise<readonly []>((resolve) =>
      requests.push({ records: records.length, answer: () => resolve([]) }),
    );
  const queue = new GroupCommit({ encode, write, readingRequestsMax: 2 });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  const lane = new Lane();
  const put = (readings: number): void =>
    void queue.put(
      {
        ...itemOf(0, { writer: 0, readings, rollups: 0, isAside: false }),
        acknowledged: () => undefined,
      },
      lane,
    );
  put(1);
  await turn();
  put(10);
  await turn();
  expect(requests.map(({ records }) => records)).toEqual([1]);
  put(RECORDS_PER_REQUEST - 10);
  await turn();
  expect(requests.map(({ records }) => records)).toEqual([1, RECORDS_PER_REQUEST]);
  for (const { answer } of requests) answer();
  stop.abort();
  await running;
});

test.each([
  // So few that a store is done with a request of them before readings would notice.
  { waiting: 300, requestsMax: 2, largest: 25 },
  // A backlog still goes in large ones.
  { waiting: 9_600, requestsMax: 2, largest: 300 },
  { waiting: 300, requestsMax: 0, largest: 300 },
])(
  "beside $requestsMax requests of readings, $waiting rollups go at most $largest at a time",
  async ({ waiting, requestsMax, largest }) => {
    const requests: number[] = [];
    const written: string[] = [];
    const write = (records: readonly string[]): Promise<readonly []> => {
      requests.push(records.length);
      written.push(...records);
      return Promise.resolve([]);
    };
    const queue = new GroupCommit({ encode, write, readingRequestsMax: requestsMax });
    const stop = new AbortController();
    const answered = Promise.withResolvers<Answer>();
    const sketch = { writer: 0, readings: 0, rollups: waiting, isAside: false };
    const item = itemOf(0, sketch);
    void queue.put({ ...item, acknowledged: answered.resolve }, new Lane());
    const running = queue.run(stop.signal);
    await answered.promise;
    expect(written).toEqual(item.rollups);
    expect(Math.max(...requests)).toBe(largest);
    stop.abort();
    await running;
  },
);
