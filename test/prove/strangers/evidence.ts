// Everything that the installation holds of strangers, when a run is over.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { InfluxClient, quote } from "../../../cloud/sinks/influx/client.ts";
import { rawMeasurement } from "../../../contracts/names/measurements.ts";
import type { Alert } from "../../../contracts/messages/alert.ts";
import { frameOrNull } from "../../../contracts/messages/frame.ts";
import type { Reject } from "../../../contracts/messages/reject.ts";
import {
  alertSubjects,
  alertsStream,
  rejectSubjects,
  rejectsDroppedSubject,
  rejectsStream,
  telemetryFilter,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { INFLUX_DATABASE, REGIONS, type Region } from "../../../infra/local/places.ts";
import { seriesName, seriesOf } from "./tally.ts";
import type { Sent } from "./sent.ts";
import { type Evidence, type Heard, type Outage, STRANGERS, type StoredAlert } from "./stranger.ts";

const QUERY_TIMEOUT_MS = 60_000;

export const influxOf = (url: string): InfluxClient =>
  new InfluxClient({ url, database: INFLUX_DATABASE }, QUERY_TIMEOUT_MS);

export async function gatherEvidence(
  sent: readonly Sent[],
  of: {
    connections: Readonly<Record<Region, NatsConnection>>;
    influx: InfluxClient;
    restarts: Readonly<Record<string, number>>;
    outages: readonly Outage[];
  },
): Promise<Evidence> {
  const { connections, influx, restarts, outages } = of;
  const points = new Map<string, Awaited<ReturnType<InfluxClient["query"]>>>();
  for (const [name, { region, contract, device }] of seriesOf(sent))
    points.set(
      name,
      await influx.query(
        `SELECT * FROM "${rawMeasurement(contract)}" WHERE "region" = ${quote(region)} AND "device" = ${quote(device)}`,
      ),
    );
  const ofRegions = async <T>(read: (region: Region) => Promise<T>): Promise<Record<Region, T>> =>
    Object.fromEntries(
      await Promise.all(REGIONS.map(async (region) => [region, await read(region)] as const)),
    ) as Record<Region, T>;
  const heard = await ofRegions((region) => readHeard(connections[region], region));
  return {
    points: (series) => points.get(seriesName(series)) ?? [],
    rejects: await ofRegions((region) => readRejects(connections[region], region)),
    alerts: await ofRegions((region) => readAlerts(connections[region], region)),
    heard: (region, device) => heard[region].get(device) ?? [],
    gatewayRestarts: {
      eu: restarts["gateway-eu"] ?? 0,
      us: restarts["gateway-us"] ?? 0,
    },
    outages,
  };
}

export async function readAlerts(
  connection: NatsConnection,
  region: Region,
): Promise<StoredAlert[]> {
  const slice = { stream: alertsStream(region), subject: alertSubjects(region), from: 1 };
  const alerts: StoredAlert[] = [];
  for await (const { data, storeMs } of readStored(connection, slice))
    alerts.push({ ...(jsonOf(data) as Alert), storeMs });
  return alerts;
}

async function readRejects(connection: NatsConnection, region: Region): Promise<Reject[]> {
  const slice = { stream: rejectsStream(region), subject: rejectSubjects(region), from: 1 };
  const rejects: Reject[] = [];
  for await (const { data, subject } of readStored(connection, slice))
    if (subject !== rejectsDroppedSubject(region)) rejects.push(jsonOf(data) as Reject);
  return rejects;
}

/** Readings of strangers, by device: those of one are in one lane, so the stream has their order. */
async function readHeard(
  connection: NatsConnection,
  region: Region,
): Promise<ReadonlyMap<string, Heard[]>> {
  const heard = new Map<string, Heard[]>();
  const slice = { stream: telemetryStream(region), subject: telemetryFilter(region), from: 1 };
  for await (const { data } of readStored(connection, slice))
    for (const { device, contract, payload, receivedAtMs } of frameOrNull(data)?.readings ?? []) {
      if (!device.startsWith(STRANGERS)) continue;
      const ofDevice = heard.get(device) ?? [];
      if (ofDevice.length === 0) heard.set(device, ofDevice);
      ofDevice.push({ contract, payload, receivedAtMs });
    }
  return heard;
}

const jsonOf = (data: Uint8Array): unknown => JSON.parse(Buffer.from(data).toString("utf8"));
