// Gathers once a second what the hub knows of an installation, and assesses it. For the console and the steward.
import { type Stages, firstBehind, lanesOf } from "../../contracts/names/lane-stages.ts";
import { openRollbacks } from "../../contracts/messages/copy.ts";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import { alertsStream, telemetryStream, telemetrySubject } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { fenceOf } from "../../platform/nats/client/fence.ts";
import { type StreamState, Streams } from "../../platform/nats/client/streams.ts";
import { readCopy } from "../../platform/nats/lanes/copies.ts";
import { stagesIn } from "../../platform/nats/lanes/log-lanes.ts";
import { loadPositions } from "../../platform/nats/lanes/positions.ts";
import { LiveView } from "../../platform/nats/live/live-view.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { LinkWatch } from "../link/link-watch.ts";
import { Assessment } from "./assess.ts";
import { type Facts, type LaneFacts, type Place, type RegionFacts, statusesOf } from "./facts.ts";
import type { Insight, LogInsight } from "./insight.ts";
import { laneIn } from "./region.ts";

const LOOK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 1_500;
const LISTEN_AGAIN_MS = 10_000;

/** The part of an aggregator's saved position that says how far it has come. */
interface SavedPosition {
  readonly seq: number;
  readonly doneSeq?: number;
}

export interface InsightOptions {
  /** A connection to the hub's server that may read its copies and hear the live lane. */
  readonly connection: NatsConnection;
  readonly regions: readonly string[];
  readonly partitions: number;
  readonly logger: Logger;
  /** The standing ledger now; null while it is not known. Absent where nobody keeps it. */
  readonly ledger?: () => Ledger | null;
  /** False for a user that may not read the regions' alerts: nothing is known of channels then. */
  readonly channels: boolean;
  /** Alerts that are firing; absent where nobody reads them. */
  readonly alertsFiring?: () => number | null;
  /** Told of each insight as it is made. */
  readonly tell?: (insight: Insight) => void;
}

export class InsightWatch {
  readonly #options: InsightOptions;
  readonly #streams: Streams;
  readonly #link: LinkWatch;
  readonly #assessment = new Assessment();
  /** Processes as they are heard; for whoever wants more than the insight has. */
  readonly live = new LiveView();
  latest: Insight | null = null;

  constructor(options: InsightOptions) {
    const { connection, regions } = options;
    this.#options = options;
    this.#streams = new Streams(connection, { timeoutMs: ANSWER_WITHIN_MS });
    this.#link = new LinkWatch(connection, regions);
  }

