// Faults of an installation in words, the worst first (pure): the hub's verdict, in the words that the console has, and
// what can be seen from this machine only.
import { dirname, join } from "node:path";
import type {
  AlertingStatus,
  GatewayStatus,
  ProcessStatus,
  ToldProblem,
} from "../../../contracts/messages/status.ts";
import type { ProblemKind } from "../../../cloud/insight/insight.ts";
import type { ProcessAnswer } from "../../../cloud/operations/lanes/process-answer.ts";
import { ago, count } from "../../../cloud/operations/words.ts";
import { ADDRESSES_FILE, TARGET } from "../../install/layout.ts";
import type { InstallationReport } from "./installation.ts";

/** The number of keys that are named of those for which a rule cannot be evaluated. */
const KEYS_NAMED = 3;
/** The kind of the same problem as the hub tells it. */
const LOG_REFUSES: ProblemKind = "log_refuses";
const RUN_BOOKS = "docs/guides/run-books.md";

/** Something that is wrong; `next` and its run book where there is one. */
export interface StatusProblem {
  readonly text: string;
  readonly next: string | null;
  readonly runBook: string | null;
}

/** True if no server and no process answers. */
export const isDown = ({ servers, processes }: InstallationReport): boolean =>
  servers.every(({ problem }) => problem !== null) &&
  processes.every(({ status }) => status === null);

/** The first line: the state of everything in a sentence, which is the console's where the hub has one. */
export function verdictOf(report: InstallationReport, problems: readonly StatusProblem[]): string {
  const { path, alerts, insight } = report;
  if (isDown(report))
    return `Nothing runs: none of the addresses in ${path} answers. Start Skerry with ${path === ADDRESSES_FILE ? `systemctl start ${TARGET}` : "npm start"}.`;
  const loud =
    alerts.length === 0 ? "" : ` ${count(alerts.length, "alert is", "alerts are")} open.`;
  const [first, ...others] = problems;
  if (insight && (first === undefined || insight.problems.length > 0))
    return `${insight.sentence}${loud}`;
  if (first === undefined) return `Everything that was asked runs.${loud}`;
  return others.length === 0
    ? first.text
    : `${count(problems.length, "thing is", "things are")} wrong:`;
}

/** Problems that the hub finds come first, because its first is the worst of all. */
export function problemsOf(report: InstallationReport): StatusProblem[] {
  const { servers, processes, insight, path, atMs } = report;
  return [
    ...(insight?.problems ?? []).map(toldByHub),
    ...servers.flatMap(({ name, address, problem }) =>
      problem === null ? [] : [seenHere(`${name} at ${address}: ${problem}`, startIt(name))],
    ),
    ...processes.flatMap((process) => absence(process, path)),
    ...processes.flatMap(({ name, status }) => (status ? processProblems(name, status, atMs) : [])),
    ...processes.flatMap(({ name, status }) =>
      status?.process === "gateway" ? logProblems(name, status, insight) : [],
    ),
  ];
}

/** A gateway that the hub does not hear, because its region is cut off, says here that its log refuses. */
function logProblems(
  name: string,
  { region, log }: GatewayStatus,
  insight: InstallationReport["insight"],
): StatusProblem[] {
  const isTold = insight?.problems.some((one) => one.kind === LOG_REFUSES && one.region === region);
  if (log.state === "ok" || isTold) return [];
  return [seenHere(`${name}: the log refuses, so nothing is acknowledged: ${log.detail}`)];
}

/** The lines of a problem: what it is, what to do next, where to read on. */
export const problemLines = ({ text, next, runBook }: StatusProblem): string[] => [
  `  ${text}`,
  ...(next === null ? [] : [`    next: ${next}`]),
  ...(runBook === null ? [] : [`    run book: ${runBook}`]),
];

const toldByHub = ({ text, next, runBook }: ToldProblem): StatusProblem => ({
  ...{ text, next },
  runBook: `${RUN_BOOKS}#${runBook}`,
});

const seenHere = (text: string, next: string | null = null): StatusProblem => ({
  ...{ text, next },
  runBook: null,
});

const startIt = (name: string): string => `Start ${name}; the end of its log says why it ended.`;

