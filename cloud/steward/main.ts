import { connectNats } from "../../infra/nats/connect.ts";
import { HUB_INBOX } from "../../infra/nats/permissions.ts";
import { type OptionTable, as } from "../../infra/runtime/config.ts";
import { processMain } from "../../infra/runtime/process-main.ts";
import { STATUS_OPTIONS, serveStatus } from "../../infra/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { Steward } from "./steward.ts";

const OPTIONS = {
  ...LANE_OPTIONS,
  logKeep: {
    env: "SKERRY_LOG_KEEP",
    doc: "the hub's copies are kept for at least this long, and until the aggregators are through",
    fallback: "24h",
    parse: as.durationMs,
  },
  copySchedule: {
    env: "SKERRY_COPY_SCHEDULE",
    doc: "cron expression, seconds first: when copies are trimmed and regions told how far they are",
    fallback: "0 * * * * *",
    parse: as.cron,
  },
  ...STATUS_OPTIONS,
} satisfies OptionTable;

await processMain({
  name: "steward",
  title: "Skerry steward: cares for the hub's copies of the regions' logs.",
  options: OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal }) => {
    const target = { url: config.natsUrl, name: "steward", inboxPrefix: HUB_INBOX };
    const connection = await connectNats(target, logger, signal);
    const steward = new Steward(config, { connection, logger });
    const at = { host: config.statusHost, port: config.statusPort };
    await using _status = await serveStatus(at, steward);
    await steward.run(signal);
    await connection.close();
  },
});
