// Everything that `skerry status` tells, asked of all servers and processes at once. Whoever does not
// answer is part of the answer.
import { readFileSync } from "node:fs";
import { setDefaultCACertificates } from "node:tls";
import type { Alert } from "../../../contracts/messages/alert.ts";
import type { ToldInsight } from "../../../contracts/messages/status.ts";
import { rejectsStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { latestAlerts } from "../../../cloud/operations/alerts/latest.ts";
import type { Installation, NatsAddress } from "../kit/addresses.ts";
import { openNats } from "../kit/connection.ts";
import type { ProcessAnswer } from "../../../cloud/operations/lanes/process-answer.ts";
import { askProcesses } from "../kit/processes.ts";
import { type RegionLog, readRegionLog } from "../../../cloud/operations/lanes/region-log.ts";
import { saidBySteward, watchHub } from "./insight.ts";

const ANSWER_WITHIN_MS = 2_000;

export interface ServerReport {
  /** `nats-hub`, `nats-eu`, `influxd`: as its log file is called. */
  readonly name: string;
  readonly address: string;
  /** The reason for which nothing can be known of it; null if it answers. */
  readonly problem: string | null;
}

export interface RegionReport {
  readonly region: string;
  /** Null if the region's server does not tell. */
  readonly log: RegionLog | null;
  /** Number of rejects that the region keeps; null if its server does not tell. */
  readonly rejects: number | null;
}

export interface InstallationReport {
  readonly atMs: number;
  /** The file that names the installation's addresses. */
  readonly path: string;
  readonly servers: readonly ServerReport[];
  readonly processes: readonly ProcessAnswer[];
  readonly regions: readonly RegionReport[];
  /** Alerts that are not resolved, the latest last. */
  readonly alerts: readonly Alert[];
  /** The verdict of the hub, as the console has it; null if nobody could be asked. */
  readonly insight: ToldInsight | null;
}

interface DomainReport {
  readonly server: ServerReport;
  /** Null for the hub. */
  readonly region: RegionReport | null;
  readonly alerts: readonly Alert[];
}

export async function readInstallation({
  path,
  addresses,
}: Installation): Promise<InstallationReport> {
  const { ca } = addresses;
  const from = { from: path, ...(ca === undefined ? {} : { ca }) };
  // InfluxDB is asked by fetch, which takes no authority of its own.
  if (ca !== undefined) setDefaultCACertificates([readFileSync(ca, "utf8")]);
  const domains = Object.entries(addresses.nats);
  const [answers, influx] = await Promise.all([
    Promise.all(domains.map(([domain, url]) => readDomain(domain, { url, ...from }))),
    addresses.influx === undefined ? [] : askInflux(addresses.influx).then((one) => [one]),
  ]);
  // After the logs: a lane may be further than its log was, never behind for having been asked first.
  const processes = await askProcesses(addresses.status ?? {});
  const regions = answers.flatMap(({ region }) => region ?? []);
  const insight =
    saidBySteward(processes, Date.now()) ??
    (await watchHub({ url: addresses.nats[HUB], ...from }, regions));
  return {
    atMs: Date.now(),
    path,
    servers: [...answers.map(({ server }) => server), ...influx],
    ...{ processes, regions, insight },
    alerts: answers.flatMap(({ alerts }) => alerts).sort((a, b) => a.atMs - b.atMs),
  };
}

/** A domain is asked for its own: a region's log and alerts are there first. */
async function readDomain(domain: string, address: NatsAddress): Promise<DomainReport> {
  const server = { name: `nats-${domain}`, address: new URL(address.url).host };
  const unknown = domain === HUB ? null : { region: domain, log: null, rejects: null };
  let nats: NatsConnection;
  try {
    nats = await openNats(address, ANSWER_WITHIN_MS);
  } catch {
    return { server: { ...server, problem: "does not answer" }, region: unknown, alerts: [] };
  }
  try {
    const [region, alerts] = await Promise.all([
      domain === HUB ? null : readRegion(nats, domain),
      latestAlerts(nats, domain),
    ]);
    const open = alerts.filter(({ state }) => state !== "resolved");
    return { server: { ...server, problem: null }, region, alerts: open };
  } catch (error) {
    return { server: { ...server, problem: messageOf(error) }, region: unknown, alerts: [] };
  } finally {
    await nats.close();
  }
}

async function readRegion(nats: NatsConnection, region: string): Promise<RegionReport> {
  const [log, rejects] = await Promise.all([
    readRegionLog(nats, region),
    new Streams(nats).find(rejectsStream(region)),
  ]);
  return { region, log, rejects: rejects?.messages ?? null };
}

async function askInflux(url: string): Promise<ServerReport> {
  const server = { name: "influxd", address: new URL(url).host };
  try {
    const ping = new URL("/ping", new URL(url).origin);
    const { ok, status } = await fetch(ping, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { ...server, problem: ok ? null : `answers with HTTP status ${status}` };
  } catch {
    return { ...server, problem: "does not answer" };
  }
}
