// Where the operators of a region's lanes stand: the positions that they saved, and what their processes say.
import type { LaneLoss, LaneStatus } from "../../../contracts/messages/status.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { Hole, LaneState } from "../../../platform/nats/lanes/lane.ts";
import { loadPositions } from "../../../platform/nats/lanes/positions.ts";
import {
  LANE_OPERATORS,
  type LaneOperator,
  type ProcessAnswer,
  laneStatus,
} from "./process-answer.ts";
import { type RegionLog, readRegionLog } from "./region-log.ts";
import { framesIn } from "./frames.ts";
import { FrameJudge } from "./judged-frames.ts";

/** Frames after a saved position in which holes are looked for. */
const FRAMES_JUDGED_MAX = 5_000;

/** The part of a saved position that both operators have. */
interface SavedPosition {
  readonly seq: number;
  readonly lane: LaneState;
  /** The aggregator goes back to `seq` after a restart, and has done more than that. */
  readonly doneSeq?: number;
}

export interface OperatorReport {
  readonly operator: LaneOperator;
  readonly partition: number;
  /** Frames up to here have had their effects. */
  readonly doneSeq: number;
  /** Frames that it would read again after a restart begin here. */
  readonly savedSeq: number;
  readonly watermarkMs: number;
  /** Sequence of the lane's newest frame in the log that it reads. */
  readonly newestSeq: number;
  /** True of a lane that has ended, because the log has grown. */
  readonly hasEnded?: boolean;
  /** Null if no process could be asked, or none that answers works on the lane. */
  readonly live: LaneStatus | null;
  readonly holes: readonly Hole[];
  /** The last frame that was looked at for holes. */
  readonly judgedSeq: number;
}

export interface LanesReport {
  readonly region: string;
  /** The log as each server has it that was asked. */
  readonly logs: readonly RegionLog[];
  readonly operators: readonly OperatorReport[];
  /** True if the processes could be asked. */
  readonly isLive: boolean;
  /** Losses that the processes remember. */
  readonly losses: readonly LaneLoss[];
}

/**
 * Asks each server, of a region or of the hub, for the log and the positions that it has.
 * @param processes null if they cannot be asked.
 * @param partition null: all lanes.
 */
export async function readLanes(
  servers: readonly NatsConnection[],
  region: string,
  processes: readonly ProcessAnswer[] | null,
  partition: number | null,
): Promise<LanesReport> {
  const logs: RegionLog[] = [];
  const operators: OperatorReport[] = [];
  for (const nats of servers) {
    const log = await readRegionLog(nats, region);
    if (!log) continue;
    logs.push(log);
    for (const operator of LANE_OPERATORS)
      operators.push(...(await operatorReports(nats, log, operator, { processes, partition })));
  }
  operators.sort((a, b) => a.partition - b.partition);
  const lost = (processes ?? []).flatMap(({ status }) =>
    status?.process === "alerting" || status?.process === "aggregator" ? status.losses : [],
  );
  return {
    region,
    logs,
    operators,
    isLive: processes !== null,
    losses: lost.filter(
      (loss) => loss.region === region && (partition === null || loss.partition === partition),
    ),
  };
}

/** Lanes in which the operator saved a position at this server. */
async function operatorReports(
  nats: NatsConnection,
  log: RegionLog,
  operator: LaneOperator,
  of: { processes: readonly ProcessAnswer[] | null; partition: number | null },
): Promise<OperatorReport[]> {
  const { region, lanes } = log;
  const partitions = Math.max(0, ...lanes.map((lane) => lane.partition + 1));
  const positions = await loadPositions<SavedPosition>(nats, operator, region, partitions);
  const reports: OperatorReport[] = [];
  for (const { partition, newestSeq, hasEnded = false } of lanes) {
    const saved = positions[partition];
    if (!saved || (of.partition !== null && of.partition !== partition)) continue;
    const lane = { region, partition };
    const live = of.processes && laneStatus(of.processes, operator, lane);
    const savedSeq = Math.floor(saved.seq);
    const range = { fromSeq: savedSeq, untilSeq: newestSeq };
    reports.push({
      operator,
      partition,
      doneSeq: live?.doneSeq ?? saved.doneSeq ?? savedSeq,
      savedSeq,
      watermarkMs: live?.watermarkMs ?? saved.lane.watermarkMs,
      newestSeq,
      ...(hasEnded ? { hasEnded } : {}),
      live,
      ...(await holesIn(nats, lane, range, saved.lane)),
    });
  }
  return reports;
}

/** Holes as the operator would find them from its position on. */
async function holesIn(
  nats: NatsConnection,
  lane: { region: string; partition: number },
  range: { fromSeq: number; untilSeq: number },
  state: LaneState,
): Promise<{ holes: Hole[]; judgedSeq: number }> {
  const judge = new FrameJudge(state);
  const holes: Hole[] = [];
  let judgedSeq = range.fromSeq;
  let frames = 0;
  if (range.fromSeq <= range.untilSeq)
    for await (const entry of framesIn(nats, lane, range)) {
      const { hole } = judge.judge(entry);
      if (hole) holes.push(hole);
      judgedSeq = entry.seq;
      frames += 1;
      if (frames === FRAMES_JUDGED_MAX) break;
    }
  return { holes, judgedSeq };
}
