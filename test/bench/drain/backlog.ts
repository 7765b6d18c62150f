// A backlog as a gateway would have left it: frames of the size that it makes at 10,000 readings a
// second, compressed as it compresses them, each reading with a time of its own.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import {
  type FrameHeader,
  encodeFrame,
  encodeReading,
  frameMessageId,
} from "../../../contracts/messages/frame.ts";
import { telemetrySubject } from "../../../contracts/names/subjects.ts";
import { StreamPublisher } from "../../../platform/nats/client/stream-publisher.ts";

export interface Backlog {
  readonly region: string;
  readonly partitions: number;
  readonly contract: string;
  readonly readings: number;
  readonly devices: number;
  /** Readings of one frame. */
  readonly perFrame: number;
  /** Of the time that the readings tell. */
  readonly ratePerSecond: number;
}

/** Frames on their way to the store at once, per partition. */
const IN_FLIGHT = 32;

/** Writes the backlog into the region's log; resolves to the bytes of its frames. */
export async function writeBacklog(connection: NatsConnection, backlog: Backlog): Promise<number> {
  using publisher = new StreamPublisher(connection);
  const lasts = (backlog.readings / backlog.ratePerSecond) * 1_000;
  const startMs = Date.now() - lasts - 10_000;
  const lanes = Array.from({ length: backlog.partitions }, (_, partition) =>
    writeLane(publisher, backlog, partition, startMs),
  );
  const bytes = await Promise.all(lanes);
  return bytes.reduce((sum, each) => sum + each, 0);
}

async function writeLane(
  publisher: StreamPublisher,
  backlog: Backlog,
  partition: number,
  startMs: number,
): Promise<number> {
  const { region, partitions, perFrame } = backlog;
  const subject = telemetrySubject(region, partition);
  const own = Math.floor(backlog.readings / partitions);
  const perMs = backlog.ratePerSecond / partitions / 1_000;
  const sequences = new Map<string, number>();
  const inFlight = new Set<Promise<unknown>>();
  const store = async (data: Uint8Array, n: number): Promise<void> => {
    const messageId = frameMessageId({ gateway: "bench", epoch: "1", n }, partition);
    while (
      !(await publisher.publish({ subject, data, messageId }).then(
        () => true,
        () => false,
      ))
    );
  };
  let bytes = 0;
  let total = 0;
  for (let n = 1; total < own; n++) {
    const count = Math.min(perFrame, own - total);
    const readings = Array.from({ length: count }, (_, at) =>
      readingOf(backlog, partition, total + at, startMs + (total + at) / perMs, sequences),
    );
    total += count;
    const clock = Math.floor(startMs + total / perMs);
    const header: FrameHeader = { v: 1, gateway: "bench", epoch: "1", n, count, total, clock };
    const data = encodeFrame(header, readings);
    bytes += data.length;
    const stored = store(data, n).finally(() => inFlight.delete(stored));
    inFlight.add(stored);
    // In order, as a lane has to be: the store takes one connection's messages as they come.
    while (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  return bytes;
}

/**
 * The `index`th reading of a lane, as a frame holds it. Devices take turns, so that each sends at the
 * same rate. @param sequences by device; the reading's own is counted in it.
 */
export function readingOf(
  { contract, devices, partitions }: Pick<Backlog, "contract" | "devices" | "partitions">,
  partition: number,
  index: number,
  timeMs: number,
  sequences: Map<string, number>,
): string {
  const own = Math.max(1, Math.floor(devices / partitions));
  const device = `bench-${partition}-${String(index % own).padStart(5, "0")}`;
  const seq = (sequences.get(device) ?? 0) + 1;
  sequences.set(device, seq);
  const ts = Math.floor(timeMs);
  // Knuth's multiplicative hash: digits that do not repeat within a frame.
  const noise = Math.imul(index + 1, 2654435761) >>> 0;
  const payload =
    `{"seq":${seq},"ts":${ts},"temperature":${(20 + (noise % 997) / 100).toFixed(2)},` +
    `"humidity":${(30 + (noise % 1009) / 100).toFixed(2)},"light":${(400 + (noise % 1013) / 10).toFixed(1)},` +
    `"co2":${(500 + (noise % 4001) / 10).toFixed(1)},"occupancy":${noise & 1}}`;
  const receivedAtMs = ts + 3;
  return encodeReading({ device, contract, version: 1, receivedAtMs, traceparent: null, payload });
}
