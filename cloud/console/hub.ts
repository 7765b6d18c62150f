// Everything that routes need of the hub, opened once.
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { InfluxClient } from "../sinks/influx/client.ts";

export interface Hub {
  readonly connection: NatsConnection;
  readonly regions: readonly string[];
  readonly partitions: number;
  /** It grows with each version that is published. */
  readonly catalog: Catalog;
  /** Null without an InfluxDB. */
  readonly influx: InfluxClient | null;
  readonly logger: Logger;
  readonly now: () => number;
}
