// What the hub knows about every lane, gathered for the ledger: each count from the side that knows it.
import type { HeardProcess, LiveView } from "../../../platform/nats/live/live-view.ts";
import type {
  LaneSettled,
  LaneTally,
  TallyPoint,
  TallyReport,
} from "../../../contracts/messages/ledger.ts";
import type { AlertingStatus, LaneStatus } from "../../../contracts/messages/status.ts";
import { lanesOf } from "../../../contracts/names/lane-stages.ts";
import { type LaneId, telemetryStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { readCopy } from "../../../platform/nats/lanes/copies.ts";
import { stagesIn } from "../../../platform/nats/lanes/log-lanes.ts";
import { loadPositions } from "../../../platform/nats/lanes/positions.ts";
import type { LaneFacts, LaneKnown } from "./lane-balance.ts";
import type { RejectCounts } from "./reject-counts.ts";
import type { RegionFacts } from "./standing-ledger.ts";

/** The operator whose positions hold accounts. */
const AGGREGATOR = "aggregator";
/** An aggregator that was silent for so long says nothing about what it has in hand. */
const IN_HAND_MS = 10_000;

export interface LedgerSources {
  /** A connection to the hub. */
  readonly connection: NatsConnection;
  readonly regions: readonly string[];
  readonly partitions: number;
  readonly live: Pick<LiveView, "processes">;
  readonly rejects: Pick<RejectCounts, "of">;
  /** The differences of a lane that are stored. */
  readonly known: (lane: LaneId) => Omit<LaneKnown, "rolledBackMs">;
}

/** Facts of all regions. @throws AppError (retry) if the hub's server does not answer. */
export async function gatherFacts(
  { connection, regions, partitions, live, rejects: counts, known }: LedgerSources,
  nowMs: number,
): Promise<Record<string, RegionFacts>> {
  const streams = new Streams(connection);
  const { processes } = live;
  const facts: Record<string, RegionFacts> = {};
  for (const region of regions) {
    const engine = newestEngine(processes, region);
    const copy = await streams.find(telemetryStream(region));
    const count = copy ? lanesOf(stagesIn(copy, partitions)) : partitions;
    const of = [connection, AGGREGATOR, region, count] as const;
    const positions = await loadPositions<{ ledger?: LaneSettled }>(...of);
    const rolledBackMs = (await readCopy(streams, region))?.rollback?.foundAtMs ?? 0;
    const lanes = positions.map((position, partition): Omit<LaneFacts, "atMs"> => ({
      region: reportOf(laneIn(engine?.lanes, region, partition)?.judged),
      copySeq: copy?.lastSeq ?? null,
      judged: inHand(processes, { region, partition, sinceMs: nowMs - IN_HAND_MS }),
      settled: accountOf(position?.ledger),
      known: { ...known({ region, partition }), rolledBackMs },
    }));
    const rejects = await counts.of(region);
    facts[region] = { heardMs: engine?.heardMs ?? null, lanes, rejects };
  }
  return facts;
}

interface Engine {
  readonly heardMs: number;
  readonly lanes: readonly LaneStatus[];
}

/** The status of a region's engine that came last. */
function newestEngine(processes: readonly HeardProcess[], region: string): Engine | null {
  const engines = processes.filter(({ kind, domain }) => kind === "alerting" && domain === region);
  const said = engines.findLast(({ status }) => status?.process === "alerting");
  if (!said) return null;
  const { lanes } = said.status as AlertingStatus;
  return { heardMs: said.heardMs, lanes: Array.isArray(lanes) ? lanes : [] };
}

const laneIn = (
  lanes: readonly LaneStatus[] | undefined,
  region: string,
  partition: number,
): LaneStatus | undefined =>
  lanes?.find((lane) => lane.region === region && lane.partition === partition);

/** The count of the aggregator that reads a lane. */
function inHand(
  processes: readonly HeardProcess[],
  of: { region: string; partition: number; sinceMs: number },
): TallyPoint | null {
  let furthest: TallyPoint | null = null;
  for (const { kind, status, heardMs } of processes) {
    if (kind !== "aggregator" || status?.process !== "aggregator" || heardMs < of.sinceMs) continue;
    const judged = reportOf(laneIn(status.lanes, of.region, of.partition)?.judged);
    if (judged && (!furthest || judged.seq > furthest.seq)) furthest = judged;
  }
  return furthest;
}

/** Null for what is no count: the live lane and a bucket may hold what anybody wrote. */
function reportOf(said: TallyReport | null | undefined): TallyReport | null {
  const isReport = said && isPoint(said) && Array.isArray(said.marks) && said.marks.every(isPoint);
  return isReport ? said : null;
}

function accountOf(said: LaneSettled | undefined): LaneSettled | null {
  return reportOf(said) && isObject(said!.settled) ? said! : null;
}

const isPoint = (said: TallyPoint): boolean =>
  isObject(said) &&
  Number.isFinite(said.seq) &&
  Number.isFinite(said.storeMs) &&
  isTally(said.tally);

const isTally = (said: LaneTally): boolean =>
  isObject(said) &&
  isObject(said.readings) &&
  [said.sinceMs, said.lost, said.miscounted, ...Object.values(said.readings)].every(
    Number.isFinite,
  );

const isObject = (said: unknown): boolean => typeof said === "object" && said !== null;
