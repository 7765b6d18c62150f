// Gathers what the panel shows and the report needs, once a second, from the processes themselves.
import { type Histogram, build, decodeFromCompressedBase64 } from "hdr-histogram-js";
import type {
  AggregatorStatus,
  AlertingStatus,
  GatewayStatus,
  LaneStatus,
  NotifierStatus,
  ProcessStatus,
  SequenceRestartCounts,
  SimulatorStatus,
  StewardStatus,
} from "../../contracts/messages/status.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { REGIONS, type Region } from "./places.ts";
import { type LocalPlan, startedOf } from "./plan.ts";
import type { Supervisor } from "./supervisor.ts";

const POLL_EVERY_MS = 500;

export interface Snapshot {
  readonly atMs: number;
  readonly gateways: ReadonlyMap<string, GatewayStatus>;
  readonly alerting: ReadonlyMap<string, AlertingStatus>;
  /** All aggregators that answer, as if they were one. */
  readonly aggregator: AggregatorStatus | null;
  readonly simulator: SimulatorStatus | null;
  /** Null without channels, too. */
  readonly notifier: NotifierStatus | null;
  readonly steward: StewardStatus | null;
  /** Last sequence of each region's own log; what is missing does not answer. */
  readonly lastSeq: ReadonlyMap<Region, number>;
}

export const EMPTY_SNAPSHOT: Snapshot = {
  atMs: 0,
  gateways: new Map(),
  alerting: new Map(),
  aggregator: null,
  simulator: null,
  notifier: null,
  steward: null,
  lastSeq: new Map(),
};

export class Monitor {
  readonly #plan: LocalPlan;
  readonly #supervisor: Supervisor;
  readonly #streams = new Map<Region, Streams>();
  /** The last histograms of each start of an aggregator: a restart must not forget the earlier. */
  readonly #latency = new Map<string, AggregatorStatus["latencyMs"]>();
  previous: Snapshot = EMPTY_SNAPSHOT;
  latest: Snapshot = EMPTY_SNAPSHOT;

  constructor(plan: LocalPlan, supervisor: Supervisor) {
    this.#plan = plan;
    this.#supervisor = supervisor;
  }

  connect(connections: Record<Region, NatsConnection>): void {
    for (const region of REGIONS)
      this.#streams.set(region, new Streams(connections[region], { timeoutMs: 1_000 }));
  }

  /** Refreshes until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.refresh();
      await sleep(POLL_EVERY_MS, signal);
    }
  }

  async refresh(): Promise<Snapshot> {
    const { addresses } = this.#plan;
    const names = startedOf(this.#plan).map(({ name }) => name);
    const [answers, sequences] = await Promise.all([
      Promise.all(names.map((name) => fetchStatus(addresses.status[name]!))),
      Promise.all(REGIONS.map((region) => this.#lastSeq(region))),
    ]);
    const gateways = new Map<string, GatewayStatus>();
    const alerting = new Map<string, AlertingStatus>();
    const aggregators: AggregatorStatus[] = [];
    let sim: SimulatorStatus | null = null;
    let notifier: NotifierStatus | null = null;
    let steward: StewardStatus | null = null;
    for (const [at, status] of answers.entries()) {
      if (status?.process === "gateway") gateways.set(status.region, status);
      if (status?.process === "alerting") alerting.set(status.region, status);
      if (status?.process === "aggregator") {
        aggregators.push(status);
        const { starts } = this.#supervisor.get(names[at]!);
        this.#latency.set(`${names[at]} ${starts}`, status.latencyMs);
      }
      if (status?.process === "simulator") sim = status;
      if (status?.process === "notifier") notifier = status;
      if (status?.process === "steward") steward = status;
    }
    const aggregator = together(aggregators);
    const lastSeq = new Map<Region, number>();
    for (const [at, region] of REGIONS.entries())
      if (sequences[at] !== null) lastSeq.set(region, sequences[at]!);
    this.previous = this.latest;
    const edge = { gateways, alerting, simulator: sim, lastSeq };
    this.latest = { atMs: Date.now(), ...edge, aggregator, notifier, steward };
    return this.latest;
  }

  /** Device clock to InfluxDB acknowledgement over all starts of all aggregators, in ms. */
  latency(): { all: Histogram; byRegion: Map<string, Histogram> } {
    const all = build();
    const byRegion = new Map<string, Histogram>();
    for (const histograms of this.#latency.values())
      for (const [region, { total }] of Object.entries(histograms)) {
        if (total === undefined) continue;
        const histogram = decodeFromCompressedBase64(total);
        all.add(histogram);
        if (!byRegion.has(region)) byRegion.set(region, build());
        byRegion.get(region)!.add(histogram);
      }
    return { all, byRegion };
  }

  async #lastSeq(region: Region): Promise<number | null> {
    const state = await this.#streams
      .get(region)
      ?.state(telemetryStream(region))
      .catch(() => null);
    return state?.lastSeq ?? null;
  }
}

/** Several aggregators share the lanes: counters add up, each lane is one's, the worst state counts. */
export function together(all: readonly AggregatorStatus[]): AggregatorStatus | null {
  const [first, ...others] = all;
  if (!first) return null;
  return others.reduce<AggregatorStatus>(
    (sum, one) => ({
      ...sum,
      readingsStored: sum.readingsStored + one.readingsStored,
      lateReadings: sum.lateReadings + one.lateReadings,
      repairsWaiting: sum.repairsWaiting + one.repairsWaiting,
      rollupsRevised: sum.rollupsRevised + one.rollupsRevised,
      setAside: sum.setAside + one.setAside,
      sequenceRestarts: restartsOf(sum.sequenceRestarts, one.sequenceRestarts),
      losses: [...sum.losses, ...one.losses],
      lanes: withoutPassedOn([...sum.lanes, ...one.lanes]),
      canaries: [...sum.canaries, ...one.canaries],
      influx: sum.influx.state === "ok" ? one.influx : sum.influx,
    }),
    first,
  );
}

function restartsOf(a: SequenceRestartCounts, b: SequenceRestartCounts): SequenceRestartCounts {
  const devices = { ...a.devices };
  for (const [device, count] of Object.entries(b.devices))
    devices[device] = (devices[device] ?? 0) + count;
  return { total: a.total + b.total, devices };
}

/** While a lane passes from one to the other both may show it: the one that is further counts. */
function withoutPassedOn(lanes: readonly LaneStatus[]): LaneStatus[] {
  const furthest = new Map<string, LaneStatus>();
  for (const lane of lanes) {
    const key = `${lane.region} ${lane.partition}`;
    if ((furthest.get(key)?.doneSeq ?? -1) < lane.doneSeq) furthest.set(key, lane);
  }
  return [...furthest.values()];
}

async function fetchStatus(url: string): Promise<ProcessStatus | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    return (await response.json()) as ProcessStatus;
  } catch {
    return null;
  }
}

/**
 * True once every lane of a region has passed a sequence: then all that was in the log by then has
 * had its effect. Lanes without readings pass it with their next empty frame.
 */
export const lanesPassed = (
  lanes: readonly LaneStatus[],
  region: Region,
  seq: number,
  { first, count }: { first: number; count: number },
): boolean => {
  const own = lanes.filter((lane) => lane.region === region && lane.partition >= first);
  return own.length === count && own.every(({ doneSeq }) => doneSeq >= seq);
};
