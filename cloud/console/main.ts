import { startTelemetry } from "../../otel/telemetry.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { HUB_INBOX } from "../../platform/nats/topology/permissions.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { serveStatus } from "../../platform/runtime/status-server.ts";
import { Console } from "./console.ts";
import { CONSOLE_OPTIONS } from "./options.ts";

await processMain({
  name: "console",
  title:
    "Skerry console: shows how everything is, and changes what people may change; for browsers and programs.",
  options: CONSOLE_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal }) => {
    const service = { name: "console", region: HUB };
    await using telemetry = await startTelemetry(service, config, logger);
    const target = { url: config.natsUrl, name: "console", inboxPrefix: HUB_INBOX };
    const connection = await connectNats(target, logger, signal);
    const console_ = new Console(config, connection, logger);
    const at = { host: config.statusHost, port: config.statusPort };
    await using _status = await serveStatus(at, console_, telemetry.metrics);
    await console_.run(signal);
    await connection.close();
  },
});
