import { readFileSync } from "node:fs";
import { NOTIFIER_PLACES, type NotifierPlace } from "../../contracts/messages/notification.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { HUB_INBOX } from "../../platform/nats/topology/permissions.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { STATUS_OPTIONS, serveStatus } from "../../platform/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { type ChannelSpec, parseChannels } from "./channels.ts";
import { Channel } from "./delivery.ts";
import { EmailSender } from "./email-sender.ts";
import { Notifier } from "./notifier.ts";
import { WebhookSender } from "./webhook-sender.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const OPTIONS = {
  natsUrl: {
    ...LANE_OPTIONS.natsUrl,
    doc: "nats-server of the hub or of the region, as the place says: nats://user:password@host:port",
  },
  regions: { ...LANE_OPTIONS.regions, doc: "regions whose alerts are told; in a region, itself" },
  place: {
    env: "SKERRY_NOTIFIER_PLACE",
    doc: "hub or region: tells the alerts that are assigned there (skerry notify assign)",
    fallback: "hub",
    parse: (raw): NotifierPlace => {
      const place = NOTIFIER_PLACES.find((one) => one === raw);
      if (!place) throw new Error(`must be hub or region, not "${raw}"`);
      return place;
    },
  },
  channels: {
    env: "SKERRY_CHANNELS",
    doc: "JSON file with the channels: e-mail and webhooks",
    parse: readChannels,
  },
  smtpUrl: {
    env: "SKERRY_SMTP_URL",
    doc: "mail server for e-mail channels: smtp(s)://user:password@host:port",
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
  notifyAgeMax: {
    env: "SKERRY_NOTIFY_AGE_MAX",
    doc: "alerts that are older when they are first seen are skipped",
    fallback: "24h",
    parse: as.durationMs,
  },
  ...STATUS_OPTIONS,
} satisfies OptionTable;

function readChannels(path: string): ChannelSpec[] {
  let json: string;
  try {
    json = readFileSync(path, "utf8");
  } catch (error) {
    throw new AppError("CHANNELS_INVALID", "fatal", `${path}: ${messageOf(error)}`);
  }
  return parseChannels(json, path, process.env);
}

function channelOf(spec: ChannelSpec, smtpUrl: string, logger: Logger): Channel {
  if (spec.kind === "webhook") return new Channel(spec, new WebhookSender(spec));
  if (smtpUrl === "")
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `${OPTIONS.smtpUrl.env} is required: channel "${spec.name}" is of kind email`,
    );
  return new Channel(spec, new EmailSender(spec, smtpUrl, logger));
}

await processMain({
  name: "notifier",
  title: "Skerry notifier: tells people of alerts, by e-mail and webhooks.",
  options: OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal }) => {
    const { place, regions, natsUrl, notifyAgeMax: ageMaxMs } = config;
    if (place === "region" && regions.length !== 1)
      throw new AppError(
        "CONFIG_INVALID",
        "fatal",
        `${OPTIONS.regions.env} must name one region, the one that the notifier is in`,
      );
    const channels = config.channels.map((spec) => channelOf(spec, config.smtpUrl, logger));
    const inbox = place === "hub" ? { inboxPrefix: HUB_INBOX } : {};
    const connection = await connectNats(
      { url: natsUrl, name: "notifier", ...inbox },
      logger,
      signal,
    );
    const notifier = new Notifier({ place, regions, ageMaxMs }, { connection, channels, logger });
    await using _status = await serveStatus(
      { host: config.statusHost, port: config.statusPort },
      notifier,
    );
    await notifier.run(signal);
    await connection.close();
  },
});
