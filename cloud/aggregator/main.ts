import { natsAccess } from "../../platform/nats/client/options.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { serveStatus, statusAddress } from "../../platform/runtime/status-server.ts";
import { oncePerTurn } from "../../otel/once-per-turn.ts";
import { startTelemetry } from "../../otel/telemetry.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { openSink } from "../sinks/sinks.ts";
import { Aggregator } from "./aggregator.ts";
import { aggregatorMetricSpecs } from "./metrics.ts";
import { AGGREGATOR_OPTIONS } from "./options.ts";

/** A trace receiver that is away must not hold up the end. */
const LAST_SPANS_MS = 500;

await processMain({
  name: "aggregator",
  title:
    "Skerry aggregator: reads every region's log at the hub, writes readings and rollups to a sink",
  options: AGGREGATOR_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal, ending }) => {
    const telemetry = await startTelemetry({ name: "aggregator", region: HUB }, config, logger);
    ending.defer(() => Promise.race([telemetry[Symbol.asyncDispose](), sleep(LAST_SPANS_MS)]));
    const { metrics } = telemetry;
    const sink = openSink(config, logger);
    const aggregator = new Aggregator(
      { ...config, nats: natsAccess(config) },
      { sink, telemetry, logger },
    );
    const at = statusAddress(config);
    metrics.add(
      aggregatorMetricSpecs(
        oncePerTurn(() => aggregator.status()),
        aggregator,
      ),
    );
    await using status = await serveStatus(at, aggregator, metrics);
    logger.info({ port: status.port }, "status served");
    await aggregator.run(signal);
  },
});
