// The steward: the hub's scheduled care for its copies of the regions' logs.
import cron from "node-cron";
import type { NatsConnection } from "nats";
import type { HubCopy } from "../../contracts/copy.ts";
import type { StewardStatus } from "../../contracts/status.ts";
import { messageOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";
import type { StatusSource } from "../../infra/runtime/status-server.ts";
import { careForCopy } from "./copies.ts";

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
  readonly #copies = new Map<string, HubCopy>();

  constructor(config: StewardConfig, uses: { connection: NatsConnection; logger: Logger }) {
    this.#config = config;
    this.#connection = uses.connection;
    this.#logger = uses.logger;
  }

  ready(): boolean {
    return true;
  }

  status(): StewardStatus {
    return {
      process: "steward",
      jobs: Object.fromEntries(this.#jobs),
      copies: Object.fromEntries(this.#copies),
    };
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

  async #careForCopies(): Promise<void> {
    const { regions, partitions, logKeep: keepMs } = this.#config;
    const parts = { connection: this.#connection, partitions, keepMs, logger: this.#logger };
    for (const region of regions) this.#copies.set(region, await careForCopy(region, parts));
  }
}
