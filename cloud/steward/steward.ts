// The steward: the hub's scheduled care for its copies of the regions' logs.
import cron from "node-cron";
import type { NatsConnection } from "nats";
import type { StewardStatus } from "../../contracts/status.ts";
import { telemetryStream } from "../../contracts/subjects.ts";
import { writeCopy } from "../../infra/nats/copies.ts";
import { neededFrom } from "../../infra/nats/positions.ts";
import { trim } from "../../infra/nats/trim.ts";
import { messageOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";
import type { StatusSource } from "../../infra/runtime/status-server.ts";

/** Operators that read the mirrors at the hub. */
const OPERATORS = ["aggregator"];

export interface StewardConfig {
  readonly regions: readonly string[];
  readonly partitions: number;
  readonly logKeep: number;
  readonly copySchedule: string;
}

type Job = StewardStatus["jobs"][string];

export class Steward implements StatusSource {
  readonly #config: StewardConfig;
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #jobs = new Map<string, Job>();

  constructor(config: StewardConfig, uses: { connection: NatsConnection; logger: Logger }) {
    this.#config = config;
    this.#connection = uses.connection;
    this.#logger = uses.logger;
  }

  ready(): boolean {
    return true;
  }

  status(): StewardStatus {
    return { process: "steward", jobs: Object.fromEntries(this.#jobs) };
  }

  /** Runs its jobs on their schedules until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { copySchedule } = this.#config;
    const options = { noOverlap: true, logger: this.#logger };
    const tasks = [
      cron.schedule(copySchedule, () => this.#job("copies", () => this.#careForCopies()), options),
    ];
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    for (const task of tasks) await task.destroy();
  }

  async #job(name: string, work: () => Promise<void>): Promise<void> {
    let error: string | null = null;
    try {
      await work();
    } catch (cause) {
      error = messageOf(cause);
      this.#logger.warn({ job: name }, `not done, will retry: ${error}`);
    }
    this.#jobs.set(name, { lastRunMs: Date.now(), error });
  }

  /** Tells each region how far its log has come, and trims what aggregators are through with. */
  async #careForCopies(): Promise<void> {
    const { regions, partitions, logKeep: keepMs } = this.#config;
    const manager = await this.#connection.jetstreamManager();
    for (const region of regions) {
      const stream = telemetryStream(region);
      const { state } = await manager.streams.info(stream);
      await writeCopy(this.#connection, region, { seq: state.last_seq, seenAtMs: Date.now() });
      const needed: (number | null)[] = [];
      for (const operator of OPERATORS)
        needed.push(...(await neededFrom(this.#connection, operator, region, partitions)));
      const { purged, heldBy } = await trim(manager, { stream, keepMs, needed }, Date.now());
      if (purged > 0 || heldBy !== null)
        this.#logger.info({ stream, purged, heldBy }, "copy trimmed");
    }
  }
}
