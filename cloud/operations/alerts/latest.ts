import { type Alert, isAlertState } from "../../../contracts/messages/alert.ts";
import { alertSubjects, alertsStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { regionsOf } from "../../../platform/nats/lanes/copies.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { refused } from "../refused.ts";

/** The last alert of every rule and key, oldest first; of one region, or of all that the server knows. */
export async function latestAlerts(
  connection: NatsConnection,
  region: string | undefined,
): Promise<Alert[]> {
  const streams = new Streams(connection);
  const regions = region === undefined ? await domainsWithAlerts(streams) : [region];
  const alerts: Alert[] = [];
  for (const each of regions) {
    const stream = alertsStream(each);
    const subject = alertSubjects(each);
    if (!(await streams.find(stream))) throw refused(`there is no stream ${stream} there`);
    const newest = await streams.newest(stream, subject);
    if (!newest) continue;
    const slice = { stream, subject, from: "last-per-subject" } as const;
    for await (const { data } of readStored(connection, slice, newest.seq))
      alerts.push(...readable(data));
  }
  return alerts.sort((a, b) => a.atMs - b.atMs);
}

/** None for what is no alert: `skerry set-aside list` has it. */
function readable(data: Uint8Array): Alert[] {
  try {
    const alert = jsonOf<Partial<Alert> | null>(data);
    const isNamed = [alert?.id, alert?.rule, alert?.key].every((name) => typeof name === "string");
    const isAlert = isNamed && isAlertState(alert?.state);
    return isAlert && Number.isFinite(alert.atMs) ? [alert as Alert] : [];
  } catch {
    return [];
  }
}

/** The hub and the regions, as far as this server has their alerts. */
async function domainsWithAlerts(streams: Streams): Promise<string[]> {
  const found: string[] = [];
  for (const domain of [HUB, ...(await regionsOf(streams))])
    if (await streams.find(alertsStream(domain))) found.push(domain);
  return found.sort();
}
