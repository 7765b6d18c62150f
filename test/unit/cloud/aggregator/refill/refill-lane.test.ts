// Goal: a refill that begins in the middle of the log writes the same as one that read it from the start.
// Method: half an hour of frames of two gateways, with repeats and readings of one millisecond, through a sink that keeps
// what it is given.
import { expect, test } from "vitest";
import { ContractLayouts } from "../../../../../cloud/aggregator/contract-layout.ts";
import {
  RefillLane,
  type RefillRange,
  WARM_UP_MS,
} from "../../../../../cloud/aggregator/refill/refill-lane.ts";
import type { SinkItem } from "../../../../../cloud/sinks/sink.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import type { LogEntry } from "../../../../../platform/nats/client/log-entry.ts";
import { EMPTY_LANE } from "../../../../../platform/nats/lanes/lane.ts";
import { LaneOperator, Losses } from "../../../../../platform/nats/lanes/lane-operator.ts";
import { makeLogger } from "../../../../../platform/runtime/logger.ts";
import { FrameWriter } from "../../../../support/nats-frames.ts";

const LANE = { region: "eu", partition: 0 };
const MINUTE_MS = 60_000;
const START_MS = Date.parse("2026-11-28T08:00:00Z");
const catalog = loadCatalog(SCHEMAS_DIRECTORY);

function log(): LogEntry[] {
  const writers = ["g1", "g2"].map((gateway) => new FrameWriter(LANE, gateway, "e"));
  return Array.from({ length: 30 * 60 }, (_, at) => {
    const storeMs = START_MS + at * 1_000;
    const of = (seq: number) => ({
      ...{ device: `room-${seq % 3}`, contract: "environment", receivedAtMs: storeMs },
      payload: {
        ...{ ts: START_MS + Math.floor(seq / 4) * 2_000, seq },
        ...{ temperature: seq % 17, humidity: 40, light: 1, co2: 400 + (seq % 90), occupancy: 1 },
      },
    });
    // Every tenth frame repeats a reading of some seconds before.
    const readings = [of(2 * at), of(2 * at + 1), ...(at % 10 === 9 ? [of(2 * at - 12)] : [])];
    const data = writers[at % 2]!.encode(readings, storeMs);
    return { seq: at + 1, storeMs, subject: "telemetry.eu.0", data };
  });
}

async function written(entries: readonly LogEntry[], range: RefillRange): Promise<string[]> {
  const lines: string[] = [];
  const { signal } = new AbortController();
  const put = (item: SinkItem): Promise<void> => {
    for (const { reading, eventMs, slot } of item.readings)
      lines.push(JSON.stringify([reading.device, eventMs, slot, reading.payload]));
    for (const { window, key, startMs, count, fields, revision } of item.rollups)
      lines.push(JSON.stringify([window.name, key, startMs, count, fields, revision]));
    item.acknowledged({ startMs: 0, endMs: 0, refused: [] });
    return Promise.resolve();
  };
  async function* read(): AsyncGenerator<LogEntry> {
    yield* await Promise.resolve(entries);
  }
  const layouts = new ContractLayouts(catalog, "eu");
  const parts = { read, sink: { put }, writer: { signal, held: true }, layouts };
  const port = new RefillLane(
    LANE,
    range,
    { position: null, late: [] },
    {
      ...parts,
      wrote: () => Promise.resolve(),
    },
  );
  const operator = new LaneOperator(LANE, {
    ...{ port, catalog: layouts, losses: new Losses(), logger: makeLogger({}, "silent") },
    isPublished: () => Promise.resolve(false),
    setAside: { put: () => Promise.reject(new Error("nothing is set aside here")) },
  });
  await operator.run({ fromSeq: entries[0]!.seq, state: EMPTY_LANE }, signal);
  expect(operator.stopped).toBe(false);
  return lines.sort();
}

test("from the middle of the log and from its start the same is written", async () => {
  const entries = log();
  const sinceMs = START_MS + 15 * MINUTE_MS;
  const range = { sinceMs, untilMs: START_MS + 25 * MINUTE_MS, contract: null };
  const whole = await written(entries, range);
  const middle = entries.filter(({ storeMs }) => storeMs >= sinceMs - WARM_UP_MS);
  expect(middle.length).toBeLessThan(entries.length);
  const from = await written(middle, range);
  expect(whole.filter((line) => line.startsWith('["1m"'))).toHaveLength(30);
  expect(whole.filter((line) => line.startsWith('["room'))).toHaveLength(1_200);
  expect(from).toEqual(whole);
});
