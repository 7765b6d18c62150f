// Skerry's own processes under test, started as the launcher starts them.
import { join, resolve } from "node:path";
import { decodeFrame, type FrameReading } from "../../contracts/messages/frame.ts";
import { contentHash } from "../../contracts/messages/reading.ts";
import { telemetryFilter, telemetryStream } from "../../contracts/names/subjects.ts";
import { type LedgerEntry, readLedger } from "../../device-sim/ledger.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";

const PROJECT = join(import.meta.dirname, "../..");

export interface Service {
  readonly process: ServerProcess;
  /** A URL of its status server. */
  url(path: string): string;
  /** `GET /status`. */
  status<T>(): Promise<T>;
}

/** A process of ours with a status port of its own; `main` is its path in the project, or of another release. */
export async function startService(main: string, env: Record<string, string>): Promise<Service> {
  const service = await makeService(main, env);
  await service.process.start();
  return service;
}

/** The same, not yet started; `execArgs` are Node's. */
export async function makeService(
  main: string,
  env: Record<string, string>,
  execArgs: readonly string[] = [],
  readyWithinMs?: number,
): Promise<Service> {
  const base = `http://127.0.0.1:${await freePort()}`;
  const process_ = new ServerProcess({
    name: main,
    program: process.execPath,
    args: [...execArgs, resolve(PROJECT, main)],
    env: { SKERRY_STATUS_PORT: new URL(base).port, ...env },
    ready: async () => (await fetch(`${base}/readyz`)).ok,
    ...(readyWithinMs === undefined ? {} : { readyWithinMs }),
  });
  return {
    process: process_,
    url: (path) => new URL(path, base).href,
    status: async <T>() => (await (await fetch(`${base}/status`)).json()) as T,
  };
}

const keyOf = (device: string, contract: string, hash: string): string =>
  `${device}\n${contract}\n${hash}`;

/** Every reading in a region's log by device, contract and content: how often it is there. */
export async function logContents(
  connection: NatsConnection,
  region: string,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const slice = { stream: telemetryStream(region), subject: telemetryFilter(region), from: 1 };
  const { lastSeq } = await new Streams(connection).state(slice.stream);
  const count = ({ device, contract, payload }: FrameReading): void => {
    const key = keyOf(device, contract, contentHash(payload));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for await (const { data } of readStored(connection, slice, lastSeq))
    decodeFrame(data).readings.forEach(count);
  return counts;
}

/** The acknowledged readings of a ledger that the region's log does not hold. */
export async function missingFromLog(
  ledgerPath: string,
  connection: NatsConnection,
  region: string,
): Promise<{ acknowledged: number; missing: LedgerEntry[] }> {
  const log = await logContents(connection, region);
  const missing: LedgerEntry[] = [];
  let acknowledged = 0;
  for await (const entry of readLedger(ledgerPath)) {
    acknowledged += 1;
    if (!log.has(keyOf(entry.device, entry.contract, entry.hash))) missing.push(entry);
  }
  return { acknowledged, missing };
}