function absence({ name, address, isReady, status }: ProcessAnswer, path: string): StatusProblem[] {
  if (!status) {
    const [unit] = name.split("-");
    const log =
      path === ADDRESSES_FILE
        ? `in journalctl -u skerry-${unit}`
        : `${join(dirname(path), "logs", name)}.log`;
    return [seenHere(`${name} at ${address}: does not answer; its log is ${log}`, startIt(name))];
  }
  return isReady ? [] : [seenHere(`${name} is not ready`)];
}

function processProblems(name: string, status: ProcessStatus, nowMs: number): StatusProblem[] {
  switch (status.process) {
    case "gateway":
      return gatewayProblems(name, status, nowMs);
    case "alerting":
      return ruleProblems(name, status);
    case "steward":
      return Object.entries(status.jobs).flatMap(([job, { lastRunMs, error }]) =>
        error === null
          ? []
          : [seenHere(`${name}: job ${job} failed ${ago(lastRunMs, nowMs)}: ${error}`)],
      );
    case "notifier":
      return status.channels.flatMap(({ channel, region, lastError, deadLetters }) => [
        ...(lastError === null
          ? []
          : [seenHere(`${name}: channel ${channel}, ${region}: ${lastError}`)]),
        ...(deadLetters === 0
          ? []
          : [
              seenHere(
                `${name}: channel ${channel}, ${region}: ${count(deadLetters, "message")} given up`,
                "npx skerry notify dead list --at hub says of which, and why.",
              ),
            ]),
      ]);
    case "aggregator":
    case "simulator":
    case "console":
      return [];
  }
}

function ruleProblems(name: string, status: AlertingStatus): StatusProblem[] {
  const disabled = Object.entries(status.rulesDisabled).map(([rule, why]) =>
    seenHere(`${name}: rule ${rule} is not evaluated any more: ${why}`),
  );
  const failing = Object.entries(status.rulesFailing).flatMap(([rule, { keys }]) => {
    const own = Object.keys(keys);
    const more = own.length > KEYS_NAMED ? ` and ${own.length - KEYS_NAMED} more` : "";
    const named = own.slice(0, KEYS_NAMED).join(", ");
    return own.length === 0
      ? []
      : [seenHere(`${name}: rule ${rule} cannot be evaluated for ${named}${more}`)];
  });
  const waiting = status.rulesWaiting.map((rule) => seenHere(`${name}: a rule waits: ${rule}`));
  return [...disabled, ...failing, ...waiting];
}

/** A group is told once what it has not acknowledged is older than this. */
const GROUP_BEHIND_MS = 60_000;

function groupProblems(
  name: string,
  logGroups: GatewayStatus["logGroups"] | undefined,
  nowMs: number,
): StatusProblem[] {
  // A gateway of an earlier release says nothing of groups.
  return (logGroups ?? []).flatMap(({ group, filter, reading }) => {
    if (!reading) return [];
    const { oldestMs, lagFrames, lostFrames } = reading;
    const who = `${name}: group ${group} (${filter})`;
    const isBehind = oldestMs !== null && nowMs - oldestMs > GROUP_BEHIND_MS;
    return [
      ...(isBehind
        ? [
            seenHere(
              `${who}: what it has not acknowledged was stored ${ago(oldestMs, nowMs)}, and ${count(lagFrames, "frame")} of the log wait`,
              "Look at its members: one that does not acknowledge holds up the others; or start more of them.",
            ),
          ]
        : []),
      ...(lostFrames > 0
        ? [
            seenHere(
              `${who}: ${count(lostFrames, "frame")} had gone by retention before it read them`,
              "Keep the log for longer (SKERRY_LOG_KEEP), and read the group more often; npx skerry groups remove forgets the count.",
            ),
          ]
        : []),
    ];
  });
}

function gatewayProblems(
  name: string,
  { rejectsDropped, contestedClientIds, logGroups }: GatewayStatus,
  nowMs: number,
): StatusProblem[] {
  const dropped = rejectsDropped.most.filter(({ forRoom }) => forRoom > 0);
  return [
    ...dropped.map(({ device, reason, forRoom }) =>
      seenHere(
        `${name}: ${count(forRoom, "reject")} (${reason}) of ${device} dropped to make room`,
      ),
    ),
    ...contestedClientIds.map(({ clientId, takeovers, addresses }) =>
      seenHere(
        `${name}: clients at ${addresses.join(" and ")} take client id ${clientId} from each other, ${takeovers} times a minute`,
        "Give one of them another id.",
      ),
    ),
    ...groupProblems(name, logGroups, nowMs),
  ];
}
