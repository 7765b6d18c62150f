// Saying that somebody has seen a firing alert.
import type { Acknowledgement, Alert } from "../../../contracts/messages/alert.ts";
import { ACKNOWLEDGEMENTS_BUCKET, acknowledgementKey } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { refused } from "../refused.ts";
import { latestAlerts } from "./latest.ts";

/** Written at the hub; the engine of the alert's region tells it within a second. */
export async function acknowledge(
  hub: NatsConnection,
  { region, rule, key, late, id }: Alert,
  by: string,
): Promise<Acknowledgement> {
  const ack: Acknowledgement = { rule, key, id, by, atMs: Date.now() };
  const bucket = await Bucket.open(hub, ACKNOWLEDGEMENTS_BUCKET);
  const name = { region, rule, key, ...(late ? { late } : {}) };
  await bucket.put(acknowledgementKey(name), JSON.stringify(ack));
  return ack;
}

/** @throws AppError `CONFIG_INVALID` if no alert, or more than one, is meant. */
export async function firingAlert(connection: NatsConnection, id: string): Promise<Alert> {
  const found = (await latestAlerts(connection, undefined)).filter((alert) =>
    alert.id.startsWith(id),
  );
  const [alert, another] = found;
  if (!alert) throw refused(`there is no alert ${id}`);
  if (another) throw refused(`${id} is the beginning of ${found.length} alerts: say more of it`);
  if (alert.region === HUB || alert.rule.includes("_"))
    throw refused(`${alert.rule} is no rule of yours: it ends by itself`);
  if (alert.state !== "firing") throw refused(`alert ${alert.id} is ${alert.state}, not firing`);
  return alert;
}
