// Readings and rollups of a time, written to the sink once more from the hub's copies of the logs.
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import {
  type Stages,
  ancestorsOf,
  ownerIn,
  presentLanes,
} from "../../../contracts/names/lane-stages.ts";
import {
  type LaneId,
  laneName,
  partitionIn,
  telemetryFilter,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { LogEntry } from "../../../platform/nats/client/log-entry.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { isPublished } from "../../../platform/nats/lanes/contract-registry.ts";
import { EMPTY_LANE } from "../../../platform/nats/lanes/lane.ts";
import { LaneOperator, Losses } from "../../../platform/nats/lanes/lane-operator.ts";
import { stagesIn } from "../../../platform/nats/lanes/log-lanes.ts";
import { firstSeqSince, storedAt } from "../../../platform/nats/lanes/trim.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { Sink, Writer } from "../../sinks/sink.ts";
import { ContractLayouts } from "../contract-layout.ts";
import { putUntilStored } from "../put-until-stored.ts";
import { revisions } from "../revisions.ts";
import { refillLong } from "./refill-long.ts";
import { RefillLane, type RefillPlace, type RefillRange, WARM_UP_MS } from "./refill-lane.ts";

/** Work that is done, by lane; to be saved, so that an interruption costs little. */
export interface RefillState extends RefillRange {
  readonly lanes: Record<string, RefillPlace & { readonly done: boolean }>;
}

export interface RefillCounts {
  readings: number;
  rollups: number;
  /** Finals of minutes with late readings. */
  revised: number;
  /** Finals of hours and days that differed from those stored. */
  long: number;
  refused: number;
  /** Frames that no program can read, or whose contract nobody has published: they are left out. */
  unreadable: number;
}

export interface RefillOf {
  readonly connection: NatsConnection;
  readonly sink: Sink;
  readonly catalog: Catalog;
  readonly state: RefillState;
  readonly save: (state: RefillState) => void;
  /** Readings written a second at most. */
  readonly rate: number;
  readonly progress: { at(now: string): void; step(count: number): void };
  readonly warn: (text: string) => void;
  readonly logger: Logger;
}

const SAVE_EVERY_MS = 2_000;
const NOTHING: RefillPlace = { position: null, late: [] };
/** Debt below which nobody waits: timers are no finer. */
const PACE_MS = 20;

/** Refills lane after lane until all are through or `signal` aborts. @returns counts of this run. */
export async function refill(
  of: RefillOf,
  regions: readonly string[],
  signal: AbortSignal,
): Promise<RefillCounts> {
  const counts = { readings: 0, rollups: 0, revised: 0, long: 0, refused: 0, unreadable: 0 };
  const streams = new Streams(of.connection);
  for (const region of regions) {
    const layouts = new ContractLayouts(of.catalog, region);
    const stages = await stagesOf(streams, region);
    const { first, count } = presentLanes(stages);
    const lanes = Array.from({ length: count }, (_, at) => ({ region, partition: first + at }));
    for (const lane of lanes) {
      if (signal.aborted) return counts;
      if (of.state.lanes[laneName(lane)]?.done) continue;
      await refillLane({ ...of, streams, layouts, counts, stages }, lane, signal);
    }
    const through = lanes.map((lane) => finalThrough(of.state, lane)).filter((ms) => ms !== null);
    if (through.length === 0) continue;
    const parts = { sink: of.sink, layouts: layouts.all, progress: of.progress };
    const range = { ...of.state, finalThroughMs: Math.min(...through) };
    counts.long += await refillLong(parts, region, range, signal);
  }
  return counts;
}

/** The lanes of a log as its copy says; of one that does not, those that it holds frames of. */
async function stagesOf(streams: Streams, region: string): Promise<Stages> {
  const stream = telemetryStream(region);
  const subjects = await streams.subjects(stream, telemetryFilter(region));
  const held = Math.max(0, ...[...subjects.keys()].map((subject) => partitionIn(subject) + 1));
  return stagesIn(await streams.state(stream), held);
}

/** Finals of a lane that end by then are stored, epoch ms; null of one that holds no frame of the time. */
const finalThrough = ({ lanes }: RefillState, lane: LaneId): number | null =>
  lanes[laneName(lane)]?.position?.finalThroughMs ?? null;

/**
 * A lane, and before it those that had its keys: of their frames its own keys are written with it, so that a window over a
 * growth is one.
 */
interface LaneRefill extends RefillOf {
  readonly stages: Stages;
  readonly streams: Streams;
  readonly layouts: ContractLayouts;
  readonly counts: RefillCounts;
}

async function refillLane(of: LaneRefill, lane: LaneId, signal: AbortSignal): Promise<void> {
  const { streams, state, sink, layouts, counts, progress, warn } = of;
  const name = laneName(lane);
  const stream = telemetryStream(lane.region);
  const from = state.lanes[name] ?? NOTHING;
  const log = await streams.state(stream);
  const beginMs = state.sinceMs - WARM_UP_MS;
  const oldestMs = await storedAt(streams, stream, log.firstSeq);
  if (log.firstSeq > 1 && oldestMs !== null && oldestMs > beginMs)
    warn(
      `the log of ${lane.region} begins at ${new Date(oldestMs).toISOString()}: what is older is not written`,
    );
  const fromSeq = from.position?.seq ?? (await firstSeqSince(streams, stream, log, beginMs));
  const writer: Writer = { signal, held: true };
  const pace = new Pace(of.rate);
  const wrote = async (readings: number, rollups: number, atMs: number): Promise<void> => {
    counts.readings += readings;
    counts.rollups += rollups;
    progress.at(`lane ${name} at ${new Date(atMs).toISOString().slice(0, 16)}`);
    progress.step(readings);
    await pace.wrote(readings, signal);
  };
  const { stages } = of;
  const { partition } = lane;
  const ancestors = ancestorsOf(stages, partition);
  async function* read(from: number): AsyncGenerator<LogEntry, void, void> {
    for (const each of [...ancestors, partition]) {
      const subject = telemetrySubject(lane.region, each);
      yield* readStored(of.connection, { stream, subject, from }, log.lastSeq);
    }
  }
  const owns = ownerIn(stages, partition);
  const keys = ancestors.length === 0 ? null : { partition, owns };
  const parts = { ...of, writer, wrote, read, keys };
  const port = new RefillLane(lane, state, from, parts);
  const operator = new LaneOperator(lane, {
    port,
    catalog: layouts,
    isPublished: (version) => isPublished(of.connection, version),
    losses: new Losses(),
    setAside: {
      put: () => {
        counts.unreadable += 1;
        return Promise.resolve();
      },
    },
    grownFrom: stages[0]!,
    logger: of.logger,
  });
  const save = (done: boolean): void => {
    state.lanes[name] = { ...port.place, done };
    of.save(state);
  };
  const saving = setInterval(() => save(false), SAVE_EVERY_MS);
  try {
    await operator.run({ fromSeq, state: from.position?.lane ?? EMPTY_LANE }, signal);
    if (operator.stopped) throw new Error(`lane ${name}: ${operator.status.stoppedBy}`);
    if (!(await port.settled(signal))) return;
  } finally {
    clearInterval(saving);
    save(false);
    counts.refused += port.refused;
  }
  for (const group of port.place.late) {
    const layout = layouts.ofAllVersions(group.contract);
    if (!layout || !sink.repairSource) continue;
    const asked = { layout, region: lane.region, group: { ...group, hourMs: 0, asOfSeq: 0 } };
    for await (const rollups of revisions(sink.repairSource, asked)) {
      if (signal.aborted) return;
      await putUntilStored(sink, { region: lane.region, lease: writer }, rollups);
      counts.revised += rollups.length;
    }
  }
  save(true);
}

/** Holds back who writes more than a rate. */
class Pace {
  readonly #perMs: number;
  #dueMs = performance.now();

  constructor(perSecond: number) {
    this.#perMs = perSecond / 1_000;
  }

  async wrote(count: number, signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    this.#dueMs = Math.max(this.#dueMs, nowMs) + count / this.#perMs;
    if (this.#dueMs - nowMs > PACE_MS) await sleep(this.#dueMs - nowMs, signal);
  }
}
