// How fast one aggregator takes a backlog from the hub's mirror to InfluxDB.
import { setTimeout as sleep } from "node:timers/promises";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import type { Service } from "../../support/services.ts";
import { cpuSeconds, residentKiB } from "../processes.ts";
import { type Backlog, writeBacklog } from "./backlog.ts";
import { PARTITIONS, REGION, makeAggregator, mirrored, startSite } from "./site.ts";

const SAMPLE_MS = 200;
/** Of the time that the backlog's readings tell. */
const RATE_PER_SECOND = 10_000;

export interface Drain {
  readonly contract: string;
  readonly readings: number;
  readonly devices: number;
  /** Readings of one frame. */
  readonly perFrame: number;
  readonly frameBytesPerReading: number;
  readonly seconds: number;
  readonly readingsPerSecond: number;
  /** Cores of each process meanwhile. */
  readonly cores: Readonly<Record<string, number>>;
  readonly aggregatorMiBMax: number;
  readonly influxdMiBMax: number;
}

export type BacklogSize = Pick<Backlog, "contract" | "readings" | "devices" | "perFrame">;

export const backlogOf = (size: BacklogSize): Backlog => ({
  ...size,
  region: REGION,
  partitions: PARTITIONS,
  ratePerSecond: RATE_PER_SECOND,
});

export async function measureDrain(
  size: BacklogSize,
  profileDirectory: string | undefined,
): Promise<Drain> {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack);
  const bytes = await writeBacklog(site.region, backlogOf(size));
  await mirrored(site);
  const aggregator = await makeAggregator(stack, site, profileDirectory);
  await aggregator.process.start();
  const pids = {
    aggregator: aggregator.process.pid!,
    influxd: site.influx.process.pid!,
    natsHub: site.nats.hub.process.pid!,
  };
  const drain = await follow(aggregator, size.readings, pids);
  // A profile is written when the process ends by itself.
  await aggregator.process.stop("SIGTERM");
  return { ...size, frameBytesPerReading: bytes / size.readings, ...drain };
}

/** From the first reading stored to the last. */
async function follow(
  aggregator: Service,
  readings: number,
  pids: Readonly<Record<"aggregator" | "influxd" | "natsHub", number>>,
): Promise<Omit<Drain, keyof BacklogSize | "frameBytesPerReading">> {
  let startMs = 0;
  let before: Record<string, number> = {};
  let storedAtStart = 0;
  const max = { aggregator: 0, influxd: 0 };
  const cpu = (): Record<string, number> =>
    Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSeconds(pid) ?? 0]));
  for (;;) {
    const { readingsStored } = await aggregator.status<AggregatorStatus>();
    if (readingsStored > 0 && startMs === 0) {
      startMs = performance.now();
      storedAtStart = readingsStored;
      before = cpu();
    }
    for (const name of ["aggregator", "influxd"] as const)
      max[name] = Math.max(max[name], (residentKiB(pids[name]) ?? 0) / 1024);
    if (readingsStored >= readings) break;
    await sleep(SAMPLE_MS);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const after = cpu();
  const cores = Object.keys(pids).map((name) => [name, (after[name]! - before[name]!) / seconds]);
  return {
    seconds,
    readingsPerSecond: (readings - storedAtStart) / seconds,
    cores: Object.fromEntries(cores) as Record<string, number>,
    aggregatorMiBMax: Math.round(max.aggregator),
    influxdMiBMax: Math.round(max.influxd),
  };
}
