// The state of an installation on one screen (pure).
import type { ProcessStatus } from "../../../contracts/messages/status.ts";
import { laneName } from "../../../contracts/names/subjects.ts";
import {
  LANE_OPERATORS,
  type LaneOperator,
  laneStatus,
} from "../../../cloud/operations/lanes/process-answer.ts";
import type { LaneEnd, RegionLog } from "../../../cloud/operations/lanes/region-log.ts";
import { ago, bytes, count, number, table } from "../../../cloud/operations/words.ts";
import { about } from "../../../cloud/insight/words.ts";
import type { InstallationReport, RegionReport } from "./installation.ts";
import { isDown, problemLines, problemsOf, verdictOf } from "./problems.ts";

const ALERTS_SHOWN = 5;
const OPERATOR_HEADER = LANE_OPERATORS.flatMap((operator) => [
  operator.toUpperCase(),
  "BEHIND",
  "WATERMARK",
]);
const LANE_HEADER = ["LANE", "NEWEST", ...OPERATOR_HEADER];

export function screenLines(report: InstallationReport): string[] {
  const problems = problemsOf(report);
  if (isDown(report)) return [verdictOf(report, problems)];
  const lanes = report.regions.flatMap((region) => laneRows(region, report));
  const verdict = verdictOf(report, problems);
  return [
    verdict,
    // A verdict that is the only problem need not be told twice; what to do about it comes.
    ...problems.flatMap((one) => problemLines(one).slice(one.text === verdict ? 1 : 0)),
    "",
    ...table(["PROCESS", "STATE", "ADDRESS", "WORK"], processRows(report)),
    "",
    ...(lanes.length === 0 ? [] : [...table(LANE_HEADER, lanes), ""]),
    ...table(
      ["REGION", "LOG", "SEQUENCES", "REJECTS", "OPEN ALERTS"],
      report.regions.map((region) => regionRow(region, report)),
    ),
    ...volumeLines(report),
    ...alertLines(report),
  ];
}

function processRows({ servers, processes, atMs }: InstallationReport): string[][] {
  return [
    ...servers.map(({ name, address, problem }) => [name, problem ?? "runs", address, ""]),
    ...processes.map(({ name, address, isReady, status }) => [
      name,
      status ? (isReady ? "ready" : "not ready") : "does not answer",
      address,
      status ? workOf(status, atMs) : "",
    ]),
  ];
}

/** The work of a process since it started. */
function workOf(status: ProcessStatus, nowMs: number): string {
  switch (status.process) {
    case "gateway":
      return (
        `${count(status.connections, "connection")}, ` +
        `${count(status.readingsStored, "reading")} stored, ${number(status.held)} held` +
        (status.bridgeRepeats > 0 ? `, ${count(status.bridgeRepeats, "repeat")} of bridges` : "")
      );
    case "alerting":
      return `${count(status.rules.length, "rule")}, ${count(status.openAlerts, "alert")} open`;
    case "aggregator":
      return (
        `${count(status.readingsStored, "reading")} stored, ` +
        `${count(status.repairsWaiting, "repair")} waiting`
      );
    case "steward": {
      const lastMs = Math.max(0, ...Object.values(status.jobs).map((job) => job.lastRunMs));
      return lastMs === 0 ? "no job has run" : `last job ${ago(lastMs, nowMs)}`;
    }
    case "notifier": {
      const sum = (key: "sent" | "waiting"): number =>
        status.channels.reduce((total, channel) => total + channel[key], 0);
      return `${count(sum("sent"), "message")} sent, ${count(sum("waiting"), "alert")} waiting`;
    }
    case "simulator":
      return `${count(status.acknowledged, "reading")} acknowledged, ${number(status.inFlight)} in flight`;
    case "console":
      return `${count(status.pages, "page")} open, ${count(status.heard, "device")} heard`;
  }
}

const laneRows = ({ region, log }: RegionReport, report: InstallationReport): string[][] =>
  (log?.lanes ?? []).map((lane) => [
    laneName({ region, partition: lane.partition }),
    String(lane.newestSeq),
    ...LANE_OPERATORS.flatMap((operator) => operatorCells(region, lane, operator, report)),
  ]);

function operatorCells(
  region: string,
  { partition, newestSeq, hasEnded = false }: LaneEnd,
  operator: LaneOperator,
  { processes, atMs }: InstallationReport,
): string[] {
  const status = laneStatus(processes, operator, { region, partition });
  if (!status) return ["-", "-", "-"];
  const { doneSeq, watermarkMs, stoppedBy } = status;
  const isOver = hasEnded && doneSeq >= newestSeq;
  const watermark = isOver ? "ended" : watermarkMs === 0 ? "none" : ago(watermarkMs, atMs);
  return [
    String(doneSeq),
    String(Math.max(0, newestSeq - doneSeq)),
    stoppedBy === null ? watermark : `${watermark}, stopped`,
  ];
}

function regionRow({ region, log, rejects }: RegionReport, report: InstallationReport): string[] {
  const open = report.alerts.filter((alert) => alert.region === region).length;
  return [
    region,
    log ? fill(log) : "?",
    log ? `#${log.firstSeq} to #${log.lastSeq}` : "",
    rejects === null ? "?" : number(rejects),
    log ? number(open) : "?",
  ];
}

function fill({ bytes: used, bytesMax }: RegionLog): string {
  if (bytesMax === null) return bytes(used);
  return `${bytes(used)} of ${bytes(bytesMax)}, ${Math.floor((100 * used) / bytesMax)} % full`;
}

/** Disks and links over time, as the steward has watched them. */
function volumeLines({ processes }: InstallationReport): string[] {
  const rows = processes.flatMap(({ status }) => {
    if (status?.process !== "steward") return [];
    const { volumes = [], links = [] } = status;
    return [
      ...volumes.map(({ domain, name, usedBytes, freeBytes, bytesPerDay, fullInMs }) => [
        `${domain} ${name}`,
        bytes(usedBytes),
        bytes(freeBytes),
        bytesPerDay === null ? "?" : bytes(Math.max(0, bytesPerDay)),
        fullInMs === null ? "-" : about(fullInMs),
      ]),
      ...links.map(({ region, bytesPerDay }) => [
        ...[`${region} link`, "-", "-", bytesPerDay === null ? "?" : bytes(bytesPerDay), "-"],
      ]),
    ];
  });
  return rows.length === 0
    ? []
    : ["", ...table(["VOLUME", "USED", "FREE", "PER DAY", "FULL IN"], rows)];
}

/** The latest open alerts, the latest last. */
function alertLines({ alerts, atMs }: InstallationReport): string[] {
  if (alerts.length === 0) return [];
  const shown = alerts.slice(-ALERTS_SHOWN);
  const rows = shown.map(({ region, rule, key, state, severity, message, atMs: sinceMs }) => [
    ago(sinceMs, atMs),
    region,
    rule,
    key,
    state,
    severity,
    message,
  ]);
  const more = alerts.length - shown.length;
  return [
    "",
    ...table(["ALERT", "REGION", "RULE", "KEY", "STATE", "SEVERITY", "MESSAGE"], rows),
    ...(more === 0 ? [] : [`and ${number(more)} more: npx skerry alerts list`]),
  ];
}
