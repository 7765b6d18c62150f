// From measurements to goals and words (pure).
import type { Percentiles } from "../ingest/measure.ts";
import type { Goal } from "../ingest/report.ts";
import type { Machine } from "../processes.ts";
import type { Evaluation, Evaluations, MemoryResult } from "./in-process.ts";
import type { MeasuredLatency } from "./measure-latency.ts";
import type { Recovery } from "./measure-recovery.ts";
import type { RuleSet } from "./site.ts";

export interface Measured {
  /** The windows of the rules that latencies and recoveries were measured with. */
  readonly over: string;
  readonly ruleCount: number;
  readonly machine: Machine;
  /** Load average of the minute at the end: this benchmark's own work is in it. */
  readonly loadAfter: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly latencies: readonly MeasuredLatency[];
  readonly recoveries: readonly Recovery[];
  readonly evaluations: Evaluations | null;
  readonly memory: MemoryResult | null;
}

export interface AlertsReport extends Measured {
  /** At 10,000 readings/s, thresholds: from the gateway's receipt to the local MQTT alert. */
  readonly alertMs: Percentiles | null;
  /** The same with the WAN cut. */
  readonly alertMsWanCut: Percentiles | null;
  /** The same with rules of all kinds. */
  readonly alertMsMixed: Percentiles | null;
  /** One core, a hundred thresholds, frames already decoded. */
  readonly evaluationsPerSecond: number | null;
  readonly goals: readonly Goal[];
}

const GOAL_RATE = 10_000;
const P99_GOAL_MS = 7;
/** With 10,000 rules. */
const P99_GOAL_OF_MANY_MS = 20;
const MAX_GOAL_MS = 2_000;
const RECOVERY_GOAL_MS = 4_000;
/** Above this many cores of other work the latencies say more about that work. */
const FOREIGN_CORES_MAX = 0.2;

