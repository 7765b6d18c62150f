// The lanes of a region in words (pure).
import type { LaneLoss } from "../../../contracts/messages/status.ts";
import { laneName } from "../../../contracts/names/subjects.ts";
import { holeText } from "../../../platform/nats/lanes/lane.ts";
import type { RegionLog } from "../../../cloud/operations/lanes/region-log.ts";
import { ago, bytes, count, table } from "../../../cloud/operations/words.ts";
import type { LanesReport, OperatorReport } from "../../../cloud/operations/lanes/operators.ts";

const HEADER = ["LANE", "OPERATOR", "DONE", "BEHIND", "WATERMARK", "READS FROM", "STATE"];

export function lanesLines(report: LanesReport, nowMs: number): string[] {
  const { region, logs, operators, isLive, losses } = report;
  const holes = operators.flatMap(({ operator, partition, holes: found }) =>
    found.map(
      (hole) =>
        `hole: ${laneName({ region, partition })}, ${operator}: ${holeText(hole)} are missing`,
    ),
  );
  return [
    ...logs.map((log) => logLine(log, nowMs)),
    "",
    ...(operators.length === 0
      ? ["no operator has saved a position yet"]
      : table(
          HEADER,
          operators.map((one) => operatorRow(one, report, nowMs)),
        )),
    "",
    ...(holes.length === 0 ? ["holes   none in the frames after the saved positions"] : holes),
    ...(losses.length === 0
      ? [
          `losses  ${isLive ? "none since the processes started" : "not known: no process was asked"}`,
        ]
      : losses.map((loss) => lossText(loss, nowMs))),
  ];
}

function logLine({ region, isCopy, lanes, ...log }: RegionLog, nowMs: number): string {
  const newestMs = Math.max(0, ...lanes.map((lane) => lane.newestMs));
  const bound = log.bytesMax === null ? "" : ` of ${bytes(log.bytesMax)}`;
  const range =
    newestMs === 0
      ? "empty"
      : `#${log.firstSeq} to #${log.lastSeq}, the newest ${ago(newestMs, nowMs)}`;
  const name = isCopy ? `copy of the log of ${region}` : `log of ${region}`;
  return `${name}: ${range}, ${bytes(log.bytes)}${bound}, ${count(lanes.length, "lane")}`;
}

function operatorRow(
  { operator, partition, doneSeq, newestSeq, watermarkMs, savedSeq, live, ...lane }: OperatorReport,
  { region, isLive }: LanesReport,
  nowMs: number,
): string[] {
  const isOver = lane.hasEnded === true && doneSeq >= newestSeq;
  const running = isOver ? "ended" : "runs";
  const state = live ? (live.stoppedBy ?? running) : isLive ? "nobody answers for it" : "not asked";
  return [
    laneName({ region, partition }),
    operator,
    String(doneSeq),
    String(Math.max(0, newestSeq - doneSeq)),
    watermarkMs === 0 ? "none" : ago(watermarkMs, nowMs),
    String(savedSeq),
    state,
  ];
}

/** Acknowledged readings that exist nowhere any more. */
export const lossText = (loss: LaneLoss, nowMs: number): string =>
  `${laneName(loss)}: ${loss.readings === null ? "acknowledged readings" : count(loss.readings, "acknowledged reading")} ` +
  `exist nowhere any more: ${loss.what}, stored ${ago(loss.untilMs, nowMs)}`;
