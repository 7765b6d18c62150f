// Goal: two aggregators share the lanes; whichever is killed or frozen, the other goes on, and nothing
// is lost or counted twice.
// Method: real servers and processes, kill -9 and SIGSTOP, a test gateway that writes minutes of
// readings within seconds; at the end every point and every rollup is compared.
import { once } from "node:events";
import { setImmediate as macrotask, setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { type Lease, Leases } from "../../platform/nats/lanes/leases.ts";
import { type AggregatorUnderTest, makeAggregator } from "../support/aggregator.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";

const MINUTE_MS = 60_000;
const PARTITIONS = [0, 1, 2, 3];
const LANES = { SKERRY_PARTITIONS: String(PARTITIONS.length) };
const TAKEOVER_MS = 10_000;

const reading = (partition: number, seq: number, ts: number): TestReading => ({
  device: `room ${partition}`,
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20 + (seq % 7), humidity: 40, light: 1, co2: seq, occupancy: 1 },
});

const lanesOf = async (aggregator: AggregatorUnderTest): Promise<number[]> =>
  (await aggregator.status()).lanes.map(({ partition }) => partition);

test("lanes split, pass on after a kill and after a freeze, and each reading counts once", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: PARTITIONS.length });
  await using influx = await startInflux();
  const first = await makeAggregator(world, influx, ["eu"], LANES);
  await using _ = first.process;
  const second = await makeAggregator(world, influx, ["eu"], LANES);
  await using __ = second.process;
  const connection = await world.region("eu").connect();
  const writers = PARTITIONS.map((partition) => new FrameWriter({ region: "eu", partition }));
  const startMs = Math.floor((Date.now() - 30 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  let seq = 0;
  let writing = true;
  const written = (async () => {
    while (writing) {
      const clockMs = startMs + seq * 500;
      for (const [partition, writer] of writers.entries())
        await writer.publish(connection, [reading(partition, seq, clockMs)], clockMs);
      seq += 1;
      await sleep(20);
    }
  })();

  await first.process.start();
  await eventually("one has all lanes", async () => (await lanesOf(first)).length === 4);
  await second.process.start();
  await eventually("each has two lanes", async () => {
    const both = await Promise.all([lanesOf(first), lanesOf(second)]);
    return both.every(({ length }) => length === 2) && new Set(both.flat()).size === 4;
  });

  await first.process.kill();
  const killedMs = performance.now();
  const takesOver = async () => (await lanesOf(second)).length === 4;
  await eventually("the other has all lanes", takesOver, TAKEOVER_MS);
  console.log(`taken over ${Math.round(performance.now() - killedMs)} ms after the kill`);
  await first.process.start();
  await eventually("they are shared again", async () => (await lanesOf(first)).length === 2);

  second.process.freeze();
  await eventually(
    "a frozen one loses its lanes",
    async () => (await lanesOf(first)).length === 4,
    TAKEOVER_MS,
  );
  second.process.resume();
  await eventually("they are shared again", async () => {
    const both = await Promise.all([lanesOf(first), lanesOf(second)]);
    return both.every(({ length }) => length === 2);
  });

  writing = false;
  await written;
  const endMs = startMs + seq * 500 + 2 * MINUTE_MS;
  for (const writer of writers) await writer.publish(connection, [], endMs);
  const { state } = await (await connection.jetstreamManager()).streams.info("TELEMETRY_eu");
  await eventually("all is done", async () => {
    const lanes = [...(await first.status()).lanes, ...(await second.status()).lanes];
    return lanes.length === 4 && lanes.every(({ doneSeq }) => doneSeq > state.last_seq - 4);
  });
  const points = await influx.client().query("SELECT co2 FROM environment GROUP BY device");
  expect(points).toHaveLength(4 * seq);
  const expected = new Map<string, number>();
  for (let at = 0; at < seq; at++) {
    const minute = new Date(startMs + Math.floor((at * 500) / MINUTE_MS) * MINUTE_MS);
    const time = minute.toISOString().replace(".000", "");
    expected.set(time, (expected.get(time) ?? 0) + 1);
  }
  for (const partition of PARTITIONS) {
    const rows = await influx
      .client()
      .query(`SELECT count FROM environment_1m WHERE device = 'room ${partition}'`);
    expect(rows.map(({ time, count }) => [time, count])).toEqual([...expected]);
  }
});

test("a lease that has lapsed stays so, though its renewal is answered late", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: PARTITIONS.length });
  const connection = await world.hub.connect();
  const lanes = [{ region: "eu", partition: 0 }];
  const leases = await Leases.open(connection, {
    operator: "aggregator",
    lanes,
    logger: pino({ level: "silent" }),
  });
  // The process is busy between sending a renewal and reading its answer, for longer than a lease is trusted.
  let busyMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + busyMs);
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its bucket below
  const { replace } = Bucket.prototype;
  const heldBefore: boolean[] = [];
  let lease: Lease | null = null;
  vi.spyOn(Bucket.prototype, "replace").mockImplementation(async function (this: Bucket, ...of) {
    const revision = await replace.apply(this, of);
    if (lease !== null && heldBefore.length === 0) {
      busyMs += 1_500;
      heldBefore.push(lease.held);
    }
    return revision;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const stop = new AbortController();
  const lapsed = Promise.withResolvers<void>();
  const running = leases.run(async (_, taken) => {
    if (lease !== null) return true; // It is taken anew.
    lease = taken;
    await once(taken.signal, "abort");
    lapsed.resolve();
    return false;
  }, stop.signal);
  await eventually("its renewal has been answered", () => heldBefore.length === 1);
  expect(heldBefore).toEqual([false]);
  // The answer is in; who looked at the lease before it must not see it held again.
  await macrotask();
  expect(lease!.held).toBe(false);
  await lapsed.promise;
  stop.abort();
  await running;
});
