import { readFileSync } from "node:fs";
import { type Rule, parseRules } from "../../contracts/rules/rule.ts";
import { TELEMETRY_OPTIONS } from "../../otel/options.ts";
import { natsOptions } from "../../platform/nats/client/options.ts";
import { RECORD_TRUST_OPTIONS } from "../../platform/nats/signed/options.ts";
import { MONITORING_OPTIONS } from "../../platform/nats/monitoring/options.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { GATEWAY_OPTIONS } from "../options.ts";

const { region, partitions, schemas, statusHost, statusPort, statusHosts } = GATEWAY_OPTIONS;

export const ALERTING_OPTIONS = {
  region: { ...region, doc: "the region whose log is watched" },
  ...natsOptions("the region's"),
  partitions,
  schemas,
  statusHost,
  statusHosts,
  statusPort,
  ...TELEMETRY_OPTIONS,
  ...MONITORING_OPTIONS,
  ...RECORD_TRUST_OPTIONS,
  engineKeyFile: {
    env: "SKERRY_ENGINE_KEY_FILE",
    doc: "PEM file with the private key (npx skerry keys make) that signs alerts with commands; unset: they are written unsigned",
    fallback: "",
    parse: as.text,
  },
  rules: {
    env: "SKERRY_RULES",
    doc: "file with a JSON array of rules, beside those saved at the hub; unset: none",
    fallback: "",
    parse: readRules,
  },
} satisfies OptionTable;

function readRules(path: string): readonly Rule[] {
  if (path === "") return [];
  try {
    return parseRules(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new AppError("RULE_INVALID", "fatal", `${path}: ${messageOf(error)}`);
  }
}
