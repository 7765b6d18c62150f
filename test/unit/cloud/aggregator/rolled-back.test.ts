// Goal: a log that was rolled back, and uses its sequence numbers again, loses no reading to what was done before.
// Method: logs of one open minute, cut off anywhere and written on by the same gateway's next start or by another
// gateway, whatever the clock says; an aggregator that begins at the position of every earlier moment.
import fc from "fast-check";
import { expect, test } from "vitest";
import { START } from "../../../../cloud/aggregator/position.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";
import {
  LAYOUTS,
  type LoggedFrame,
  LoggedAggregate,
  MINUTE_MS,
  environment,
} from "../../../support/lane-log.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);
const LANE = { region: "eu", partition: 0 };

/** One reading a frame, one frame in 100 ms. */
function framesOf(writer: FrameWriter, from: { seq: number; ms: number }, count: number) {
  return Array.from({ length: count }, (_, at): LoggedFrame => {
    const [seq, clockMs] = [from.seq + at, from.ms + at * 100];
    const { traceparent: _none, ...reading } = environment(`d-${clockMs}`, seq, clockMs);
    return { seq, storeMs: clockMs + 3, data: writer.encode([reading], clockMs) };
  });
}

test("frames under the sequences of done ones are stored, and those that are done are not stored again", () => {
  fc.assert(
    fc.property(
      fc.record({
        before: fc.integer({ min: 1, max: 20 }),
        doneOfTen: fc.nat({ max: 10 }),
        keptOfTen: fc.nat({ max: 10 }),
        after: fc.integer({ min: 1, max: 20 }),
        byNewGateway: fc.boolean(),
        // Times of the second part: after those of the first, or the clock went back with its store.
        aheadMs: fc.constantFrom(20_050, -950),
      }),
      ({ before, doneOfTen, keptOfTen, after, byNewGateway, aheadMs }) => {
        const [g1, e2] = [new FrameWriter(LANE, "g1", "e1"), new FrameWriter(LANE, "g1", "e2")];
        const next = byNewGateway ? new FrameWriter(LANE, "g2", "e1") : e2;
        const first = framesOf(g1, { seq: 1, ms: START_MS + 1_000 }, before);
        const killed = new LoggedAggregate(LAYOUTS, START);
        for (const frame of first) killed.applyLogged(frame);
        const done = Math.floor((before * doneOfTen) / 10);
        if (done > 0) killed.acknowledged(done);
        const kept = first.slice(0, Math.floor((before * keptOfTen) / 10));
        const written = framesOf(
          next,
          { seq: kept.length + 1, ms: START_MS + 1_000 + aheadMs },
          after,
        );

        const begun = new LoggedAggregate(LAYOUTS, killed.position());
        const stored: number[] = [];
        for (const frame of [...kept, ...written]) {
          const outcome = begun.applyLogged(frame);
          if (outcome.kind !== "effects") continue;
          stored.push(...outcome.readings.map(({ eventMs }) => eventMs));
          begun.acknowledged(frame.seq);
        }
        const times = (frames: readonly LoggedFrame[]) => frames.map(({ storeMs }) => storeMs - 3);
        expect(stored).toEqual([...times(kept.slice(done)), ...times(written)]);
        expect(begun.settled?.settled["environment"]?.stored).toBe(
          Math.max(done, kept.length) + after,
        );
      },
    ),
  );
});

test("a clock that went back with its store hides no frame whose number is new", () => {
  const writer = new FrameWriter(LANE, "g1", "e1");
  const first = framesOf(writer, { seq: 1, ms: START_MS + 10_000 }, 5);
  const killed = new LoggedAggregate(LAYOUTS, START);
  for (const frame of first) killed.applyLogged(frame);
  killed.acknowledged(5);
  const position = killed.position();
  expect(position).toMatchObject({ seq: 1, doneSeq: 5 });
  const begun = new LoggedAggregate(LAYOUTS, position);
  for (const frame of first.slice(0, 3))
    expect(begun.applyLogged(frame)).toEqual({ kind: "nothing" });
  const other = new FrameWriter(LANE, "g2", "e1");
  const [back] = framesOf(other, { seq: 4, ms: START_MS + 2_000 }, 1);
  expect(begun.applyLogged(back!)).toMatchObject({ kind: "effects" });
});
