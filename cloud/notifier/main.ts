import { startTelemetry } from "../../otel/telemetry.ts";
import { itsServer } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { joinFleet } from "../../platform/nats/client/fleet.ts";
import { natsAccess } from "../../platform/nats/client/options.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { announceProcess } from "../../platform/nats/live/announce-process.ts";
import { serveRetries } from "../../platform/nats/lanes/set-aside-retries.ts";
import { SetAside } from "../../platform/nats/lanes/set-aside.ts";
import { useRecordTrust } from "../../platform/nats/signed/record-guard.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { clearTextWarning, clientTls } from "../../platform/runtime/client-tls.ts";
import type { Resolved } from "../../platform/runtime/config.ts";
import { hasPassword } from "../../platform/runtime/secret-files.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { Starting, serveStatus, statusAddress } from "../../platform/runtime/status-server.ts";
import type { ChannelSpec } from "./channels.ts";
import { Channel } from "./channel.ts";
import { EmailSender } from "./email-sender.ts";
import { notifierMetricSpecs } from "./metrics.ts";
import { Notifier } from "./notifier.ts";
import { SMTP_TLS, WEBHOOK_TLS, notifierOptions } from "./options.ts";
import { notifierRetries } from "./set-aside-retry.ts";
import { WebhookSender } from "./webhook-sender.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

/** An smtp:// URL that asks for STARTTLS before anything is said. */
const REQUIRES_TLS = /[?&]requireTLS=true\b/i;

const OPTIONS = notifierOptions(process.env);

type Config = Resolved<typeof OPTIONS>;

function channelOf(spec: ChannelSpec, config: Config, logger: Logger): Channel {
  const { smtpUrl } = config;
  if (spec.kind === "webhook") {
    const warning = clearTextWarning(`channel "${spec.name}"`, spec.url, "what it tells");
    if (warning !== null) logger.warn(warning);
    return new Channel(spec, new WebhookSender(spec, { tls: clientTls(config, WEBHOOK_TLS) }));
  }
  if (smtpUrl === "")
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `${OPTIONS.smtpUrl.env} is required: channel "${spec.name}" is of kind email`,
    );
  const tls = clientTls(config, SMTP_TLS);
  const warning = clearTextWarning(OPTIONS.smtpUrl.env, smtpUrl, "the password");
  if (
    warning !== null &&
    hasPassword(smtpUrl) &&
    tls.ca === undefined &&
    !REQUIRES_TLS.test(smtpUrl)
  )
    logger.warn(warning);
  return new Channel(spec, new EmailSender(spec, { url: smtpUrl, tls }, logger));
}

await processMain({
  name: "notifier",
  title: "Skerry notifier: tells people of alerts, by e-mail and webhooks.",
  options: OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal, ending }) => {
    const { place, regions, notifyAgeMax: ageMaxMs } = config;
    if (place === "region" && regions.length !== 1)
      throw new AppError(
        "CONFIG_INVALID",
        "fatal",
        `${OPTIONS.regions.env} must name one region, the one that the notifier is in`,
      );
    const channels = config.channels.map((spec) => channelOf(spec, config, logger));
    const domain = place === "hub" ? HUB : regions[0]!;
    const service = { name: "notifier", region: domain };
    const telemetry = ending.use(await startTelemetry(service, config, logger));
    const target = { ...natsAccess(config), name: "notifier" };
    const starting = new Starting(itsServer(target));
    await using _status = await serveStatus(statusAddress(config), starting, telemetry.metrics);
    const connection = await connectNats(target, logger, signal);
    if (place === "region") useRecordTrust(connection, config, logger);
    await joinFleet(connection, logger);
    const setAside = new SetAside({ connection, domain, by: "notifier", logger, signal });
    const { tracing } = telemetry;
    const parts = { connection, channels, setAside, tracing, logger };
    const notifier = new Notifier({ place, regions, ageMaxMs }, parts);
    telemetry.metrics.add(notifierMetricSpecs(() => notifier.status()));
    starting.works(notifier);
    const publisher = publisherOn(connection);
    const retry = notifierRetries({
      domain,
      channels: config.channels,
      setAside,
      store: async (message) => void (await publishOnce(publisher, message)),
    });
    await Promise.all([
      notifier.run(signal),
      announceProcess(
        { connection, kind: "notifier", domain, telemetry, status: () => notifier.status() },
        signal,
      ),
      serveRetries({ connection, domain, by: "notifier", logger }, retry, signal),
    ]);
    await connection.close();
  },
});
