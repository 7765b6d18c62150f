import { startTelemetry } from "../../otel/telemetry.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { serveStatus, statusAddress } from "../../platform/runtime/status-server.ts";
import { Link } from "./link.ts";
import { linkMetricSpecs } from "./metrics.ts";
import { LINK_OPTIONS } from "./options.ts";

await processMain({
  name: "link",
  title:
    "Skerry link: one end of a compressed connection between a region's nats-server and the hub's",
  options: LINK_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal, ending }) => {
    await using link = new Link(config, logger);
    const telemetry = ending.use(
      await startTelemetry({ name: "link", region: config.side }, config, logger),
    );
    telemetry.metrics.add(linkMetricSpecs(() => link.status()));
    await link.open();
    const at = statusAddress(config);
    await using status = await serveStatus(at, link, telemetry.metrics);
    logger.info({ port: link.port, statusPort: status.port }, "listening");
    await new Promise<void>((resolve) =>
      signal.aborted
        ? resolve()
        : signal.addEventListener("abort", () => resolve(), { once: true }),
    );
  },
});
