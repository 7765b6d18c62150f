// How fast one aggregator takes a backlog from the hub's mirror to InfluxDB.
import { setTimeout as sleep } from "node:timers/promises";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import type { Service } from "../../support/services.ts";
import { cpuSeconds, residentKiB } from "../processes.ts";
import type { Links } from "../links.ts";
import { type Backlog, writeBacklog } from "./backlog.ts";
import { REGION, type Store, makeAggregator, mirrored, startSite } from "./site.ts";

const SAMPLE_MS = 200;
/** Of the time that the backlog's readings tell. */
const RATE_PER_SECOND = 10_000;

/** What is drained, by how many, into what. */
export interface DrainPlan extends BacklogSize {
  readonly aggregators: number;
  readonly store: Store;
  readonly links: Links;
}

export interface Drain extends DrainPlan {
  readonly frameBytesPerReading: number;
  readonly seconds: number;
  readonly readingsPerSecond: number;
  /** Cores of each process meanwhile. */
  readonly cores: Readonly<Record<string, number>>;
  readonly aggregatorMiBMax: number;
  readonly storeMiBMax: number;
}

export type BacklogSize = Pick<
  Backlog,
  "contract" | "readings" | "devices" | "perFrame" | "partitions"
>;

export const backlogOf = (size: BacklogSize): Backlog => ({
  ...size,
  region: REGION,
  ratePerSecond: RATE_PER_SECOND,
});

export async function measureDrain(
  plan: DrainPlan,
  profileDirectory: string | undefined,
): Promise<Drain> {
  await using stack = new AsyncDisposableStack();
  const { partitions, store, links } = plan;
  const site = await startSite(stack, { store, partitions, links });
  const bytes = await writeBacklog(site.region, backlogOf(plan));
  await mirrored(site);
  const making = Array.from({ length: plan.aggregators }, () =>
    makeAggregator(stack, site, profileDirectory, partitions),
  );
  const aggregators = await Promise.all(making);
  await Promise.all(aggregators.map(({ process }) => process.start()));
  const pids = {
    aggregator: aggregators.map(({ process }) => process.pid!),
    store: [site.influx.process.pid!],
    natsHub: [site.nats.hub.process.pid!],
  };
  const drain = await follow(aggregators, plan.readings, pids);
  // A profile is written when the process ends by itself.
  for (const { process } of aggregators) await process.stop("SIGTERM");
  return { ...plan, frameBytesPerReading: bytes / plan.readings, ...drain };
}

type Pids = Readonly<Record<"aggregator" | "store" | "natsHub", readonly number[]>>;

const sumOf = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0);

/** From the first reading stored to the last. */
async function follow(
  aggregators: readonly Service[],
  readings: number,
  pids: Pids,
): Promise<Omit<Drain, keyof DrainPlan | "frameBytesPerReading">> {
  let startMs = 0;
  let before: Record<string, number> = {};
  let storedAtStart = 0;
  const max = { aggregator: 0, store: 0 };
  const cpu = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(pids).map(([name, all]) => [
        name,
        sumOf(all.map((pid) => cpuSeconds(pid) ?? 0)),
      ]),
    );
  for (;;) {
    const statuses = aggregators.map((one) => one.status<AggregatorStatus>());
    const readingsStored = sumOf((await Promise.all(statuses)).map((one) => one.readingsStored));
    if (readingsStored > 0 && startMs === 0) {
      startMs = performance.now();
      storedAtStart = readingsStored;
      before = cpu();
    }
    for (const name of ["aggregator", "store"] as const) {
      const mib = sumOf(pids[name].map((pid) => residentKiB(pid) ?? 0)) / 1024;
      max[name] = Math.max(max[name], mib);
    }
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
    storeMiBMax: Math.round(max.store),
  };
}
