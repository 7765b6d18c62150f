// Facts of an installation that runs well, to be spoilt by tests.
import type { HeardProcess } from "../../platform/nats/live/live-view.ts";
import type {
  AggregatorStatus,
  AlertingStatus,
  GatewayStatus,
  ProcessStatus,
} from "../../contracts/messages/status.ts";
import type { Fence } from "../../contracts/messages/generation.ts";
import { type Ledger, NO_TERMS } from "../../contracts/messages/ledger.ts";
import { Assessment } from "../../cloud/insight/assess.ts";
import type { Facts, RegionFacts } from "../../cloud/insight/facts.ts";
import type { Insight } from "../../cloud/insight/insight.ts";

export const START_MS = 1_800_000_000_000;
const REGIONS = ["eu", "us"];
const PARTITIONS = 2;
const MIB = 1024 ** 2;

/** The installation after some seconds: sequences grow by one a second and lane. */
export interface Moment {
  readonly nowMs: number;
  readonly seq: number;
}

/** Changes what is so at a moment. */
export interface Spoilt {
  readonly process?: (process: HeardProcess, moment: Moment) => HeardProcess | null;
  /** A process at the hub, beside those that are there anyway. */
  readonly also?: ProcessStatus;
  readonly region?: (region: RegionFacts, moment: Moment) => RegionFacts;
  readonly ledger?: Ledger | null;
  readonly ledgerAt?: (moment: Moment) => Ledger;
  readonly fence?: Fence;
}

const heard = (status: ProcessStatus, domain: string, { nowMs }: Moment): HeardProcess => ({
  ...{
    v: 1,
    kind: status.process as HeardProcess["kind"],
    instance: `${status.process}-1`,
    domain,
  },
  ...{ atMs: nowMs, startedMs: START_MS, heardMs: nowMs - 300, status },
  vitals: { rssBytes: 1, heapUsedBytes: 1, eventLoopP99Ms: 1, cpuShare: 0 },
});

const laneOf = (region: string, partition: number, doneSeq: number) => ({
  ...{ region, partition, doneSeq, watermarkMs: 0, stoppedBy: null },
});

const lanesOf = (regions: readonly string[], doneSeq: number) =>
  regions.flatMap((region) =>
    Array.from({ length: PARTITIONS }, (_, partition) => laneOf(region, partition, doneSeq)),
  );

function processesAt(moment: Moment): HeardProcess[] {
  const aggregator = {
    ...{ process: "aggregator", losses: [], lanes: lanesOf(REGIONS, moment.seq) },
    influx: { state: "ok", detail: "" },
    canaries: [],
    recentLatencyMs: {},
  } as unknown as AggregatorStatus;
  return [
    heard(aggregator, "hub", moment),
    ...REGIONS.flatMap((region) => {
      const log = { state: "ok", detail: "" };
      const gateway = { process: "gateway", region, log, slowed: [], readingsStored: 7 };
      const engine = { process: "alerting", losses: [], lanes: lanesOf([region], moment.seq) };
      return [
        heard(gateway as unknown as GatewayStatus, region, moment),
        heard(engine as unknown as AlertingStatus, region, moment),
      ];
    }),
  ];
}

function regionAt(region: string, { nowMs, seq }: Moment): RegionFacts {
  const log = { bytes: MIB, bytesMax: 100 * MIB, firstSeq: 1, lastSeq: seq, atMs: nowMs };
  const place = { doneSeq: seq, doneMs: nowMs - 800, nextMs: null };
  const lane = { newestSeq: seq, newestMs: nowMs - 800, aggregator: place, alerting: place };
  return {
    region,
    link: { up: true, sinceMs: START_MS, seenMs: nowMs, outages: [] },
    ...{ log, copy: { ...log, lag: 0 }, alertsSeq: 0, wentBack: [] },
    lanes: Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, ...lane })),
  };
}

/** The accounts of everything, all in order. */
export const BALANCED: Ledger = {
  rows: REGIONS.map((region) => ({
    ...{ ...NO_TERMS, region, contract: "room", acknowledged: 4_206_388, oldestMs: null },
  })),
  ...{ atMs: START_MS, lanes: [], open: [], named: [], heardMs: {} },
};

const ledgerOf = ({ ledger, ledgerAt }: Spoilt, moment: Moment): Ledger | null =>
  ledgerAt?.(moment) ?? (ledger === undefined ? BALANCED : ledger);

/** Lets an installation run for some seconds, spoilt in one way; the insights of each. */
export function run(
  seconds: number,
  spoilt: Spoilt = {},
  assessment = new Assessment(),
): Insight[] {
  const insights: Insight[] = [];
  for (let second = 0; second < seconds; second++) {
    const moment = { nowMs: START_MS + second * 1_000, seq: 1_000 + second };
    const facts: Facts = {
      ...{ atMs: moment.nowMs, listeningSinceMs: START_MS, alertsFiring: null },
      processes: [
        ...processesAt(moment).flatMap(
          (process) => (spoilt.process ? spoilt.process(process, moment) : process) ?? [],
        ),
        ...(spoilt.also ? [heard(spoilt.also, "hub", moment)] : []),
      ],
      regions: REGIONS.map((region) => {
        const of = regionAt(region, moment);
        return spoilt.region?.(of, moment) ?? of;
      }),
      ledger: ledgerOf(spoilt, moment),
      fence: spoilt.fence ?? null,
    };
    insights.push(assessment.observe(facts));
  }
  return insights;
}
