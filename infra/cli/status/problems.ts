// Faults of an installation in words, the worst first (pure).
import { dirname, join } from "node:path";
import type { GatewayStatus, LaneLoss, ProcessStatus } from "../../../contracts/messages/status.ts";
import { laneName } from "../../../contracts/names/subjects.ts";
import {
  LANE_OPERATORS,
  type LaneOperator,
  type ProcessAnswer,
  laneStatus,
} from "../../../cloud/operations/lanes/process-answer.ts";
import type { LaneEnd } from "../../../cloud/operations/lanes/region-log.ts";
import { ago, count, duration } from "../../../cloud/operations/words.ts";
import { lossText } from "../lane/lanes-text.ts";
import type { InstallationReport, RegionReport } from "./installation.ts";

/** A lane whose watermark is older, although newer frames are there, does not keep up. */
const BEHIND_MS = 60_000;
/** Share of a log's size bound from which on somebody should act. */
const LOG_FILLED = 0.8;
/** The number of keys that are named of those for which a rule cannot be evaluated. */
const KEYS_NAMED = 3;

/** True if no server and no process answers. */
export const isDown = ({ servers, processes }: InstallationReport): boolean =>
  servers.every(({ problem }) => problem !== null) &&
  processes.every(({ status }) => status === null);

/** The first line: the state of everything in a sentence. */
export function verdictOf(report: InstallationReport, problems: readonly string[]): string {
  const { path, alerts } = report;
  if (isDown(report))
    return `Nothing runs: none of the addresses in ${path} answers. Start Skerry with npm start.`;
  const loud =
    alerts.length === 0 ? "" : ` ${count(alerts.length, "alert is", "alerts are")} open.`;
  const [first, ...others] = problems;
  if (first === undefined) return `Everything runs; nothing is lost.${loud}`;
  if (others.length === 0) return first;
  // Whoever does not answer may know of losses.
  const isAnswered = report.processes.every(({ status }) => status !== null);
  const lost = isAnswered && lossesOf(report).length === 0 ? "; nothing is lost" : "";
  return `${count(problems.length, "thing is", "things are")} wrong${lost}:`;
}

export function problemsOf(report: InstallationReport): string[] {
  const { servers, processes, regions, path, atMs } = report;
  return [
    ...servers.flatMap(({ name, address, problem }) =>
      problem === null ? [] : [`${name} at ${address}: ${problem}`],
    ),
    ...processes.flatMap((process) => absence(process, dirname(path))),
    ...regions.flatMap((region) => laneProblems(region, processes, atMs)),
    ...lossesOf(report).map((loss) => lossText(loss, atMs)),
    ...regions.flatMap(logProblems),
    ...processes.flatMap(({ name, status }) => (status ? processProblems(name, status, atMs) : [])),
  ];
}

function absence({ name, address, isReady, status }: ProcessAnswer, dataDir: string): string[] {
  if (!status)
    return [
      `${name} at ${address}: does not answer; its log is ${join(dataDir, "logs", name)}.log`,
    ];
  return isReady ? [] : [`${name} is not ready`];
}

/** Losses, each once: both operators see the same frames missing. */
function lossesOf({ processes }: InstallationReport): LaneLoss[] {
  const losses = processes.flatMap(({ status }) =>
    status?.process === "aggregator" || status?.process === "alerting" ? status.losses : [],
  );
  return [...new Map(losses.map((loss) => [`${laneName(loss)} ${loss.what}`, loss])).values()];
}

const POSSESSIVE: Readonly<Record<LaneOperator, string>> = {
  alerting: "the alerting engine's",
  aggregator: "the aggregator's",
};

function laneProblems(
  { region, log }: RegionReport,
  processes: readonly ProcessAnswer[],
  nowMs: number,
): string[] {
  return LANE_OPERATORS.flatMap((operator) => {
    // Processes that do not answer are named already; a lane without an owner is news only beside others.
    if (!processes.some(({ status }) => isOperatorOf(status, operator, region))) return [];
    return (log?.lanes ?? []).flatMap((lane) => {
      const why = laneProblem({ region, operator, lane }, processes, nowMs);
      const name = `${POSSESSIVE[operator]} lane ${laneName({ region, ...lane })}`;
      return why === null ? [] : [`${region}: ${name} ${why}`];
    });
  });
}

