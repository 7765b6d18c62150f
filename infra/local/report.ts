import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { type Alert, isAlertState } from "../../contracts/messages/alert.ts";
import { type Catalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import {
  alertSubjects,
  alertsStream,
  rejectsStream,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import { type LedgerEntry, readLedger } from "../../device-sim/ledger.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { knownContracts } from "../../cloud/operations/rules/contracts.ts";
import { type Audit, audit } from "./audit.ts";
import { countMissing, readLog } from "./audit-log.ts";
import type { CrashLoop } from "./crash-loop.ts";
import type { Incident } from "./incident.ts";
import type { Monitor } from "./monitor.ts";
import { type Addresses, INFLUX_DATABASE, REGIONS, type Region } from "./places.ts";
import type { LocalPlan } from "./plan.ts";

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

/** Everything that the end of a run found wrong, a line for each; none for a run that is sound. */
export function problemsOf(
  report: Pick<Report, "missing" | "missingInLog" | "duplicated" | "drained" | "rollups">,
): string[] {
  const { missing, missingInLog, duplicated, drained, rollups } = report;
  const counts: [number, string][] = [
    [missing, "acknowledged readings are missing in InfluxDB"],
    [missingInLog, "acknowledged readings are missing in their region's log"],
    [duplicated, "readings are there twice, or counted twice"],
    [rollups.wrong, "rollups differ from the points under them"],
  ];
  const lines = counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
  return drained ? lines : [...lines, "the path still held readings when the report was made"];
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
  connections: Record<"hub" | Region, NatsConnection>;
  begin: { at: Date; marks: StreamMarks };
  drained: boolean;
  /** Open rollups are written about once a second: how long to wait for the last ones. */
  settleMs: number;
  restarts: Record<string, number>;
  crashLoops: Record<string, CrashLoop>;
  logger: Logger;
}): Promise<Omit<Report, "incidents" | "incidentsTotal">> {
  const { plan, connections, begin } = parts;
  // Devices may have sent what was published meanwhile.
  const catalog = await knownContracts(connections.hub, SCHEMAS_DIRECTORY);
  const result = await settledAudit(plan, catalog, parts.settleMs);
  const end = await streamMarks(connections);
  const inLog = new Set<string>();
  for (const region of REGIONS) {
    const range = { from: begin.marks[region].telemetrySeq + 1, to: end[region].telemetrySeq };
    await readLog(connections[region], { region, range }, inLog, parts.logger);
  }
  const missingInLog = await countMissing(ledgerOf(plan), inLog);
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

/** Acknowledged readings; none where there are no devices to write them down. */
async function* ledgerOf({ isSimulated, ledgerPath }: LocalPlan): AsyncGenerator<LedgerEntry> {
  if (isSimulated) yield* readLedger(ledgerPath);
}

/** Repeats the audit for a few seconds while only a rollup is behind. */
async function settledAudit(plan: LocalPlan, catalog: Catalog, settleMs: number): Promise<Audit> {
  const influx = new InfluxClient(
    { url: plan.addresses.influx, database: INFLUX_DATABASE },
    60_000,
  );
  const deadlineMs = performance.now() + settleMs;
  for (;;) {
    const result = await audit(ledgerOf(plan), influx, catalog, REGIONS);
    if (result.rollups.wrong === 0 || performance.now() > deadlineMs) return result;
    await sleep(500);
  }
}

async function readAlerts(
  connection: NatsConnection,
  region: Region,
  range: { from: number; to: number },
  logger: Logger,
): Promise<Pick<Alert, "state">[]> {
  if (range.to < range.from) return [];
  const slice = { stream: alertsStream(region), subject: alertSubjects(region), from: range.from };
  const enough = new AbortController();
  const alerts: Pick<Alert, "state">[] = [];
  for await (const { seq, data } of readSlice(connection, slice, logger, enough.signal)) {
    alerts.push(...readable(data));
    if (seq >= range.to) break;
  }
  enough.abort();
  return alerts;
}

/** None for what is no alert: that is set aside, and no reason to have no report. */
function readable(data: Uint8Array): Pick<Alert, "state">[] {
  try {
    const { state } = jsonOf<Partial<Alert> | null>(data) ?? {};
    return isAlertState(state) ? [{ state }] : [];
  } catch {
    return [];
  }
}

const summary = (
  histogram: { getValueAtPercentile(p: number): number; maxValue: number } | undefined,
): Latency => ({
  p50: histogram?.getValueAtPercentile(50) ?? 0,
  p99: histogram?.getValueAtPercentile(99) ?? 0,
  max: histogram?.maxValue ?? 0,
});
