import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import {
  alertSubjects,
  alertsStream,
  rejectsStream,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import { readLedger } from "../../device-sim/ledger.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { type Audit, audit } from "./audit.ts";
import { countMissing, readLog } from "./audit-log.ts";
import type { CrashLoop } from "./crash-loop.ts";
import type { Incident } from "./incident.ts";
import type { Monitor } from "./monitor.ts";
import { type Addresses, INFLUX_DATABASE, type LocalPlan, REGIONS, type Region } from "./plan.ts";

/** The last sequences of the region's other streams when the run began. */
export type StreamMarks = Record<
  Region,
  { telemetrySeq: number; alertsSeq: number; rejectsSeq: number }
>;

/** Written in the place of a report where there is none: nobody has to wonder about an empty file. */
export interface Failure {
  /** The reason why there is no report. */
  failed: string;
  incidents: readonly Incident[];
  incidentsTotal: number;
}

export interface Latency {
  p50: number;
  p99: number;
  max: number;
}

export interface Report extends Omit<Audit, "regions"> {
  startedAt: string;
  durationSeconds: number;
  /** False if the path still held something when the report was made. */
  drained: boolean;
  /** Acknowledged readings that their region's log does not hold, with the same content. */
  missingInLog: number;
  rejected: number;
  alerts: { raised: number; cleared: number };
  /** Device clock to InfluxDB acknowledgement, over all readings. */
  latencyMs: Latency;
  regions: Record<string, Audit["regions"][string] & { latencyMs: Latency }>;
  /** Processes that were started again, and how often. */
  restarts: Record<string, number>;
  /** Those that were started again more than five times within a minute, and why. */
  crashLoops: Record<string, CrashLoop>;
  /** Everything that went wrong meanwhile, oldest first; the latest ones where there were very many. */
  incidents: readonly Incident[];
  incidentsTotal: number;
  addresses: Addresses;
}

export async function streamMarks(
  connections: Record<Region, NatsConnection>,
): Promise<StreamMarks> {
  const marks = {} as StreamMarks;
  for (const region of REGIONS) {
    const streams = new Streams(connections[region]);
    const [telemetry, alerts, rejects] = await Promise.all([
      streams.state(telemetryStream(region)),
      streams.state(alertsStream(region)),
      streams.state(rejectsStream(region)),
    ]);
    marks[region] = {
      telemetrySeq: telemetry.lastSeq,
      alertsSeq: alerts.lastSeq,
      rejectsSeq: rejects.lastSeq,
    };
  }
  return marks;
}

export async function makeReport(parts: {
  plan: LocalPlan;
  monitor: Monitor;
  connections: Record<Region, NatsConnection>;
  begin: { at: Date; marks: StreamMarks };
  drained: boolean;
  /** Open rollups are written about once a second: how long to wait for the last ones. */
  settleMs: number;
  restarts: Record<string, number>;
  crashLoops: Record<string, CrashLoop>;
  logger: Logger;
}): Promise<Omit<Report, "incidents" | "incidentsTotal">> {
  const { plan, connections, begin } = parts;
  const result = await settledAudit(plan, parts.settleMs);
  const end = await streamMarks(connections);
  const inLog = new Set<string>();
  for (const region of REGIONS) {
    const range = { from: begin.marks[region].telemetrySeq + 1, to: end[region].telemetrySeq };
    await readLog(connections[region], { region, range }, inLog, parts.logger);
  }
  const missingInLog = await countMissing(readLedger(plan.ledgerPath), inLog);
  let rejected = 0;
  const alerts = { raised: 0, cleared: 0 };
  for (const region of REGIONS) {
    rejected += end[region].rejectsSeq - begin.marks[region].rejectsSeq;
    const range = { from: begin.marks[region].alertsSeq + 1, to: end[region].alertsSeq };
    for (const { state } of await readAlerts(connections[region], region, range, parts.logger))
      alerts[state === "firing" ? "raised" : "cleared"] += 1;
  }
  const { all, byRegion } = parts.monitor.latency();
  const { regions, ...totals } = result;
  return {
    startedAt: begin.at.toISOString(),
    durationSeconds: (Date.now() - begin.at.getTime()) / 1000,
    drained: parts.drained,
    ...totals,
    missingInLog,
    rejected,
    alerts,
    latencyMs: summary(all),
    regions: Object.fromEntries(
      Object.entries(regions).map(([region, values]) => [
        region,
        { ...values, latencyMs: summary(byRegion.get(region)) },
      ]),
    ),
    restarts: parts.restarts,
    crashLoops: parts.crashLoops,
    addresses: plan.addresses,
  };
}

/** Repeats the audit for a few seconds while only a rollup is behind. */
async function settledAudit(plan: LocalPlan, settleMs: number): Promise<Audit> {
  const influx = new InfluxClient(
    { url: plan.addresses.influx, database: INFLUX_DATABASE },
    60_000,
  );
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const deadlineMs = performance.now() + settleMs;
  for (;;) {
    const result = await audit(readLedger(plan.ledgerPath), influx, catalog, REGIONS);
    if (result.rollups.wrong === 0 || performance.now() > deadlineMs) return result;
    await sleep(500);
  }
}

async function readAlerts(
  connection: NatsConnection,
  region: Region,
  range: { from: number; to: number },
  logger: Logger,
): Promise<Alert[]> {
  if (range.to < range.from) return [];
  const slice = { stream: alertsStream(region), subject: alertSubjects(region), from: range.from };
  const enough = new AbortController();
  const alerts: Alert[] = [];
  for await (const { seq, data } of readSlice(connection, slice, logger, enough.signal)) {
    alerts.push(jsonOf<Alert>(data));
    if (seq >= range.to) break;
  }
  enough.abort();
  return alerts;
}

const summary = (
  histogram: { getValueAtPercentile(p: number): number; maxValue: number } | undefined,
): Latency => ({
  p50: histogram?.getValueAtPercentile(50) ?? 0,
  p99: histogram?.getValueAtPercentile(99) ?? 0,
  max: histogram?.maxValue ?? 0,
});