export function summarizeAlerts(measured: Measured): AlertsReport {
  const goals: Goal[] = [];
  const below = (goal: string, value: number, limit: number): void =>
    void goals.push({ goal, value, met: value < limit });
  const at = (wanted: RuleSet, cut: boolean): Percentiles | null =>
    measured.latencies.find(
      ({ rules, ratePerSecond, isWanCut }) =>
        rules === wanted && ratePerSecond === GOAL_RATE && isWanCut === cut,
    )?.receiptMs ?? null;
  const [alertMs, alertMsWanCut] = [at("thresholds", false), at("thresholds", true)];
  const alertMsMixed = at("mixed", false);
  const count = whole(measured.ruleCount);
  const p99Goal = measured.ruleCount > 100 ? P99_GOAL_OF_MANY_MS : P99_GOAL_MS;
  for (const [where, ms] of [
    [`${count} thresholds`, alertMs],
    [`${count} thresholds, the WAN cut`, alertMsWanCut],
    [`${count} rules of all kinds`, alertMsMixed],
  ] as const) {
    if (ms === null) continue;
    below(`alert p99 under ${p99Goal} ms at 10,000/s, ${where}`, ms.p99, p99Goal);
    below(`alert max under 2 s at 10,000/s, ${where}`, ms.max, MAX_GOAL_MS);
  }
  for (const { process, worstMs } of measured.recoveries)
    below(`first alert within 4 s of kill -9 of the ${process}`, worstMs, RECOVERY_GOAL_MS);
  const evaluationsPerSecond = measured.evaluations?.thresholds.evaluationsPerSecond ?? null;
  return { ...measured, alertMs, alertMsWanCut, alertMsMixed, evaluationsPerSecond, goals };
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const ms = ({ p50, p99, p999, max }: Percentiles): string =>
  `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} p99.9 ${p999.toFixed(1)} max ${max.toFixed(1)}`;

export function renderAlerts(report: AlertsReport): string {
  const { machine, latencies, recoveries, evaluations, memory, goals } = report;
  return [
    `${machine.cores} cores, ${machine.model}; load average ${machine.loadBefore} before, ${report.loadAfter.toFixed(2)} at the end`,
    ...latencies.flatMap((each) => latencyWords(each, report)),
    ...recoveries.map(
      ({ process, worstMs, firstAlertMs, readyMs }) =>
        `kill -9 of the ${process}: first alert after ${whole(worstMs)} ms at worst of ${firstAlertMs.map(whole).join(", ")}; ready after ${readyMs.map(whole).join(", ")}`,
    ),
    ...(evaluations ? evaluationWords(evaluations) : []),
    ...(memory ? memoryWords(memory) : []),
    ...goals.map(
      ({ goal, value, met }) =>
        `${met ? "met   " : "MISSED"} ${goal} (${value >= 1_000 ? whole(value) : value.toFixed(1)})`,
    ),
  ].join("\n");
}

function latencyWords(of: MeasuredLatency, { over, ruleCount }: AlertsReport): string[] {
  const count = whole(ruleCount);
  const cores = Object.entries(of.cores).map(([role, used]) => `${role} ${used.toFixed(2)}`);
  const lost = of.probes - of.alerts;
  const faults = [
    ...(lost > 0 ? [`${lost} ALERTS DID NOT COME`] : []),
    ...(of.rulesDisabled > 0 ? [`${of.rulesDisabled} RULES WERE DISABLED`] : []),
    ...(of.unevaluated > 0 ? [`${of.unevaluated} READINGS WERE NOT EVALUATED`] : []),
    ...(of.foreignCores > FOREIGN_CORES_MAX
      ? [`NOT A QUIET MACHINE: other programs used ${of.foreignCores.toFixed(2)} cores`]
      : []),
  ];
  return [
    `Alerts at ${whole(of.ratePerSecond)} readings/s over ${of.connections} connections, ${of.rules === "mixed" ? `${count} rules of all kinds, windows of ${over}` : `${count} thresholds`}${of.isWanCut ? ", WAN cut" : ""}, ${whole(of.alerts)} alerts, ms:`,
    `  from the gateway's receipt  ${ms(of.receiptMs)}`,
    `  from the device's publish   ${ms(of.publishMs)}`,
    `  ${whole(of.acknowledgedPerSecond)} acknowledged/s; cores: ${cores.join(", ")}, others ${of.foreignCores.toFixed(2)}`,
    ...faults.map((fault) => `  ${fault}`),
  ];
}

function evaluationWords({ thresholds, mixedFewDevices, mixedManyDevices }: Evaluations): string[] {
  const words = (what: string, of: Evaluation): string =>
    `  ${what}: ${whole(of.evaluationsPerSecond)}/s, ${whole(of.evaluationsPerSecondWithDecode)}/s with decoding (${whole(of.readingsPerSecondWithDecode)} readings/s)`;
  const mixed = (of: Evaluation): string =>
    words(`100 rules of all kinds, windows of ${of.over}, ${whole(of.devices)} devices`, of);
  return [
    "Evaluations per second of one core:",
    words("100 thresholds", thresholds),
    mixed(mixedFewDevices),
    mixed(mixedManyDevices),
  ];
}

const memoryWords = (of: MemoryResult): string[] => [
  `Memory of ${whole(of.devices)} devices × ${of.rules} rules, windows of ${of.over} at a reading a second, ${of.lanes} lanes:`,
  `  heap ${of.heapMiB.toFixed(1)} MiB (${whole(of.bytesPerDevice)} bytes per device, ${whole(of.bytesPerDeviceAndRule)} per device and rule), resident ${whole(of.rssMiB)} MiB (${whole(of.rssBeforeMiB)} before)`,
  `  snapshot ${of.snapshotMiB.toFixed(1)} MiB, taken in ${whole(of.snapshotMs)} ms (largest lane ${whole(of.snapshotMsOfLargestLane)} ms), restored in ${whole(of.restoreMs)} ms`,
];
