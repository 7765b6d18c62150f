// The latency of local alerts, before and while an aggregator drains a backlog beside them.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "hdr-histogram-js";
import type { Alert } from "../../../contracts/alert.ts";
import type { AggregatorStatus } from "../../../contracts/status.ts";
import { alertTopic, telemetryTopic } from "../../../contracts/topics.ts";
import { connectClient } from "../../support/mqtt-client.ts";
import { makeService } from "../../support/services.ts";
import { Generator } from "../ingest/generator.ts";
import type { Percentiles } from "../ingest/measure.ts";
import { PACED_WINDOW } from "../ingest/plan.ts";
import type { Target } from "../ingest/targets.ts";
import { writeBacklog } from "./backlog.ts";
import { type BacklogSize, backlogOf } from "./measure-drain.ts";
import { REGION, makeAggregator, mirrored, passed, startGateway, startSite } from "./site.ts";

const RULE = {
  id: "bench-co2",
  version: 1,
  kind: "threshold",
  contract: "environment",
  when: "co2 > 1000",
  clear: "co2 < 900",
};
const PROBE_EVERY_MS = 20;
const PROBE_DEVICES = 50;
const LOAD = { connections: 100, ratePerSecond: 1_000 };

export interface AlertsBesideDrain {
  readonly ratePerSecond: number;
  /** From a device's publish to the local MQTT alert, ms. */
  readonly beforeMs: Percentiles;
  readonly duringMs: Percentiles;
  readonly alertsBefore: number;
  readonly alertsDuring: number;
  /** What the aggregator did meanwhile. */
  readonly readingsPerSecond: number;
}

export async function measureAlerts(
  size: BacklogSize,
  seconds: number,
): Promise<AlertsBesideDrain> {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack);
  const gateway = await startGateway(stack, site);
  const rules = join(site.directory, "rules.json");
  await writeFile(rules, JSON.stringify([RULE]));
  const alerting = await makeService("gateway/alerting/main.ts", {
    SKERRY_REGION: REGION,
    SKERRY_NATS_URL: site.nats.region(REGION).urlOf("alerting"),
    SKERRY_SCHEMAS: site.schemas,
    SKERRY_RULES: rules,
    SKERRY_LOG_LEVEL: "warn",
  });
  stack.use(alerting.process);
  await alerting.process.start();
  await writeBacklog(site.region, backlogOf(size));
  await mirrored(site);
  await passed(alerting, site);

  const generator = stack.use(new Generator(1));
  await generator.open(gateway, LOAD.connections, PACED_WINDOW);
  const { ratePerSecond } = LOAD;
  const command = { do: "pace", ratePerSecond, warmupMs: 0, measureMs: seconds * 1_000 } as const;
  // What is compiled and cached on the way is not measured.
  await Promise.all([generator.load({ ...command, measureMs: 2_000 }), probe(gateway, 2)]);
  const [, before] = await Promise.all([generator.load(command), probe(gateway, seconds)]);
  const aggregator = await makeAggregator(stack, site);
  await aggregator.process.start();
  const stored = async (): Promise<number> =>
    (await aggregator.status<AggregatorStatus>()).readingsStored;
  while ((await stored()) === 0) await sleep(20);
  const [storedBefore, startMs] = [await stored(), performance.now()];
  const [, during] = await Promise.all([generator.load(command), probe(gateway, seconds)]);
  const readingsPerSecond =
    ((await stored()) - storedBefore) / ((performance.now() - startMs) / 1_000);
  if ((await stored()) >= size.readings)
    throw new Error("the backlog was drained before the alerts were measured: make it larger");
  await generator.close();
  return {
    ratePerSecond,
    beforeMs: before.ms,
    duringMs: during.ms,
    alertsBefore: before.alerts,
    alertsDuring: during.alerts,
    readingsPerSecond,
  };
}

let probes = 0;

/** New devices that take turns in raising and clearing an alert; only their own alerts are looked at. */
async function probe(
  gateway: Target,
  seconds: number,
): Promise<{ ms: Percentiles; alerts: number }> {
  await using client = await connectClient(gateway.port, { clientId: "alert-probe" });
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60e6 });
  const devices = Array.from({ length: PROBE_DEVICES }, () => `probe-${++probes}`);
  const waiting = new Map<string, { sinceMs: number; state: Alert["state"] }>();
  client.on("message", (topic, payload, packet) => {
    const pending = waiting.get(topic);
    if (!pending || packet.retain) return;
    if ((JSON.parse(payload.toString()) as Alert).state !== pending.state) return;
    waiting.delete(topic);
    histogram.recordValue(Math.round((performance.now() - pending.sinceMs) * 1_000));
  });
  await client.subscribeAsync("alerts/#", { qos: 0 });
  const untilMs = performance.now() + seconds * 1_000;
  let sent = 0;
  for (let turn = 0; performance.now() < untilMs; turn++) {
    const device = devices[turn % devices.length]!;
    const high = Math.floor(turn / devices.length) % 2 === 0;
    const topic = alertTopic(RULE.id, device);
    waiting.set(topic, { sinceMs: performance.now(), state: high ? "firing" : "resolved" });
    const values = { temperature: 20, humidity: 40, light: 1, co2: high ? 1_200 : 500 };
    const payload = { seq: Date.now(), ts: Date.now(), ...values, occupancy: 1 };
    client.publish(telemetryTopic(device, "environment"), JSON.stringify(payload), { qos: 1 });
    sent += 1;
    await sleep(PROBE_EVERY_MS);
  }
  for (let wait = 0; wait < 100 && waiting.size > 0; wait++) await sleep(50);
  if (histogram.totalCount < sent * 0.95)
    throw new Error(`${sent - histogram.totalCount} of ${sent} alerts did not come`);
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000;
  const ms = { p50: at(50), p99: at(99), p999: at(99.9), max: histogram.maxValue / 1_000 };
  return { ms, alerts: histogram.totalCount };
}
