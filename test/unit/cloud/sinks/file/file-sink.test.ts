// Goal: a sink is one folder: the aggregator's lane writes to a file without knowing it.
// Method: a log through the lane's aggregate into a real file, the first time and again.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { START } from "../../../../../cloud/aggregator/position.ts";
import { FileSink } from "../../../../../cloud/sinks/file/file-sink.ts";
import { FrameWriter } from "../../../../support/nats-frames.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";
import { LAYOUTS, LoggedAggregate, MINUTE_MS, environment } from "../../../../support/lane-log.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);
const SILENT = pino({ level: "silent" });

async function writeLane(path: string): Promise<void> {
  const frames = new FrameWriter({ region: "eu", partition: 0 });
  const readings = [1, 2].map((seq) => ({
    ...environment("room 1", seq, START_MS + seq, 400 + seq),
    traceparent: "",
  }));
  const log = [frames.encode(readings, START_MS), frames.encode([], START_MS + 2 * MINUTE_MS)];
  const aggregate = new LoggedAggregate(LAYOUTS, START);
  const sink = new FileSink(path, SILENT);
  const controller = new AbortController();
  const writer = { signal: controller.signal, held: true };
  const ended = sink.run(controller.signal);
  const written = log.map((data, at) => {
    const outcome = aggregate.applyLogged({
      seq: at + 1,
      storeMs: START_MS + at * 2 * MINUTE_MS,
      data,
    });
    if (outcome.kind !== "effects") throw new Error(outcome.kind);
    return new Promise<void>((acknowledged) => {
      const item = {
        ...outcome,
        region: "eu",
        canary: undefined,
        acknowledged: () => acknowledged(),
      };
      void sink.put(item, writer);
    });
  });
  await Promise.all(written);
  expect(sink.status.state).toBe("ok");
  controller.abort();
  await ended;
}

const recordsOf = async (path: string): Promise<unknown[]> =>
  (await readFile(path, "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);

test("one line for each reading and each final, and none for what is open", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "readings.jsonl");
  await writeLane(path);
  const reading = { contract: "environment", region: "eu", device: "room 1", tags: {} };
  const final = { ...reading, revision: 0 };
  const values = { count: 2, co2_min: 401, co2_max: 402, co2_sum: 803 };
  const fields = { temperature: 21.5, humidity: 40, light: 0, occupancy: 1 };
  const slot = expect.any(Number) as number;
  expect(await recordsOf(path)).toEqual([
    { ...reading, eventMs: START_MS + 1, slot, sequence: 1, fields: { ...fields, co2: 401 } },
    { ...reading, eventMs: START_MS + 2, slot, sequence: 2, fields: { ...fields, co2: 402 } },
    {
      ...final,
      window: "10s",
      startMs: START_MS,
      values: expect.objectContaining(values) as unknown,
    },
    {
      ...final,
      window: "1m",
      startMs: START_MS,
      values: expect.objectContaining(values) as unknown,
    },
  ]);
});

test("a log that is written again gives equal lines", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "readings.jsonl");
  await writeLane(path);
  const first = await recordsOf(path);
  await writeLane(path);
  expect(await recordsOf(path)).toEqual([...first, ...first]);
});

test("a file that cannot be written is waited for", async () => {
  await using directory = await temporaryDirectory();
  const sink = new FileSink(join(directory.path, "missing", "readings.jsonl"), SILENT);
  const controller = new AbortController();
  const ended = sink.run(controller.signal);
  await expect.poll(() => sink.status.detail).toMatch(/ENOENT/);
  expect(sink.answered).toBe(false);
  controller.abort();
  await ended;
});
