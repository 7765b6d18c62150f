// The measurements, one target under load at a time.
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, machineCpuSeconds, residentKiB, untilQuiet } from "../processes.ts";
import type { Generator, Load } from "./generator.ts";
import { type Plan, pacedWindow } from "./plan.ts";
import type { Target, TargetName } from "./targets.ts";

export interface Throughput {
  readonly target: TargetName;
  readonly connections: number;
  readonly round: number;
  readonly perSecond: number;
  readonly acknowledged: number;
  readonly sent: number;
  readonly connectionsLost: number;
  readonly connectMs: number;
  readonly generatorCores: number;
  /** By role of the target's processes, in cores, over load and drain. */
  readonly targetCores: Readonly<Record<string, number>>;
  /** Cores that neither the target nor the generator used: what else ran on this machine. */
  readonly foreignCores: number;
  /** Until the target had nothing left to do after its load. */
  readonly quietAfterMs: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface AckLatency extends Omit<Throughput, "target"> {
  readonly target: TargetName;
  /** From the intended send time to the PUBACK. */
  readonly ackMs: Percentiles;
  /** How late the generator sent: part of `ackMs`. */
  readonly latenessMs: Percentiles;
}

export interface IdleMemory {
  readonly target: TargetName;
  readonly connections: number;
  readonly beforeKiB: number;
  readonly withConnectionsKiB: number;
  readonly perConnectionKiB: number;
}

/** Code is loaded and compiled by these before memory is first read. */
const IDLE_WARMUP_CONNECTIONS = 200;
const IDLE_SETTLE_MS = 500;

/** What `connections` connected clients that say nothing cost; null where /proc does not say. */
export async function measureIdle(
  generator: Generator,
  target: Target,
  connections: number,
): Promise<IdleMemory | null> {
  const { broker } = target.pids;
  await generator.open(target, Math.min(IDLE_WARMUP_CONNECTIONS, connections), 1);
  await generator.close();
  await sleep(IDLE_SETTLE_MS);
  const beforeKiB = residentKiB(broker);
  await generator.open(target, connections, 1);
  await sleep(IDLE_SETTLE_MS);
  await untilQuiet([broker], { withinMs: 3_000 });
  const withConnectionsKiB = residentKiB(broker);
  await generator.close();
  if (beforeKiB === null || withConnectionsKiB === null) return null;
  const perConnectionKiB = (withConnectionsKiB - beforeKiB) / connections;
  return { target: target.name, connections, beforeKiB, withConnectionsKiB, perConnectionKiB };
}

/** Every window always at least half full. */
export async function measureThroughput(
  generator: Generator,
  target: Target,
  plan: Plan,
  at: { connections: number; round: number },
): Promise<Throughput> {
  const { warmupMs, measureMs, window } = plan;
  const command = { do: "saturate", warmupMs, measureMs } as const;
  const { throughput } = await measureLoad(generator, target, { ...at, window }, command);
  return throughput;
}

/** Open loop at a rate that every target can keep. */
export async function measureAckLatency(
  generator: Generator,
  target: Target,
  plan: Plan,
  round: number,
): Promise<AckLatency> {
  const { pace } = plan;
  const { connections, ratePerSecond, warmupMs, measureMs } = pace;
  const command = { do: "pace", ratePerSecond, warmupMs, measureMs } as const;
  const at = { connections, round, window: pacedWindow(plan) };
  const { throughput, load } = await measureLoad(generator, target, at, command);
  return {
    ...throughput,
    ackMs: percentilesMs(load.latency),
    latenessMs: percentilesMs(load.lateness),
  };
}

async function measureLoad(
  generator: Generator,
  target: Target,
  at: { connections: number; round: number; window: number },
  command: Parameters<Generator["load"]>[0],
): Promise<{ throughput: Throughput; load: Load }> {
  const pids = Object.entries(target.pids);
  const cpu = (): number[] => pids.map(([, pid]) => cpuSeconds(pid) ?? 0);
  const connectMs = await generator.open(target, at.connections, at.window);
  await untilQuiet(Object.values(target.pids), { withinMs: 3_000 });
  const generatorCpu = (): number =>
    generator.pids.reduce((sum, pid) => sum + (cpuSeconds(pid) ?? 0), 0);
  const foreign = (): number =>
    (machineCpuSeconds() ?? 0) - cpu().reduce((sum, used) => sum + used, 0) - generatorCpu();
  const [before, foreignBefore, startMs] = [cpu(), foreign(), performance.now()];
  const load = await generator.load(command);
  const [after, seconds] = [cpu(), (performance.now() - startMs) / 1000];
  const foreignCores = (foreign() - foreignBefore) / seconds;
  const quietAfterMs = await untilQuiet(Object.values(target.pids));
  await generator.close();
  await untilQuiet(generator.pids, { withinMs: 2_000 });
  const cores = pids.map(([role], index) => [role, (after[index]! - before[index]!) / seconds]);
  const { perSecond, acknowledged, sent, connectionsLost, generatorCores } = load;
  const throughput = {
    target: target.name,
    connections: at.connections,
    round: at.round,
    perSecond,
    acknowledged,
    sent,
    connectionsLost,
    connectMs,
    generatorCores,
    targetCores: Object.fromEntries(cores) as Record<string, number>,
    foreignCores,
    quietAfterMs,
  };
  return { throughput, load };
}

/** Of a histogram of microseconds. */
export function percentilesMs(histogram: Load["latency"]): Percentiles {
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return { p50: at(50), p99: at(99), p999: at(99.9), max: histogram.maxValue / 1000 };
}
