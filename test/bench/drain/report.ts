// From measurements to tables and verdicts (pure).
import type { Machine } from "../processes.ts";
import type { Goal } from "../ingest/report.ts";
import type { AlertsBesideDrain } from "./measure-alerts.ts";
import type { Cut } from "./measure-cut.ts";
import type { Drain } from "./measure-drain.ts";
import type { Store } from "./site.ts";
import type { Path } from "./measure-path.ts";
import type { Wan } from "./measure-wan.ts";

export interface Measured {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly drains: readonly Drain[];
  readonly wan: Wan | null;
  readonly cut: Cut | null;
  readonly alerts: AlertsBesideDrain | null;
  readonly path: Path | null;
}

export interface DrainReport extends Measured {
  readonly goals: readonly Goal[];
}

/** Readings a second on two cores that the store shares, and into a store that answers at once. */
const DRAIN_GOALS: Readonly<Record<Store, number>> = { influxdb: 80_000, instant: 150_000 };
/** Of the bytes of a bridge, by readings a second. */
const WAN_GOALS: Readonly<Record<number, number>> = { 100: 0.5, 10_000: 0.12 };
const IDLE_GOAL_BYTES = 250;
const CATCH_UP_GOAL_SECONDS = 10;
const PATH_GOAL_MS = 15;

export function summarizeDrain(measured: Measured): DrainReport {
  const goals: Goal[] = [];
  const add = (goal: string, value: number, met: boolean): void => {
    goals.push({ goal, value, met });
  };
  for (const [store, least] of Object.entries(DRAIN_GOALS)) {
    const plain = mediansOf(measured.drains).find(
      (one) => one.store === store && one.contract === "bench" && one.links === "clear",
    );
    const value = plain?.readingsPerSecond;
    if (value !== undefined)
      add(`drains at least ${thousands(least)} readings/s, store ${store}`, value, value >= least);
  }
  const { wan } = measured;
  if (wan) {
    const { compressed } = wan.idle;
    const goal = `at most ${IDLE_GOAL_BYTES} bytes a second over an idle WAN`;
    add(goal, compressed, compressed <= IDLE_GOAL_BYTES);
    for (const { ratePerSecond, ratio } of wan.rates) {
      const most = WAN_GOALS[ratePerSecond];
      if (most === undefined) continue;
      const rate = thousands(ratePerSecond);
      add(`at most ${most} of a bridge's WAN bytes at ${rate}/s`, ratio, ratio <= most);
    }
  }
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
  if (measured.path) {
    const { p99 } = measured.path.storedMs;
    add(`device to InfluxDB p99 at most ${PATH_GOAL_MS} ms`, p99, p99 <= PATH_GOAL_MS);
  }
  return { ...measured, goals };
}

const thousands = (value: number): string => Math.round(value).toLocaleString("en");

const kindOf = ({ contract, store, partitions, aggregators, links }: Drain): string =>
  JSON.stringify([contract, store, partitions, aggregators, links]);

/** The drain of each kind that has the median rate, and the least and the greatest rate. */
const mediansOf = (drains: readonly Drain[]): (Drain & { rates: readonly number[] })[] =>
  [...Map.groupBy(drains, kindOf).values()].map((all) => {
    const sorted = all.toSorted((a, b) => a.readingsPerSecond - b.readingsPerSecond);
    const rates = sorted.map(({ readingsPerSecond }) => readingsPerSecond);
    return { ...sorted[Math.floor((sorted.length - 1) / 2)]!, rates };
  });

export function renderDrain({ drains, wan, cut, alerts, path, goals }: DrainReport): string {
  const lines: string[] = ["From the log to the store:"];
  for (const drain of mediansOf(drains)) {
    const cores = Object.entries(drain.cores).map(([name, used]) => `${name} ${used.toFixed(2)}`);
    const { rates, aggregators, partitions } = drain;
    const spread =
      rates.length === 1
        ? ""
        : ` (median of ${rates.length}, ${thousands(rates[0]!)} to ${thousands(rates.at(-1)!)})`;
    lines.push(
      `  ${drain.contract} into ${drain.store}${drain.links === "tls" ? " with TLS on each link" : ""}, ${aggregators} aggregator${aggregators === 1 ? "" : "s"}, ${partitions} lane${partitions === 1 ? "" : "s"}: ` +
        `${thousands(drain.readingsPerSecond)}/s${spread} over ${drain.seconds.toFixed(1)} s; cores ${cores.join(", ")}; ` +
        `memory aggregator ${drain.aggregatorMiBMax} MiB, store ${drain.storeMiBMax} MiB; ` +
        `${thousands(drain.readings)} readings of ${thousands(drain.devices)} devices in frames of ${drain.perFrame}, ${drain.frameBytesPerReading.toFixed(1)} bytes of log each`,
    );
  }
  if (wan) {
    const { plain, compressed } = wan.idle;
    lines.push(
      `WAN, idle: ${plain.toFixed(0)} bytes/s, over a compressed link ${compressed.toFixed(0)}`,
      "WAN bytes per reading, and over a compressed link:",
    );
    for (const { ratePerSecond, skerry, mosquitto, ratio, linkCores } of wan.rates)
      lines.push(
        `  ${thousands(ratePerSecond)}/s: ${skerry.plain.toFixed(1)}, ${skerry.compressed.toFixed(1)}; ` +
          `Mosquitto bridge ${mosquitto.plain.toFixed(1)}, ${mosquitto.compressed.toFixed(1)}; ` +
          `ours compressed beside the plain bridge ${ratio.toFixed(3)}; both ends of the link ${linkCores.toFixed(2)} cores`,
      );
  }
  if (cut)
    lines.push(
      `A WAN cut of ${cut.cutSeconds} s at ${thousands(cut.ratePerSecond)}/s: lanes move after ${cut.movesAfterSeconds.toFixed(1)} s, level after ${cut.levelAfterSeconds.toFixed(1)} s`,
    );
  if (alerts) {
    const { beforeMs: before, duringMs: during, readingsPerSecond } = alerts;
    lines.push(
      `Alerts at ${thousands(alerts.ratePerSecond)}/s, device to local MQTT alert, ms: ` +
        `before p50 ${before.p50.toFixed(1)} p99 ${before.p99.toFixed(1)} max ${before.max.toFixed(1)}; ` +
        `beside a drain of ${thousands(readingsPerSecond)}/s p50 ${during.p50.toFixed(1)} p99 ${during.p99.toFixed(1)} max ${during.max.toFixed(1)}`,
    );
  }
  if (path) {
    const { p50, p99, p999, max } = path.storedMs;
    lines.push(
      `Device to InfluxDB at ${thousands(path.ratePerSecond)}/s, ${thousands(path.readings)} readings, ms: p50 ${p50} p99 ${p99} p99.9 ${p999} max ${max}`,
    );
  }
  for (const { goal, value, met } of goals)
    lines.push(
      `${met ? "met   " : "MISSED"} ${goal} (${value >= 1_000 ? thousands(value) : value.toFixed(2)})`,
    );
  return lines.join("\n");
}
