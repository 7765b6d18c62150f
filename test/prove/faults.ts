// Causes the faults of a schedule in a running installation and measures how long each takes to heal.
import type { Monitor } from "../../infra/local/monitor.ts";
import type { Supervisor } from "../../infra/local/supervisor.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { nodeName } from "./clusters.ts";
import {
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  NODE_KILLS,
  type NodeKill,
  isNodeKill,
} from "./schedule.ts";
import type { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";

export type FaultTable = Record<FaultKind, { count: number; recoveryMsMax: number }>;

/** A link, whatever number of connections it is made of. */
export type Link = Pick<TcpProxy, "cut" | "heal" | "latencyMs">;

export interface FaultWorld {
  readonly supervisor: Supervisor;
  readonly monitor: Monitor;
  readonly leaf: Readonly<Record<"eu" | "us", readonly Link[]>>;
  readonly influx: Link;
  readonly say: (line: string) => void;
  /** Told when a fault has recovered. */
  readonly over?: (fault: Fault, fromMs: number, untilMs: number) => void;
}

const WAN_LATENCY_MS = 150;
const INFLUX_LATENCY_MS = 700;
const POLL_MS = 200;
/** What has not recovered by then counts with this time; the comparison at the end tells the rest. */
const RECOVERY_MS_MAX = 120_000;

/** Runs the whole schedule; resolves when every fault is over and has recovered. */
export async function runFaults(
  schedule: readonly Fault[],
  world: FaultWorld,
  stop: AbortSignal,
): Promise<FaultTable> {
  const table = Object.fromEntries(
    [...FAULT_KINDS, ...NODE_KILLS].map((kind) => [kind, { count: 0, recoveryMsMax: 0 }]),
  ) as FaultTable;
  const startMs = performance.now();
  await Promise.all(
    schedule.map(async (fault) => {
      await sleep(fault.atMs - (performance.now() - startMs), stop);
      if (stop.aborted) return;
      const what = `${fault.kind} ${fault.region}`;
      world.say(`${(fault.atMs / 1000).toFixed(1)} s: ${what}, ${fault.durationMs / 1000} s`);
      const fromMs = Date.now();
      await cause(fault, world, stop);
      const recoveryMs = await recovered(fault, world, stop);
      world.over?.(fault, fromMs, Date.now());
      const row = table[fault.kind];
      row.count += 1;
      row.recoveryMsMax = Math.max(row.recoveryMsMax, Math.round(recoveryMs));
    }),
  );
  return table;
}

async function cause(fault: Fault, world: FaultWorld, stop: AbortSignal): Promise<void> {
  const { leaf, influx, supervisor } = world;
  const { kind, region, durationMs } = fault;
  const links = leaf[region];
  if (kind === "wan-cut") {
    for (const link of links) link.cut();
    await sleep(durationMs, stop);
    for (const link of links) link.heal();
  } else if (kind === "wan-latency") {
    for (const link of links) link.latencyMs = WAN_LATENCY_MS;
    await sleep(durationMs, stop);
    for (const link of links) link.latencyMs = 0;
  } else if (kind === "influx-slow") {
    influx.latencyMs = INFLUX_LATENCY_MS;
    await sleep(durationMs, stop);
    influx.latencyMs = 0;
  } else if (kind.startsWith("freeze-")) {
    const thaw = supervisor.get(processOf(kind, region)).freeze();
    await sleep(durationMs, stop);
    thaw();
  } else supervisor.get(processOf(kind, region)).kill();
}

type OfProcess = Exclude<FaultKind, "wan-cut" | "wan-latency" | "influx-slow">;

function processOf(kind: OfProcess, region: "eu" | "us"): string {
  if (isNodeKill(kind)) {
    const [, , cluster, node] = kind.split("-");
    return nodeName(cluster as "hub" | "eu", Number(node));
  }
  const of: Record<Exclude<OfProcess, NodeKill>, string> = {
    "kill-gateway": `gateway-${region}`,
    "kill-alerting": `alerting-${region}`,
    "kill-nats-region": `nats-${region}`,
    "kill-nats-hub": "nats-hub",
    "kill-influxd": "influxd",
    // Two share the lanes.
    "kill-aggregator": region === "eu" ? "aggregator" : "aggregator-2",
    "kill-simulator": "simulator",
    "kill-notifier": "notifier",
    "kill-steward": "steward",
    "freeze-gateway": `gateway-${region}`,
    "freeze-alerting": `alerting-${region}`,
    "freeze-nats-region": `nats-${region}`,
    "freeze-nats-hub": "nats-hub",
    "freeze-influxd": "influxd",
    "freeze-aggregator": region === "eu" ? "aggregator" : "aggregator-2",
  };
  return of[kind];
}

/**
 * Milliseconds from the end of the fault until what it stopped moves again: acknowledgements of the
 * region's devices, the engine's lanes, or the aggregator's lanes of the region.
 */
async function recovered(
  { kind, region }: Fault,
  { monitor }: FaultWorld,
  stop: AbortSignal,
): Promise<number> {
  const fromMs = performance.now();
  const progress = (): number => {
    const { simulator, alerting, aggregator } = monitor.latest;
    const seqs = (lanes: readonly { region: string; doneSeq: number }[]): number =>
      lanes.reduce((sum, lane) => sum + (lane.region === region ? lane.doneSeq : 0), 0);
    if (/-(gateway|nats-region|simulator|nats-eu-\d)$/.test(kind))
      return simulator?.regions[region]?.acknowledged ?? 0;
    if (kind === "kill-steward") return monitor.latest.steward?.ledger?.atMs ?? 0;
    if (kind.endsWith("-alerting")) return seqs(alerting.get(region)?.lanes ?? []);
    return seqs(aggregator?.lanes ?? []);
  };
  // A status that is still from before the fault must not count as recovery.
  await sleep(1_000, stop);
  // It may have nothing to tell: that it answers has to do.
  const isBack = (): boolean => kind === "kill-notifier" && monitor.latest.notifier !== null;
  const before = progress();
  while (!stop.aborted && performance.now() - fromMs < RECOVERY_MS_MAX) {
    const now = progress();
    if ((now > 0 && now !== before) || isBack()) return performance.now() - fromMs;
    await sleep(POLL_MS, stop);
  }
  return RECOVERY_MS_MAX;
}
