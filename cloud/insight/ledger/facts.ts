// What the hub knows about every lane, gathered for the ledger: each count from the side that knows it.
import type { HeardProcess, LiveView } from "../../../platform/nats/live/live-view.ts";
import type {
  LaneSettled,
  LaneTally,
  TallyPoint,
  TallyReport,
} from "../../../contracts/messages/ledger.ts";
import type { AlertingStatus, LaneStatus } from "../../../contracts/messages/status.ts";
import { rejectsStream, telemetryStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { readDropped } from "../../../platform/nats/lanes/dropped-rejects.ts";
import { loadPositions } from "../../../platform/nats/lanes/positions.ts";
import type { LaneFacts } from "./lane-balance.ts";
import type { RegionFacts, RejectCount } from "./standing-ledger.ts";

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
}

/** Facts of all regions. @throws AppError (retry) if the hub's server does not answer. */
export async function gatherFacts(
  { connection, regions, partitions, live }: LedgerSources,
  nowMs: number,
): Promise<Record<string, RegionFacts>> {
  const streams = new Streams(connection);
  const { processes } = live;
  const facts: Record<string, RegionFacts> = {};
  for (const region of regions) {
    const engine = newestEngine(processes, region);
    const copy = await streams.find(telemetryStream(region));
    const of = [connection, AGGREGATOR, region, partitions] as const;
    const positions = await loadPositions<{ ledger?: LaneSettled }>(...of);
    const lanes = positions.map((position, partition): Omit<LaneFacts, "atMs"> => ({
      region: reportOf(laneIn(engine?.lanes, region, partition)?.judged),
      copySeq: copy?.lastSeq ?? null,
      judged: inHand(processes, { region, partition, sinceMs: nowMs - IN_HAND_MS }),
      settled: accountOf(position?.ledger),
    }));
    const rejects = await rejectsOf(streams, region);
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

/** Rejects of a region, as the hub's copy has them: those in it, and those of which it is told that they went. */
async function rejectsOf(streams: Streams, region: string): Promise<RejectCount> {
  const state = await streams.find(rejectsStream(region));
  if (!state) return { refused: 0, gone: 0 };
  const { dropped, others } = await readDropped(streams, region);
  const isTold = dropped.length + others > 0;
  const aged = dropped.reduce((sum, { byAge }) => sum + byAge, 0);
  const gone = dropped.reduce((sum, { forRoom }) => sum + forRoom, others);
  // The count itself is a message of the stream.
  return { refused: state.messages - (isTold ? 1 : 0) + aged, gone };
}
