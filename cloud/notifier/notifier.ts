// The notifier: a loop for each channel and region, none of which waits for another.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { NotifierPlace } from "../../contracts/messages/notification.ts";
import type { NotifierStatus } from "../../contracts/messages/status.ts";
import { NOTIFIERS_BUCKET } from "../../contracts/names/subjects.ts";
import { type SetAside, entriesSetAside } from "../../platform/nats/lanes/set-aside.ts";
import { ServerWatch } from "../../platform/nats/client/server-watch.ts";
import { Positions } from "../../platform/nats/lanes/positions.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import type { StatusSource } from "../../platform/runtime/status-server.ts";
import { insist } from "../../platform/runtime/insist.ts";
import { Assignments } from "./assignments.ts";
import type { Channel } from "./channel.ts";
import { ChannelLoop } from "./channel-loop.ts";
import { DeadLetters } from "./dead-letters.ts";
import { type ChannelCounts, noCounts } from "./delivery.ts";
import type { SavedPosition } from "./position.ts";
import { runRetries } from "./retry-loop.ts";

export interface NotifierConfig {
  readonly place: NotifierPlace;
  /** Regions whose alerts are told: at the hub several, in a region its own. */
  readonly regions: readonly string[];
  readonly ageMaxMs: number;
}

export interface NotifierParts {
  readonly connection: NatsConnection;
  readonly channels: readonly Channel[];
  readonly setAside: SetAside;
  readonly tracing: Tracing;
  readonly logger: Logger;
}

export class Notifier implements StatusSource {
  readonly #config: NotifierConfig;
  readonly #parts: NotifierParts;
  readonly #counts = new Map<string, ChannelCounts>();
  #loops: readonly ChannelLoop[] = [];
  readonly #server: ServerWatch;
  #loaded = false;

  constructor(config: NotifierConfig, parts: NotifierParts) {
    this.#config = config;
    this.#parts = parts;
    const { connection } = parts;
    const domain = this.#domain;
    this.#server = new ServerWatch({ connection, domain });
  }

  get #domain(): string {
    return this.#config.place === "hub" ? HUB : this.#config.regions[0]!;
  }

  checks(): HealthCheck[] {
    const { channels } = this.#parts;
    const failing = channels.filter(({ failures }) => failures > 0);
    const loaded = this.#loaded ? null : "it reads what it has told already";
    // One channel that takes nothing keeps no other from its messages.
    const none = channels.length > 0 && failing.length === channels.length;
    const names = failing.map(({ spec }) => `${spec.name}${this.#lastError(spec.name)}`).join(", ");
    return [
      this.#server.check,
      { name: "knows what it has told", kind: "ready", why: loaded },
      {
        name: "a channel takes messages",
        kind: "ready",
        why: none ? `no channel takes messages: ${names}` : null,
      },
    ];
  }

  #lastError(channel: string): string {
    const of = this.#loops.find(({ status }) => status.channel === channel && status.lastError);
    return of?.status.lastError ? ` (${of.status.lastError})` : "";
  }

  status(): NotifierStatus {
    return {
      process: "notifier",
      place: this.#config.place,
      channels: this.#loops.map((loop) => loop.status),
      setAside: this.#parts.setAside.count,
    };
  }

  /** Runs until `signal` aborts. @throws AppError `POSITION_CONFLICT` if another one does its work. */
  async run(signal: AbortSignal): Promise<void> {
    const { connection, channels, logger } = this.#parts;
    void this.#server.run(signal);
    const assignments = new Assignments(this.#config.place, logger);
    const judged = entriesSetAside("assignment", NOTIFIERS_BUCKET, this.#parts.setAside);
    await assignments.follow({ connection, logger, judged }, signal);
    const deadLetters = new DeadLetters(connection, this.#domain);
    this.#loops = (
      await Promise.all(channels.map((channel) => this.#loopsOf(channel, assignments, signal)))
    ).flat();
    await Promise.all(this.#loops.map((loop) => loop.load(signal)));
    if (signal.aborted) return;
    this.#loaded = true;
    logger.info({ channels: channels.map(({ spec }) => spec.name) }, "ready");
    await Promise.all([
      ...this.#loops.map((loop) => loop.run(signal)),
      ...channels.map((channel) => {
        const countsOf = (region: string) => this.#countsOf(channel, region);
        const { setAside, tracing } = this.#parts;
        const of = { connection, domain: this.#domain, setAside, tracing };
        const retries = { ...of, channel, deadLetters, countsOf };
        return runRetries({ ...retries, logger: loggerOf(channel, logger) }, signal);
      }),
    ]);
  }

  async #loopsOf(
    channel: Channel,
    assignments: Assignments,
    signal: AbortSignal,
  ): Promise<ChannelLoop[]> {
    const { connection, setAside, tracing, logger } = this.#parts;
    const { place, ageMaxMs } = this.#config;
    const deadLetters = new DeadLetters(connection, this.#domain);
    const { name } = channel.spec;
    const of = { setAside, part: name, formerly: `notifier-${name}` };
    const open = () => Positions.open<SavedPosition>(connection, "notifier", of);
    const positions = await insist(open, logger, signal);
    if (!positions) return [];
    // What the hub itself raises is told at the hub, whatever is assigned.
    const regions = place === "hub" ? [HUB, ...this.#config.regions] : this.#config.regions;
    const told = regions.filter((region) => channel.spec.regions?.includes(region) ?? true);
    return told.map((region) => {
      const counts = this.#countsOf(channel, region);
      const of = { connection, positions, channel, region, assignments, deadLetters };
      const parts = { ...of, ageMaxMs, setAside, tracing };
      return new ChannelLoop({ ...parts, counts, logger: loggerOf(channel, logger, region) });
    });
  }

  #countsOf({ spec }: Channel, region: string): ChannelCounts {
    const key = `${spec.name}/${region}`;
    const counts = this.#counts.get(key) ?? noCounts();
    this.#counts.set(key, counts);
    return counts;
  }
}

const loggerOf = ({ spec }: Channel, logger: Logger, region?: string): Logger =>
  logger.child({ channel: spec.name, ...(region === undefined ? {} : { alertsOf: region }) });
