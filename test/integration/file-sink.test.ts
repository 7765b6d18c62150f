// Goal: an aggregator whose sink is a file stores each reading and final of its lanes there, once
// each after a restart too.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MINUTE_MS = 60_000;

interface FileRecord {
  readonly window?: string;
  readonly sequence?: number;
  readonly values?: { readonly count: number };
}

const reading = (seq: number, ts: number): TestReading => ({
  device: "room 1",
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20.1, humidity: 40, light: 1, co2: 400, occupancy: 1 },
});

test("readings and finals are appended to the file; a late reading holds nothing up", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "readings.jsonl");
  const env = { SKERRY_SINK: "file", SKERRY_SINK_FILE: path };
  const aggregator = await makeAggregator(world, { url: "" }, ["eu"], env);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const records = async (): Promise<FileRecord[]> =>
    (await readFile(path, "utf8"))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as FileRecord);

  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const startMs = Math.floor((Date.now() - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  await writer.publish(connection, [reading(1, startMs), reading(2, startMs + 1)], startMs);
  await writer.publish(connection, [], startMs + 2 * MINUTE_MS);
  await writer.publish(connection, [reading(3, startMs + 2)], startMs + 3 * MINUTE_MS);
  await eventually("the late reading is stored and not waited for", async () => {
    const { readingsStored, repairsWaiting, lanes } = await aggregator.status();
    return readingsStored === 3 && repairsWaiting === 0 && lanes[0]!.doneSeq === 3;
  });
  const stored = await records();
  expect(stored.flatMap(({ sequence }) => sequence ?? [])).toEqual([1, 2, 3]);
  const finals = stored.filter(({ window }) => window !== undefined);
  expect(finals.map(({ window, values }) => [window, values?.count])).toEqual([
    ["10s", 2],
    ["1m", 2],
  ]);

  await aggregator.process.stop("SIGTERM");
  await aggregator.process.start();
  await writer.publish(connection, [reading(4, startMs + 4 * MINUTE_MS)], startMs + 4 * MINUTE_MS);
  await eventually("it goes on", async () => (await aggregator.status()).readingsStored === 1);
  expect((await records()).flatMap(({ sequence }) => sequence ?? [])).toEqual([1, 2, 3, 4]);
});
