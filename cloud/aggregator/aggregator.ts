// The aggregator: every lane of every region from the hub's mirrors into InfluxDB.
import type { AggregatorStatus } from "../../contracts/status.ts";
import cron from "node-cron";
import { InfluxClient } from "../../infra/influx/client.ts";
import { connectNats } from "../../infra/nats/connect.ts";
import { openContractRegistry } from "../../infra/nats/contract-registry.ts";
import { Positions } from "../../infra/nats/positions.ts";
import { sleep } from "../../infra/runtime/backoff.ts";
import type { Logger } from "../../infra/runtime/logger.ts";
import type { StatusSource } from "../../infra/runtime/status-server.ts";
import type { Tracing } from "../../otel/tracing.ts";
import { insist } from "./insist.ts";
import { InfluxSink } from "./influx-sink.ts";
import { type Counters, LaneRunner } from "./lane-runner.ts";
import { Latencies } from "./latency.ts";
import { Plans } from "./plan.ts";
import { Repair } from "./repair.ts";
import type { AggregatorPosition } from "./position.ts";

/** The name under which positions are kept. */
export const OPERATOR = "aggregator";

/** Open rollups are written, and positions saved, this often. */
const TURN_MS = 1_000;
/** After a stop signal: how long the write in flight, and then the last positions, may take. */
const LAST_WRITE_MS = 1_200;
const LAST_SAVE_MS = 1_000;

export interface AggregatorConfig {
  readonly natsUrl: string;
  readonly influxUrl: string;
  readonly influxDatabase: string;
  readonly regions: readonly string[];
  readonly partitions: number;
  /** Directory of the contracts that ship with this program. */
  readonly schemas: string;
  /** Cron expression, seconds first: when rollups that late readings changed are recomputed. */
  readonly repairSchedule: string;
}

export class Aggregator implements StatusSource {
  readonly #config: AggregatorConfig;
  readonly #tracing: Tracing;
  readonly #logger: Logger;
  readonly #sink: InfluxSink;
  readonly #repair: Repair;
  readonly #latencies: Latencies;
  readonly #counters: Counters = {
    readingsStored: 0,
    lateReadings: 0,
    repeatedReadings: 0,
    unwritableReadings: 0,
  };
  #lanes: readonly LaneRunner[] = [];

  constructor(config: AggregatorConfig, uses: { tracing: Tracing; logger: Logger }) {
    this.#config = config;
    this.#tracing = uses.tracing;
    this.#logger = uses.logger;
    const target = { url: config.influxUrl, database: config.influxDatabase };
    const client = new InfluxClient(target);
    this.#sink = new InfluxSink(client, uses.logger);
    this.#repair = new Repair(client, this.#sink, uses.logger);
    this.#latencies = new Latencies(config.regions);
  }

  ready(): boolean {
    return (
      this.#sink.answered && this.#lanes.length > 0 && this.#lanes.every(({ reading }) => reading)
    );
  }

  status(): AggregatorStatus & Counters & { linesRefused: number } {
    return {
      process: "aggregator",
      ...this.#counters,
      linesRefused: this.#sink.linesRefused,
      repairsWaiting: this.#lanes.reduce((sum, lane) => sum + lane.repairsWaiting, 0),
      rollupsRevised: this.#repair.rollupsRevised,
      lanes: this.#lanes.map(({ status }) => status),
      latencyMs: this.#latencies.encoded(),
      influx: this.#sink.state,
    };
  }

  /** Runs until `signal` aborts; then finishes the write in flight and saves the positions. */
  async run(signal: AbortSignal): Promise<void> {
    const target = { url: this.#config.natsUrl, name: OPERATOR };
    const unlessAborted = (error: unknown): null => {
      if (signal.aborted) return null;
      throw error;
    };
    const connection = await connectNats(target, this.#logger, signal).catch(unlessAborted);
    if (!connection) return;
    try {
      const parts = { connection, shippedDirectory: this.#config.schemas, logger: this.#logger };
      const catalog = await openContractRegistry(parts, signal).catch(unlessAborted);
      if (!catalog) return;
      const open = () => Positions.open<AggregatorPosition>(connection, OPERATOR);
      const positions = await insist(open, this.#logger, signal);
      if (!positions) return;
      this.#lanes = this.#config.regions.flatMap((region) => {
        const plans = new Plans(catalog, region);
        return Array.from({ length: this.#config.partitions }, (_, partition) => {
          const uses = { connection, positions, plans, sink: this.#sink };
          const tools = { latencies: this.#latencies, counters: this.#counters };
          const seen = { tracing: this.#tracing, logger: this.#logger };
          return new LaneRunner({ region, partition }, { ...uses, ...tools, ...seen });
        });
      });
      await this.#runLanes(signal);
    } finally {
      await connection.close();
    }
  }

  async #runLanes(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const repairs = cron.schedule(
      this.#config.repairSchedule,
      () => this.#repair.run(this.#lanes, stop),
      { noOverlap: true, logger: this.#logger },
    );
    const work = [
      this.#sink.run(stop),
      this.#turns(stop),
      ...this.#lanes.map((lane) => lane.run(stop)),
    ];
    // The first failure stops everything: a lane that went on alone would never be saved.
    for (const part of work) part.catch((error: unknown) => failed.abort(error));
    await untilAborted(stop);
    await repairs.destroy();
    await Promise.race([Promise.allSettled(work), sleep(LAST_WRITE_MS)]);
    await Promise.race([this.#save(), sleep(LAST_SAVE_MS)]);
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  async #turns(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(TURN_MS, signal);
      if (signal.aborted) return;
      for (const lane of this.#lanes) await lane.writeOpen(signal);
      await this.#save();
    }
  }

  async #save(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.save()));
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