const isOperatorOf = (
  status: ProcessStatus | null,
  operator: LaneOperator,
  region: string,
): boolean =>
  status?.process === operator && (status.process !== "alerting" || status.region === region);

function laneProblem(
  of: { region: string; operator: LaneOperator; lane: LaneEnd },
  processes: readonly ProcessAnswer[],
  nowMs: number,
): string | null {
  const { partition, newestSeq } = of.lane;
  const status = laneStatus(processes, of.operator, { region: of.region, partition });
  if (!status) return "is nobody's";
  const { stoppedBy, doneSeq, watermarkMs } = status;
  if (stoppedBy !== null)
    return stoppedBy.startsWith("waits") ? stoppedBy : `stands still: ${stoppedBy}`;
  const behindMs = nowMs - watermarkMs;
  if (doneSeq >= newestSeq || behindMs < BEHIND_MS) return null;
  return watermarkMs === 0
    ? "has not begun"
    : `is ${duration(behindMs)} behind, at #${doneSeq} of #${newestSeq}`;
}

function logProblems({ region, log }: RegionReport): string[] {
  if (!log?.bytesMax || log.bytes < LOG_FILLED * log.bytesMax) return [];
  const percent = Math.floor((100 * log.bytes) / log.bytesMax);
  return [
    `${region}: the log is ${percent} % full; once it is full, devices are not acknowledged any more`,
  ];
}

function processProblems(name: string, status: ProcessStatus, nowMs: number): string[] {
  switch (status.process) {
    case "gateway":
      return gatewayProblems(name, status);
    case "alerting":
      return [
        ...Object.entries(status.rulesDisabled).map(
          ([rule, why]) => `${name}: rule ${rule} is not evaluated any more: ${why}`,
        ),
        ...Object.entries(status.rulesFailing).flatMap(([rule, { keys }]) => {
          const failing = Object.keys(keys);
          return failing.length === 0
            ? []
            : [
                `${name}: rule ${rule} cannot be evaluated for ${failing.slice(0, KEYS_NAMED).join(", ")}` +
                  (failing.length > KEYS_NAMED ? ` and ${failing.length - KEYS_NAMED} more` : ""),
              ];
        }),
        ...status.rulesWaiting.map((rule) => `${name}: a rule waits: ${rule}`),
      ];
    case "aggregator":
      return status.influx.state === "ok"
        ? []
        : [`${name}: the store does not take what is written: ${status.influx.detail}`];
    case "steward":
      return Object.entries(status.jobs).flatMap(([job, { lastRunMs, error }]) =>
        error === null ? [] : [`${name}: job ${job} failed ${ago(lastRunMs, nowMs)}: ${error}`],
      );
    case "notifier":
      return status.channels.flatMap(({ channel, region, lastError, deadLetters }) => [
        ...(lastError === null ? [] : [`${name}: channel ${channel}, ${region}: ${lastError}`]),
        ...(deadLetters === 0
          ? []
          : [`${name}: channel ${channel}, ${region}: ${count(deadLetters, "message")} given up`]),
      ]);
    case "simulator":
    case "console":
      return [];
  }
}

function gatewayProblems(
  name: string,
  { log, rejectsDropped, contestedClientIds }: GatewayStatus,
): string[] {
  const dropped = rejectsDropped.most.filter(({ forRoom }) => forRoom > 0);
  return [
    ...(log.state === "ok"
      ? []
      : [`${name}: the log refuses, so nothing is acknowledged: ${log.detail}`]),
    ...dropped.map(
      ({ device, reason, forRoom }) =>
        `${name}: ${count(forRoom, "reject")} (${reason}) of ${device} dropped to make room`,
    ),
    ...contestedClientIds.map(
      ({ clientId, takeovers, addresses }) =>
        `${name}: clients at ${addresses.join(" and ")} take client id ${clientId} from each other, ${takeovers} times a minute`,
    ),
  ];
}