  /** Looks once a second until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#listen(signal), this.#link.run(signal), this.#look(signal)]);
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { connection, regions, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.live.run(connection, [HUB, ...regions], signal);
      } catch (error) {
        // A server whose configuration is older knows no live lane.
        logger.warn(`processes are not heard: ${messageOf(error)}`);
        await sleep(LISTEN_AGAIN_MS, signal);
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { tell } = this.#options;
    const listeningSinceMs = Date.now();
    while (!signal.aborted) {
      const facts = await this.#gather(listeningSinceMs);
      if (signal.aborted) return;
      this.latest = this.#assessment.observe(facts);
      tell?.(this.latest);
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #gather(listeningSinceMs: number): Promise<Facts> {
    const { connection, regions, ledger, alertsFiring } = this.#options;
    const { processes } = this.live;
    const heard = { processes, atMs: Date.now() };
    return {
      regions: await Promise.all(regions.map((region) => this.#region(region, heard))),
      ...{ listeningSinceMs, processes },
      atMs: Date.now(),
      ledger: ledger?.() ?? null,
      alertsFiring: alertsFiring?.() ?? null,
      fence: await orNull(fenceOf(connection, ANSWER_WITHIN_MS)),
    };
  }

  async #region(region: string, heard: Heard): Promise<RegionFacts> {
    const stream = telemetryStream(region);
    const link = this.#link.state(region);
    // The region first: its copy is never ahead of it then, but for what came meanwhile.
    const log = link?.up === false ? null : await this.#origin(region);
    const [copy, said, alerts] = await Promise.all([
      orNull(this.#streams.find(stream)),
      orNull(readCopy(this.#streams, region)),
      this.#options.channels ? orNull(this.#streams.find(alertsStream(region))) : null,
    ]);
    const stages = copy ? stagesIn(copy, this.#options.partitions) : [];
    const saved = await this.#saved(region, lanesOf(stages), heard);
    const all = await Promise.all(
      Array.from({ length: lanesOf(stages) }, (_, partition) =>
        this.#lane({ region, partition }, saved[partition] ?? null, heard),
      ),
    );
    const lanes = all.filter((lane) => lane && !isOver(lane, stages));
    const lag = copy?.mirror?.lag ?? Infinity;
    return {
      ...{ region, link },
      log: log && logOf(log),
      copy: copy && { ...logOf(copy), lag: Number.isFinite(lag) ? lag : null },
      lanes: lanes.flatMap((lane) => lane ?? []),
      wentBack: said ? openRollbacks(said, region) : [],
      alertsSeq: alerts?.lastSeq ?? null,
    };
  }

  #origin(region: string): Promise<StreamState | null> {
    const { connection } = this.#options;
    const streams = new Streams(connection, { domain: region, timeoutMs: ANSWER_WITHIN_MS });
    return orNull(streams.find(telemetryStream(region)));
  }

  async #lane(
    at: { region: string; partition: number },
    saved: SavedPosition | null,
    heard: Heard,
  ): Promise<LaneFacts | null> {
    const stream = telemetryStream(at.region);
    const subject = telemetrySubject(at.region, at.partition);
    const newest = await orNull(this.#streams.newest(stream, subject));
    if (!newest) return null;
    const aggregator = laneIn(statusesOf(heard, "aggregator"), at)?.doneSeq;
    const alerting = laneIn(statusesOf(heard, "alerting", at.region), at)?.doneSeq;
    const savedSeq = saved && (saved.doneSeq ?? saved.seq);
    const place = async (seq: number | null): Promise<Place | null> =>
      seq === null ? null : this.#place(stream, subject, seq, newest);
    return {
      ...{ partition: at.partition, newestSeq: newest.seq, newestMs: newest.storeMs },
      aggregator: await place(aggregator ?? savedSeq),
      alerting: await place(alerting ?? null),
    };
  }

  /** A reader's place: when the region stored the frame up to which it is done, and the one after it in the lane. */
  async #place(
    stream: string,
    subject: string,
    doneSeq: number,
    newest: { readonly seq: number; readonly storeMs: number },
  ): Promise<Place> {
    if (doneSeq >= newest.seq) return { doneSeq, doneMs: newest.storeMs, nextMs: null };
    const seq = Math.floor(doneSeq);
    const [done, next] = await Promise.all([
      orNull(this.#streams.at(stream, seq)),
      orNull(this.#streams.next(stream, subject, seq + 1)),
    ]);
    return { doneSeq, doneMs: done?.storeMs ?? null, nextMs: next?.storeMs ?? null };
  }

  /** Saved positions, where no aggregator says how far it is. */
  async #saved(
    region: string,
    partitions: number,
    heard: Heard,
  ): Promise<(SavedPosition | null)[]> {
    const { connection } = this.#options;
    const working = statusesOf(heard, "aggregator");
    const isTold = (partition: number): boolean => laneIn(working, { region, partition }) !== null;
    if (Array.from({ length: partitions }, (_, at) => at).every(isTold)) return [];
    const asked = loadPositions<SavedPosition>(connection, "aggregator", region, partitions);
    return (await orNull(asked)) ?? [];
  }
}

/** True of a lane of which nothing more comes, and with which its readers are through. */
function isOver(
  { partition, newestSeq, aggregator, alerting }: LaneFacts,
  stages: Stages,
): boolean {
  const isPresent = firstBehind(stages, partition) === null;
  const isRead = (at: Place | null): boolean => at !== null && at.doneSeq >= newestSeq;
  return !isPresent && isRead(aggregator) && (alerting === null || isRead(alerting));
}

type Heard = Pick<Facts, "processes" | "atMs">;

/** Null where nobody answers: an insight is of what is known. */
async function orNull<T>(asked: Promise<T | null>): Promise<T | null> {
  return asked.catch(() => null);
}

const logOf = ({ bytes, bytesMax, firstSeq, lastSeq }: StreamState): LogInsight => ({
  ...{ bytes, bytesMax, firstSeq, lastSeq },
  atMs: Date.now(),
});
