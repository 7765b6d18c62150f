// From raw measurements to medians, ratios, verdicts and a table (pure).
import type { Machine } from "../processes.ts";
import type { Stored } from "./gateway-target.ts";
import type { AckLatency, IdleMemory, Percentiles, Throughput } from "./measure.ts";
import { type Plan, REFERENCE_CONNECTIONS } from "./plan.ts";
import type { TargetName } from "./targets.ts";

export interface Raw {
  readonly startedAt: string;
  readonly plan: Plan;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly accessControl: string;
  /** What could not be measured here, and why. */
  readonly skipped: readonly string[];
  readonly throughput: readonly Throughput[];
  readonly ackLatency: readonly AckLatency[];
  readonly idle: readonly IdleMemory[];
  /** What the gateway acknowledged, and what was found in its stream; null without the gateway. */
  readonly stored: (Stored & { readonly acknowledged: number; readonly sent: number }) | null;
}

export interface Goal {
  readonly goal: string;
  readonly value: number;
  readonly met: boolean;
}

export interface Report extends Raw {
  /** Medians of the rounds, PUBACKs per second. */
  readonly medians: Readonly<Record<string, Partial<Record<TargetName, number>>>>;
  /** Ours / theirs at 100 connections. */
  readonly ratios: Partial<Record<TargetName, number>>;
  /** Medians of the rounds, at 10,000 publishes per second. */
  readonly ackMs: Percentiles | null;
  readonly ackMsByTarget: Partial<Record<TargetName, Percentiles>>;
  readonly idleConnectionKiB: number | null;
  /** Throughput at 10,000 connections / at 100. */
  readonly scaling: number | null;
  /** Sink / the fastest broker, at 100 connections: above 1 the generator is not the bottleneck. */
  readonly headroom: number | null;
  /** True: every acknowledged reading is in the stream, in order, none twice. */
  readonly acknowledgedIsStored: boolean | null;
  readonly goals: readonly Goal[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarize(raw: Raw): Report {
  const medians: Record<string, Partial<Record<TargetName, number>>> = {};
  for (const { connections, target } of raw.throughput)
    (medians[connections] ??= {})[target] ??= median(
      raw.throughput
        .filter((other) => other.connections === connections && other.target === target)
        .map(({ perSecond }) => perSecond),
    );
  const reference = medians[REFERENCE_CONNECTIONS] ?? {};
  const ratio = (ours: number | undefined, theirs: number | undefined): number | null =>
    ours !== undefined && theirs ? ours / theirs : null;
  const ratios: Partial<Record<TargetName, number>> = {};
  for (const target of [
    "gatewayTraced",
    "gatewayV5",
    "gatewayTls",
    "gatewayMqtts",
    "natsMqtt",
    "mosquitto",
    "bareAedes",
  ] as const) {
    const value = ratio(reference.gateway, reference[target]);
    if (value !== null) ratios[target] = value;
  }
  const ackMsByTarget: Partial<Record<TargetName, Percentiles>> = {};
  for (const { target } of raw.ackLatency)
    ackMsByTarget[target] ??= medianPercentiles(
      raw.ackLatency.filter((other) => other.target === target).map(({ ackMs }) => ackMs),
    );
  const { sink, ...brokers } = reference;
  const fastest = Math.max(0, ...Object.values(brokers));
  const summary = {
    medians,
    ratios,
    ackMs: ackMsByTarget.gateway ?? null,
    ackMsByTarget,
    idleConnectionKiB:
      raw.idle.find(({ target }) => target === "gateway")?.perConnectionKiB ?? null,
    scaling: ratio(medians["10000"]?.gateway, reference.gateway),
    headroom: ratio(sink, fastest),
    acknowledgedIsStored: raw.stored && isStored(raw.stored),
  };
  return { ...raw, ...summary, goals: goalsOf(summary) };
}

/** Above this many cores of other work the figures say more about that work than about a target. */
const FOREIGN_CORES_MAX = 0.2;

/** What was sent and not answered may be stored as well; what was answered must be. */
const isStored = (stored: NonNullable<Raw["stored"]>): boolean =>
  stored.readings >= stored.acknowledged &&
  stored.readings <= stored.sent &&
  stored.devicesAtFault.length === 0;

const medianPercentiles = (rounds: readonly Percentiles[]): Percentiles => ({
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
  p999: median(rounds.map(({ p999 }) => p999)),
  max: Math.max(...rounds.map(({ max }) => max)),
});

function goalsOf(
  summary: Pick<Report, "ratios" | "ackMs" | "ackMsByTarget" | "scaling" | "acknowledgedIsStored">,
): Goal[] {
  const goals: Goal[] = [];
  const atLeast = (goal: string, value: number | null | undefined, least: number): void => {
    if (value !== null && value !== undefined) goals.push({ goal, value, met: value >= least });
  };
  atLeast("at least 2.5 × nats-server's MQTT at 100 connections", summary.ratios.natsMqtt, 2.5);
  const v5 = summary.ratios.gatewayV5;
  atLeast("MQTT 5 with user properties: at least 0.9 × 3.1.1", v5 && 1 / v5, 0.9);
  const tls = summary.ratios.gatewayTls;
  atLeast("TLS on NATS: at least 0.9 × clear text", tls && 1 / tls, 0.9);
  // What it costs is the inverse of the ratio: off does so many times what on does.
  const on = summary.ratios.gatewayTraced;
  if (on !== undefined) {
    const value = 1 / on;
    const goal =
      "telemetry on, 1 % traced: at least 0.97 × the throughput without, at 100 connections";
    goals.push({ goal, value, met: value >= 0.97 });
  }
  atLeast("at least 1.0 × Mosquitto at 100 connections", summary.ratios.mosquitto, 1);
  if (summary.ackMs) {
    const { p50, p99 } = summary.ackMs;
    goals.push({ goal: "acknowledgement p99 at most 5 ms", value: p99, met: p99 <= 5 });
    const floor = summary.ackMsByTarget.sink?.p50;
    if (floor !== undefined) {
      const over = p50 - floor;
      goals.push({
        goal: "acknowledgement p50 at most the sink's + 0.7 ms",
        value: over,
        met: over <= 0.7,
      });
    }
  }
  atLeast("10,000 connections reach 0.7 × the throughput of 100", summary.scaling, 0.7);
  if (summary.acknowledgedIsStored !== null) {
    const value = Number(summary.acknowledgedIsStored);
    goals.push({
      goal: "what was acknowledged is stored, once, in order",
      value,
      met: value === 1,
    });
  }
  return goals;
}

const LABELS: Record<TargetName, string> = {
  gateway: "this gateway",
  gatewayTraced: "with telemetry",
  gatewayV5: "MQTT 5, properties",
  gatewayTls: "TLS on NATS",
  gatewayMqtts: "TLS on NATS and MQTT",
  natsMqtt: "nats-server MQTT",
  mosquitto: "Mosquitto",
  bareAedes: "bare aedes",
  sink: "sink",
};

/** Markdown tables, fit for a terminal and for README.md. */
export function render(report: Report): string {
  const { targets } = report.plan;
  const named = (first: string): string[] => [first, ...targets.map((target) => LABELS[target])];
  const whole = (value: number | undefined): string =>
    value === undefined ? "" : Math.round(value).toLocaleString("en");
  const rows = Object.entries(report.medians).map(([connections, by]) => [
    Number(connections).toLocaleString("en"),
    ...targets.map((target) => whole(by[target])),
  ]);
  const latency = targets.flatMap((target) => {
    const ack = report.ackMsByTarget[target];
    return ack ? [[LABELS[target], ...[ack.p50, ack.p99, ack.p999, ack.max].map(twoDigits)]] : [];
  });
  const idle = report.idle.map(({ target, connections, perConnectionKiB }) => [
    LABELS[target],
    connections.toLocaleString("en"),
    perConnectionKiB.toFixed(1),
  ]);
  return [
    "QoS 1 publishes acknowledged per second, median of the rounds:",
    table(named("connections"), rows),
    `At ${REFERENCE_CONNECTIONS} connections this gateway does ${ratioWords(report)}.`,
    ...costs(report),
    `Acknowledgement in ms from the intended send time, ${report.plan.pace.ratePerSecond.toLocaleString("en")} msg/s over ${report.plan.pace.connections} connections:`,
    table(["", "p50", "p99", "p99.9", "max"], latency),
    "Resident memory per idle connection, KiB:",
    table(["", "connections", "KiB each"], idle),
    ...disturbance(report),
    ...report.skipped.map((what) => `not measured: ${what}`),
    ...storedWords(report),
    ...report.goals.map(
      ({ goal, value, met }) => `${met ? "met   " : "MISSED"} ${goal} (${twoDigits(value)})`,
    ),
  ].join("\n");
}

function ratioWords({ ratios }: Report): string {
  const words = Object.entries(ratios).map(
    ([target, value]) => `${twoDigits(value)} × ${LABELS[target as TargetName]}`,
  );
  return words.length > 0 ? words.join(", ") : "(no ratio: nothing to compare with)";
}

/** Cores of each process under saturation at the reference: shows who was the bottleneck. */
function costs({ throughput, headroom }: Report): string[] {
  const at = throughput.filter(({ connections }) => connections === REFERENCE_CONNECTIONS);
  if (at.length === 0) return [];
  const lines = [...new Set(at.map(({ target }) => target))].map((target) => {
    const rounds = at.filter((each) => each.target === target);
    const roles = Object.keys(rounds[0]!.targetCores).map(
      (role) => `${role} ${median(rounds.map((each) => each.targetCores[role]!)).toFixed(2)}`,
    );
    const generator = median(rounds.map(({ generatorCores }) => generatorCores)).toFixed(2);
    const others = median(rounds.map(({ foreignCores }) => foreignCores)).toFixed(2);
    const quiet = median(rounds.map(({ quietAfterMs }) => quietAfterMs));
    return [LABELS[target], generator, roles.join(", "), others, whole(quiet)];
  });
  const limit =
    headroom === null
      ? ""
      : `The generator reaches ${twoDigits(headroom)} × the fastest broker against the sink.`;
  return [
    `Cores used meanwhile. ${limit}`,
    table(["", "generator", "target", "others", "ms to rest"], lines),
  ];
}

function disturbance({ throughput, ackLatency }: Report): string[] {
  const all = [...throughput, ...ackLatency].map(({ foreignCores }) => foreignCores);
  if (all.length === 0 || median(all) <= FOREIGN_CORES_MAX) return [];
  return [
    `NOT A QUIET MACHINE: other programs used ${twoDigits(median(all))} cores (median, at most ${twoDigits(Math.max(...all))}). Do not trust these figures.`,
  ];
}

function storedWords({ stored }: Report): string[] {
  if (!stored) return [];
  const { acknowledged, readings, frames, devicesAtFault } = stored;
  const words = `${whole(acknowledged)} readings acknowledged, ${whole(readings)} in the stream (${whole(frames)} frames)`;
  const fault = devicesAtFault.slice(0, 5).join(", ");
  return [devicesAtFault.length > 0 ? `${words}; NOT in order: ${fault}` : words];
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const twoDigits = (value: number): string => value.toFixed(2);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, 3, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${widths
      .map((width, column) => {
        const cell = row[column] ?? "";
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(" | ")} |`;
  const rule = `| ${widths
    .map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
    .join(" | ")} |`;
  return `\n${[line(head), rule, ...rows.map(line)].join("\n")}\n`;
}
