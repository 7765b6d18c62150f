import { readFileSync } from "node:fs";
import { NOTIFIER_PLACES, type NotifierPlace } from "../../contracts/messages/notification.ts";
import { TELEMETRY_OPTIONS } from "../../otel/options.ts";
import { natsOptions } from "../../platform/nats/client/options.ts";
import { RECORD_TRUST_OPTIONS } from "../../platform/nats/signed/options.ts";
import { tlsOptions } from "../../platform/runtime/client-tls.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { type Env, secretOf } from "../../platform/runtime/secret-files.ts";
import { STATUS_OPTIONS } from "../../platform/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { type ChannelSpec, parseChannels } from "./channels.ts";

export const SMTP_TLS = { name: "smtp", env: "SKERRY_SMTP" } as const;
export const WEBHOOK_TLS = { name: "webhook", env: "SKERRY_WEBHOOK", besideSystem: true } as const;

/** @param env holds the variables that a channels file names, such as `"$SLACK_URL"`, or those with their files. */
export const notifierOptions = (env: Env) =>
  ({
    ...natsOptions("the hub's or, as the place says, the region's"),
    ...RECORD_TRUST_OPTIONS,
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
      parse: (path: string) => readChannels(path, env),
    },
    smtpUrl: {
      env: "SKERRY_SMTP_URL",
      doc: "mail server for e-mail channels: smtp(s)://user:password@host:port",
      fallback: "",
      parse: (raw) => (raw === "" ? "" : as.url(raw)),
      password: "SKERRY_SMTP_PASSWORD",
    },
    ...tlsOptions({ ...SMTP_TLS, server: "the mail server" }),
    ...tlsOptions({ ...WEBHOOK_TLS, server: "webhooks" }),
    notifyAgeMax: {
      env: "SKERRY_NOTIFY_AGE_MAX",
      doc: "alerts that are older when they are first seen are skipped",
      fallback: "24h",
      parse: as.durationMs,
    },
    ...STATUS_OPTIONS,
    ...TELEMETRY_OPTIONS,
  }) satisfies OptionTable;

function readChannels(path: string, env: Env): ChannelSpec[] {
  let json: string;
  try {
    json = readFileSync(path, "utf8");
  } catch (error) {
    throw new AppError("CHANNELS_INVALID", "fatal", `${path}: ${messageOf(error)}`);
  }
  return parseChannels(json, path, (name) => secretOf(name, env)?.secret);
}
