// HTTP ingest put together: its listeners, its routes, and what they share.
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { MetricSpec } from "../../otel/metrics.ts";
import type { Broker } from "../broker/broker.ts";
import type { TlsIdentity } from "../broker/options.ts";
import type { Identity } from "../identity/identity.ts";
import type { CommitLog } from "../ingest/commit-log.ts";
import type { Pipeline } from "../ingest/pipeline.ts";
import { httpMetricSpecs, makeHttpCounters } from "./counters.ts";
import { type HttpServer, startHttp } from "./http-server.ts";
import { Idempotency } from "./idempotency.ts";
import { Intake } from "./intake.ts";
import { openKeyStore } from "./key-store.ts";
import { influxRoutes } from "./influx-routes.ts";
import { LoggedReadings } from "./logged-readings.ts";
import type { HttpLimits, HttpListeners } from "./options.ts";
import { RecentReadings } from "./recent-readings.ts";
import { telemetryRoutes } from "./telemetry-route.ts";
import { thingsBoardRoute } from "./thingsboard-route.ts";

const PRUNE_EVERY_MS = 10_000;

export interface OpenHttpParts {
  readonly listeners: HttpListeners;
  readonly limits: HttpLimits;
  readonly pipeline: Pipeline;
  readonly broker: Broker;
  readonly commitLog: CommitLog;
  readonly catalog: Catalog;
  readonly identity: Identity;
  readonly connection: NatsConnection;
  readonly region: string;
  readonly gateway: string;
  /** Empty: keys are forgotten with the process. */
  readonly dataDir: string;
  /** Epoch ms, the clock of readings. */
  readonly clock: () => number;
  readonly logger: Logger;
}

export interface HttpIngest extends AsyncDisposable {
  readonly addresses: HttpServer["addresses"];
  readonly metrics: readonly MetricSpec[];
  renewTls(tls: TlsIdentity): void;
  stopAccepting(): void;
  /** Forgets old keys until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** @throws AppError `ADDRESS_IN_USE`, or `DIRECTORY_UNWRITABLE` if keys cannot be kept. */
export async function openHttp(parts: OpenHttpParts): Promise<HttpIngest> {
  const { listeners, limits, broker, identity, commitLog, clock, logger } = parts;
  const counters = makeHttpCounters();
  const nowMs = (): number => performance.now();
  const recent = new RecentReadings(nowMs);
  const intake = new Intake({ ...parts, log: commitLog, recent, nowMs });
  const metrics = httpMetricSpecs(counters, () => intake.heldBytes);
  if (!listeners.http && !listeners.https) return { ...NOTHING, metrics };
  const store = openKeyStore(parts.dataDir);
  const idempotency = new Idempotency({ store, logged: new LoggedReadings(parts), clock });
  const readingBytesMax = broker.limits.packetBytesMax;
  const { catalog } = parts;
  const shared = { intake, idempotency, limits, readingBytesMax, counters, catalog, clock };
  const routes = [...telemetryRoutes(shared), ...influxRoutes(shared), thingsBoardRoute(shared)];
  try {
    const server = await startHttp({
      ...{ listeners, limits, identity, intake, routes, counters, logger },
    });
    return {
      ...server,
      metrics,
      run: async (signal) => {
        while (!signal.aborted) {
          await sleep(PRUNE_EVERY_MS, signal);
          if (signal.aborted) return;
          try {
            store.prune(Date.now());
          } catch (error) {
            if (dispositionOf(error) !== "retry") throw error;
            logger.warn(messageOf(error));
          }
        }
      },
      [Symbol.asyncDispose]: async () => {
        await server[Symbol.asyncDispose]();
        store[Symbol.dispose]();
      },
    };
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

const NOTHING: Omit<HttpIngest, "metrics"> = {
  addresses: {},
  renewTls: () => undefined,
  stopAccepting: () => undefined,
  run: (signal) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
