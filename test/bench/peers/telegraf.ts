// Mosquitto and Telegraf as a site runs them: what comes over MQTT goes to InfluxDB in batches.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ServerProcess } from "../../support/server-process.ts";
import type { Target } from "../ingest/targets.ts";

/** What Telegraf's `flush_interval` is: as shipped, or for the least latency. */
export const FLUSHES = ["100ms", "10s"] as const;
export type Flush = (typeof FLUSHES)[number];

const configurationOf = (broker: Target, storeUrl: string, flush: Flush): string => `
[agent]
  omit_hostname = true
  flush_interval = "${flush}"
  # Ten seconds of the load and more: as shipped (10,000) most of it would be dropped.
  metric_buffer_limit = 500000
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:${broker.port}"]
  topics = ["devices/+/telemetry/environment"]
  qos = 1
  client_id = "telegraf"
  max_undelivered_messages = 200000
  name_override = "environment"
  data_format = "json"
  json_time_key = "ts"
  json_time_format = "unix_ms"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "devices/+/telemetry/environment"
    tags = "_/device/_/_"
[[outputs.influxdb]]
  urls = ["${storeUrl}"]
  database = "skerry"
  skip_database_creation = true
  content_encoding = "identity"
`;

/** @param program path of a Telegraf with inputs.mqtt_consumer and outputs.influxdb. */
export async function startTelegraf(
  stack: AsyncDisposableStack,
  of: { program: string; directory: string; broker: Target; storeUrl: string; flush: Flush },
): Promise<number> {
  const path = join(of.directory, `telegraf-${of.flush}.conf`);
  await writeFile(path, configurationOf(of.broker, of.storeUrl, of.flush));
  const server = new ServerProcess({
    name: "telegraf",
    program: of.program,
    args: ["--config", path, "--quiet"],
    env: {},
    // It tells nobody that it has subscribed.
    ready: () => sleep(3_000, true),
  });
  stack.use(server);
  await server.start();
  return server.pid!;
}
