// A process of the load generator: its share of the devices, driven by commands from its parent.
import { type Histogram, build, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { setTimeout as sleep } from "node:timers/promises";
import { LoadConnection } from "./connection.ts";
import type { Command, LoadResult, Reply, WorkerSpec } from "./protocol.ts";
import { ENVIRONMENT, sampleOf } from "./shape.ts";
import { type Spoken, TimeDigits, deviceName } from "./wire.ts";

/** CONNECTs on their way at once: well under every listener's backlog. */
const OPENING_MAX = 64;
const DRAIN_WITHIN_MS = 20_000;
const DEVICES_MAX = 65_536;

const spec = JSON.parse(process.argv[2] ?? "{}") as WorkerSpec;
const sample = spec.shape ? sampleOf(spec.shape) : ENVIRONMENT;
const clock = new TimeDigits();
clock.set(Date.now());
setInterval(() => clock.set(Date.now()), 1);

/** Publishes so far per target and device: sequences go on over connections. */
const sentBy = new Map<string, Uint32Array>();
let connections: LoadConnection[] = [];
let devices: number[] = [];
let target = "";

/** Each device is one connection's, so that its readings stay in order. */
const spokenBy = (index: number, connections: number): Spoken | null => {
  if (spec.devices === undefined) return null;
  const count = Math.max(1, Math.floor(spec.devices / connections));
  return { first: index, step: connections, count };
};

async function open(command: Extract<Command, { do: "open" }>): Promise<Reply> {
  const startMs = performance.now();
  target = command.target;
  const sent = sentBy.get(target) ?? new Uint32Array(DEVICES_MAX);
  sentBy.set(target, sent);
  devices = [];
  for (let index = spec.index; index < command.connections; index += spec.workers)
    devices.push(index);
  connections = new Array<LoadConnection>(devices.length);
  let next = 0;
  const opener = async (): Promise<void> => {
    while (next < devices.length) {
      const position = next++;
      const index = devices[position]!;
      const connection = new LoadConnection({
        port: command.port,
        isTls: command.isTls,
        device: deviceName(index),
        spoken: spokenBy(index, command.connections),
        credentials: command.credentials[index],
        window: command.window,
        sent: sent[index]!,
        clock,
        dialect: command.dialect,
        sample,
      });
      connections[position] = connection;
      await connection.opened;
    }
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, opener));
  return { done: "open", ms: performance.now() - startMs };
}

const sum = (of: (connection: LoadConnection) => number): number =>
  connections.reduce((total, connection) => total + of(connection), 0);
const acked = (): number => sum((connection) => connection.acked);

interface Interval {
  warmupMs: number;
  measureMs: number;
}

async function measure(
  { warmupMs, measureMs }: Interval,
  stop: () => void,
): Promise<Omit<LoadResult, "latency" | "lateness">> {
  await sleep(warmupMs);
  const [startMs, ackedBefore, cpuBefore] = [performance.now(), acked(), process.cpuUsage()];
  await sleep(measureMs);
  const measuredMs = performance.now() - startMs;
  const ackedMeasured = acked() - ackedBefore;
  const { user, system } = process.cpuUsage(cpuBefore);
  stop();
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  const waiting = (): boolean =>
    connections.some(({ inFlight, owed, closed }) => !closed && (inFlight > 0 || owed > 0));
  while (waiting() && performance.now() < deadline) await sleep(10);
  return {
    acked: ackedMeasured,
    measuredMs,
    ackedInAll: acked(),
    sentInAll: sum(({ sentHere }) => sentHere),
    connectionsLost: sum(({ closed }) => Number(closed)),
    cpuSeconds: (user + system) / 1e6,
  };
}

/** Closed loop: every window is always at least half full. */
async function saturate(interval: Interval): Promise<Reply> {
  for (const connection of connections) {
    connection.saturating = true;
    connection.publish(Infinity);
  }
  const result = await measure(interval, () => {
    for (const connection of connections) connection.saturating = false;
  });
  return { done: "load", result: { ...result, latency: null, lateness: null } };
}

const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60e6,
    numberOfSignificantValueDigits: 3,
  });

/**
 * Open loop: publish i of all is due at start + i / rate whatever was answered, and its latency
 * counts from then, so that a stall is paid by every publish that it delays.
 */
async function pace(interval: Interval & { ratePerSecond: number }): Promise<Reply> {
  const latency = histogram();
  const lateness = histogram();
  // This worker's share of a schedule that all workers share.
  const everyMs = (1000 * spec.workers) / interval.ratePerSecond;
  const startMs = performance.now() + 5;
  const from = startMs + interval.warmupMs;
  const micros = (ms: number): number => Math.max(1, Math.round(ms * 1000));
  connections.forEach((connection, position) => {
    connection.intendedMs = (n) => startMs + (n * connections.length + position) * everyMs;
    connection.onAnswer = (intendedMs) => {
      if (intendedMs >= from) latency.recordValue(micros(performance.now() - intendedMs));
    };
  });
  let next = 0;
  const ticks = setInterval(() => {
    const nowMs = performance.now();
    for (; startMs + next * everyMs <= nowMs; next++) {
      const intendedMs = startMs + next * everyMs;
      if (intendedMs >= from) lateness.recordValue(micros(nowMs - intendedMs));
      connections[next % connections.length]!.owe(1);
    }
  }, 1);
  const result = await measure(interval, () => clearInterval(ticks));
  return {
    done: "load",
    result: {
      ...result,
      latency: encodeIntoCompressedBase64(latency),
      lateness: encodeIntoCompressedBase64(lateness),
    },
  };
}

async function close(): Promise<Reply> {
  const sent = sentBy.get(target)!;
  devices.forEach((index, position) => (sent[index] = connections[position]!.sent));
  await Promise.all(connections.map((connection) => connection.close()));
  connections = [];
  return { done: "close" };
}

const run = (command: Command): Promise<Reply> => {
  switch (command.do) {
    case "open":
      return open(command);
    case "saturate":
      return saturate(command);
    case "pace":
      return pace(command);
    case "close":
      return close();
  }
};

process.on("message", (command: Command) => {
  run(command)
    .catch((error: unknown): Reply => ({ done: "failed", error: String(error) }))
    .then((reply) => process.send!(reply))
    .catch(() => process.exit(1));
});
process.on("disconnect", () => process.exit(0));
