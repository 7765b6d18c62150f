// From a device's clock to InfluxDB's acknowledgement at a steady load, as the aggregator measures it for each reading.
import { setTimeout as sleep } from "node:timers/promises";
import { type Histogram, decodeFromCompressedBase64 } from "hdr-histogram-js";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import { Generator } from "../ingest/generator.ts";
import type { Percentiles } from "../ingest/measure.ts";
import { PACED_WINDOW } from "../ingest/plan.ts";
import { REGION, makeAggregator, startGateway, startSite } from "./site.ts";

const CONNECTIONS = 100;
const WARMUP_MS = 8_000;
/** The aggregator sums up at most this often. */
const SUMMED_UP_MS = 1_500;

export interface Path {
  readonly ratePerSecond: number;
  readonly readings: number;
  /** From the device's clock to the store, the gateway and the WAN between; in whole milliseconds. */
  readonly storedMs: Percentiles;
}

export async function measurePath(ratePerSecond: number, seconds: number): Promise<Path> {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack);
  const gateway = await startGateway(stack, site);
  const aggregator = await makeAggregator(stack, site);
  await aggregator.process.start();
  const generator = stack.use(new Generator(1));
  await generator.open(gateway, CONNECTIONS, PACED_WINDOW);
  const measureMs = WARMUP_MS + seconds * 1_000 + 2 * SUMMED_UP_MS;
  const load = generator.load({ do: "pace", ratePerSecond, warmupMs: 0, measureMs });
  const soFar = async (): Promise<Histogram> => {
    const { latencyMs } = await aggregator.status<AggregatorStatus>();
    return decodeFromCompressedBase64(latencyMs[REGION]!.total!);
  };
  await sleep(WARMUP_MS);
  const before = await soFar();
  await sleep(seconds * 1_000);
  const during = await soFar();
  during.subtract(before);
  await load;
  await generator.close();
  const at = (percentile: number): number => during.getValueAtPercentile(percentile);
  const storedMs = { p50: at(50), p99: at(99), p999: at(99.9), max: during.maxValue };
  return { ratePerSecond, readings: during.totalCount, storedMs };
}
