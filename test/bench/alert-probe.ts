// Devices that take turns in raising and clearing an alert, and how long each alert took to come.
//
// Q1. Probes are sent by a schedule of their own, whatever came of the ones before (no coordinated
//     omission).
// Q2. Every probe has a value that no other has, and an alert says the value that made it: what is
//     measured is that probe's alert, however late it is and whatever else fires.
import { setTimeout as sleep } from "node:timers/promises";
import { type Histogram, build } from "hdr-histogram-js";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { ThresholdRule } from "../../contracts/rules/kinds/threshold.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { type Percentiles, percentilesMs } from "./ingest/measure.ts";

/** What the probes break; the load of the benchmark stays far below it. */
export const PROBE_RULE: ThresholdRule = {
  id: "bench-co2",
  version: 1,
  kind: "threshold",
  contract: "environment",
  when: "co2 > 1000",
  clear: "co2 < 900",
};
/** Above what fires; probes count upwards from here, within the contract's 100,000. */
const HIGH_FROM = 2_000;
const PROBES_MAX = 90_000;
/** Below what clears: a probe's number in thousandths. */
const LOW_STEP = 1_000;

const STRAGGLERS_WITHIN_MS = 10_000;
/** Fewer alerts than this share of the probes, and the figures would be of the lucky ones. */
const SHARE_MIN = 0.95;

export interface ProbeOptions {
  /** Where devices and subscribers connect. */
  readonly port: number;
  readonly seconds: number;
  readonly everyMs?: number;
  readonly devices?: number;
  /** False: what takes the readings remembers nothing, and each of them is to make an alert. */
  readonly isAlternating?: boolean;
}

export interface AlertLatency {
  /** From the device's publish to the local MQTT alert. */
  readonly publishMs: Percentiles;
  /** From the gateway's receipt, by its own clock of whole milliseconds: up to 1 ms too much. */
  readonly receiptMs: Percentiles;
  readonly probes: number;
  readonly alerts: number;
}

let runs = 0;
/** One clock for all probes, as the gateway makes its own: monotonic, anchored in the wall clock. */
const anchorMs = Date.now() - performance.now();

/** A reading of a probe device, as JSON. */
export function probeReading(sequence: number, co2: number): string {
  const values = { temperature: 20, humidity: 40, light: 1, co2, occupancy: 1 };
  return JSON.stringify({ seq: sequence, ts: Date.now(), ...values });
}

/** @throws Error if too few of the alerts came. */
export async function probeAlerts(options: ProbeOptions): Promise<AlertLatency> {
  const { port, seconds, everyMs = 20, devices: count = 50, isAlternating = true } = options;
  const run = ++runs;
  await using client = await connectClient(port, { clientId: `alert-probe-${run}` });
  const [published, received] = [histogram(), histogram()];
  const sentMs = new Map<number, number>();
  client.on("message", (_topic, payload, { retain }) => {
    if (retain) return;
    const nowMs = performance.now();
    const { rule, value, receivedAtMs } = JSON.parse(payload.toString()) as Alert;
    const beganMs = rule === PROBE_RULE.id ? sentMs.get(value) : undefined;
    if (beganMs === undefined) return;
    sentMs.delete(value); // Q2
    record(published, nowMs - beganMs);
    record(received, anchorMs + nowMs - receivedAtMs);
  });
  await client.subscribeAsync("alerts/#", { qos: 0 });
  const startMs = performance.now();
  const probes = Math.min(PROBES_MAX, Math.floor((seconds * 1_000) / everyMs));
  for (let probe = 0; probe < probes; probe++) {
    const waitMs = startMs + probe * everyMs - performance.now(); // Q1
    if (waitMs > 0) await sleep(waitMs);
    const isHigh = !isAlternating || Math.floor(probe / count) % 2 === 0;
    const co2 = isHigh ? HIGH_FROM + probe : (probe + 1) / LOW_STEP;
    sentMs.set(co2, performance.now());
    const topic = telemetryTopic(`probe-${run}-${probe % count}`, "environment");
    client.publish(topic, probeReading(probe, co2), { qos: 1 });
  }
  const untilMs = performance.now() + STRAGGLERS_WITHIN_MS;
  while (sentMs.size > 0 && performance.now() < untilMs) await sleep(20);
  const alerts = published.totalCount;
  if (alerts < probes * SHARE_MIN)
    throw new Error(`${probes - alerts} of ${probes} alerts did not come`);
  const [publishMs, receiptMs] = [percentilesMs(published), percentilesMs(received)];
  return { publishMs, receiptMs, probes, alerts };
}

const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60e6,
    numberOfSignificantValueDigits: 3,
  });

const record = (into: Histogram, ms: number): void =>
  into.recordValue(Math.max(1, Math.round(ms * 1_000)));
