// The live panel (pure): two snapshots in, lines of text out.
import type { Histogram } from "hdr-histogram-js";
import { printable } from "../../platform/runtime/printable.ts";
import type { LaneStatus } from "../../contracts/messages/status.ts";
import { type CrashLoop, crashLoopText } from "./crash-loop.ts";
import { type Incident, incidentLines } from "./incident.ts";
import type { Snapshot } from "./monitor.ts";
import { type Addresses, REGIONS } from "./places.ts";

const INCIDENTS_SHOWN = 4;
const LINE_CHARS_MAX = 160;

export interface PanelInput {
  readonly elapsedSeconds: number;
  readonly runForSeconds: number | null;
  /** There are simulated devices. */
  readonly isSimulated: boolean;
  readonly previous: Snapshot;
  readonly latest: Snapshot;
  readonly latency: Histogram;
  readonly incidents: readonly Incident[];
  /** Processes that are started again too often now. */
  readonly looping: Readonly<Record<string, CrashLoop>>;
  readonly incidentsTotal: number;
  readonly addresses: Addresses;
}

export function renderPanel(input: PanelInput): string {
  const { previous, latest, latency } = input;
  const seconds = Math.max(0.001, (latest.atMs - previous.atMs) / 1000);
  const perSecond = (now = 0, before = 0): string =>
    (now >= before ? (now - before) / seconds : 0).toFixed(0).padStart(7);
  const { aggregator, simulator } = latest;
  const of = input.runForSeconds === null ? "" : ` of ${input.runForSeconds} s`;
  const lines = [
    `Skerry  ${input.elapsedSeconds.toFixed(0)} s${of}   Ctrl-C stops everything`,
    "",
    `  acknowledged to devices ${perSecond(simulator?.acknowledged, previous.simulator?.acknowledged)} /s   ` +
      `${(simulator?.acknowledged ?? 0).toLocaleString("en")} in all, ${simulator?.inFlight ?? 0} in flight`,
    `  stored in InfluxDB      ${perSecond(aggregator?.readingsStored, previous.aggregator?.readingsStored)} /s   ` +
      `late ${aggregator?.lateReadings ?? 0}`,
    `  device to store         p50 ${latency.getValueAtPercentile(50)} ms, p99 ${latency.getValueAtPercentile(99)} ms`,
    "",
    "  region  stored/s  rejected  held  backlog  open alerts  log",
  ];
  for (const region of REGIONS) {
    const gateway = latest.gateways.get(region);
    const alerting = latest.alerting.get(region);
    const cells = [
      perSecond(gateway?.readingsStored, previous.gateways.get(region)?.readingsStored).padStart(8),
      String(gateway?.rejectsStored ?? "?").padStart(8),
      String(gateway?.held ?? "?").padStart(4),
      backlog(aggregator?.lanes ?? [], region, latest.lastSeq.get(region)).padStart(7),
      String(alerting?.openAlerts ?? "?").padStart(11),
      gateway ? logState(gateway.log) : "gateway does not answer",
    ];
    lines.push(`  ${region.padEnd(6)}  ${cells.join("  ")}`);
  }
  const loops = Object.entries(input.looping).map(
    ([name, loop]) => `${name} ${crashLoopText(loop)}`,
  );
  const failures = [...loops, ...currentFailures(latest, input.isSimulated)];
  lines.push("", failures.length === 0 ? "  all well" : `  NOW: ${failures.join("; ")}`);
  const happened = { incidents: input.incidents, total: input.incidentsTotal };
  if (input.incidentsTotal > 0)
    for (const line of incidentLines(happened, INCIDENTS_SHOWN))
      lines.push(`  ${line}`.slice(0, LINE_CHARS_MAX));
  const { mqtt, influx } = input.addresses;
  lines.push(
    "",
    `  ${REGIONS.map((r) => `${r} ${mqtt[r]}`).join("   ")}   influx ${new URL(influx).origin}`,
  );
  return lines.map(printable).join("\n");
}

const logState = (log: { state: string; detail: string }): string =>
  log.state === "ok" ? "ok" : `${log.state}: ${log.detail}`.slice(0, 60);

/**
 * Frames in the region's log behind which the slowest lane stands. Lanes share the log's sequence and
 * an idle one moves with its empty frame each second, so up to a second's frames are normal.
 */
function backlog(
  lanes: readonly LaneStatus[],
  region: string,
  lastSeq: number | undefined,
): string {
  const done = lanes.filter((lane) => lane.region === region).map(({ doneSeq }) => doneSeq);
  if (done.length === 0 || lastSeq === undefined) return "?";
  return String(Math.max(0, lastSeq - Math.min(...done)));
}

function currentFailures(snapshot: Snapshot, isSimulated: boolean): string[] {
  const failures: string[] = [];
  for (const region of REGIONS) {
    if (!snapshot.gateways.has(region)) failures.push(`gateway-${region} is down`);
    if (!snapshot.alerting.has(region)) failures.push(`alerting-${region} is down`);
    if (!snapshot.lastSeq.has(region)) failures.push(`nats-${region} does not answer`);
  }
  if (!snapshot.aggregator) failures.push("aggregator is down");
  else if (snapshot.aggregator.influx.state !== "ok")
    failures.push(`InfluxDB: ${snapshot.aggregator.influx.detail}`);
  if (isSimulated && !snapshot.simulator) failures.push("simulator is down");
  const lanes = [
    ...(snapshot.aggregator?.lanes ?? []),
    ...[...snapshot.alerting.values()].flatMap((status) => status.lanes),
  ];
  for (const { region, partition, stoppedBy } of lanes)
    if (stoppedBy !== null) failures.push(`lane ${region}/${partition} stopped: ${stoppedBy}`);
  return failures;
}
