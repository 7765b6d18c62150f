// Alerts that the hub itself raises, in the same form as a region's (ALERTS_hub).
import type { Tracing } from "../otel/tracing.ts";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import { ConditionAlerts } from "../platform/nats/lanes/condition-alerts.ts";
import { HUB } from "../platform/nats/topology/topology.ts";

export class HubAlerts extends ConditionAlerts {
  constructor(connection: NatsConnection, tracing: Tracing) {
    super(connection, HUB, tracing);
  }
}
