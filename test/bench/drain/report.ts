// From measurements to tables and verdicts (pure).
import type { Machine } from "../processes.ts";
import type { Goal } from "../ingest/report.ts";
import type { AlertsBesideDrain } from "./measure-alerts.ts";
import type { Cut } from "./measure-cut.ts";
import type { Drain } from "./measure-drain.ts";
import type { WanBytes } from "./measure-wan.ts";

export interface Measured {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly drains: readonly Drain[];
  readonly wan: readonly WanBytes[];
  readonly cut: Cut | null;
  readonly alerts: AlertsBesideDrain | null;
}

export interface DrainReport extends Measured {
  readonly goals: readonly Goal[];
}

const DRAIN_GOAL = 50_000;
const WAN_GOAL = { ratePerSecond: 10_000, ratio: 0.25 };
const CATCH_UP_GOAL_SECONDS = 10;

export function summarizeDrain(measured: Measured): DrainReport {
  const goals: Goal[] = [];
  const add = (goal: string, value: number, met: boolean): void => {
    goals.push({ goal, value, met });
  };
  const [plain] = measured.drains;
  if (plain) {
    const { readingsPerSecond: value } = plain;
    add("drains at least 50,000 readings/s", value, value >= DRAIN_GOAL);
  }
  const wan = measured.wan.find(({ ratePerSecond }) => ratePerSecond === WAN_GOAL.ratePerSecond);
  if (wan)
    add("at most 0.25 of a bridge's WAN bytes at 10,000/s", wan.ratio, wan.ratio <= WAN_GOAL.ratio);
  if (measured.cut) {
    const { movesAfterSeconds: value } = measured.cut;
    add("lanes move within 10 s of a cut's end", value, value <= CATCH_UP_GOAL_SECONDS);
  }
  if (measured.alerts) {
    const { beforeMs, duringMs } = measured.alerts;
    const allowed = 1.5 * beforeMs.p99 + 10;
    const goal = `alert p99 beside a drain within 1.5 × its value before + 10 ms (${allowed.toFixed(1)})`;
    add(goal, duringMs.p99, duringMs.p99 <= allowed);
  }
  return { ...measured, goals };
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");

export function renderDrain({ drains, wan, cut, alerts, goals }: DrainReport): string {
  const lines: string[] = ["One aggregator, from the log to InfluxDB:"];
  for (const drain of drains) {
    const cores = Object.entries(drain.cores).map(([name, used]) => `${name} ${used.toFixed(2)}`);
    lines.push(
      `  ${drain.contract}: ${whole(drain.readings)} readings of ${whole(drain.devices)} devices in frames of ${drain.perFrame}: ` +
        `${whole(drain.readingsPerSecond)}/s over ${drain.seconds.toFixed(1)} s; cores ${cores.join(", ")}; ` +
        `memory aggregator ${drain.aggregatorMiBMax} MiB, influxd ${drain.influxdMiBMax} MiB; ${drain.frameBytesPerReading.toFixed(1)} bytes of log per reading`,
    );
  }
  if (wan.length > 0) lines.push("WAN bytes per reading:");
  for (const { ratePerSecond, skerry, mosquitto, ratio } of wan)
    lines.push(
      `  ${whole(ratePerSecond)}/s: ${skerry.toFixed(1)}, Mosquitto bridge ${mosquitto.toFixed(1)}: ${ratio.toFixed(3)} of it`,
    );
  if (cut)
    lines.push(
      `A WAN cut of ${cut.cutSeconds} s at ${whole(cut.ratePerSecond)}/s: lanes move after ${cut.movesAfterSeconds.toFixed(1)} s, level after ${cut.levelAfterSeconds.toFixed(1)} s`,
    );
  if (alerts) {
    const { beforeMs: before, duringMs: during, readingsPerSecond } = alerts;
    lines.push(
      `Alerts at ${whole(alerts.ratePerSecond)}/s, device to local MQTT alert, ms: ` +
        `before p50 ${before.p50.toFixed(1)} p99 ${before.p99.toFixed(1)} max ${before.max.toFixed(1)}; ` +
        `beside a drain of ${whole(readingsPerSecond)}/s p50 ${during.p50.toFixed(1)} p99 ${during.p99.toFixed(1)} max ${during.max.toFixed(1)}`,
    );
  }
  for (const { goal, value, met } of goals)
    lines.push(
      `${met ? "met   " : "MISSED"} ${goal} (${value >= 1_000 ? whole(value) : value.toFixed(2)})`,
    );
  return lines.join("\n");
}
