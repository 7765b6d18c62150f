import { SCHEMAS_DIRECTORY } from "../contracts/schema/catalog.ts";
import { natsOptions } from "../platform/nats/client/options.ts";
import { RECORD_TRUST_OPTIONS } from "../platform/nats/signed/options.ts";
import { PARTITIONS_DEFAULT } from "../platform/nats/topology/topology.ts";
import { type OptionTable, type Resolved, as } from "../platform/runtime/config.ts";
import { STATUS_OPTIONS } from "../platform/runtime/status-server.ts";
import { TRACING_OPTIONS } from "../otel/options.ts";
import { LOG_GROUP_OPTIONS } from "./groups/options.ts";
import { HTTP_OPTIONS } from "./http/options.ts";
import { IDENTITY_OPTIONS } from "./identity/options.ts";
import { DEVICE_SERIES_MAX, DEVICE_SERIES_PER_HOUR } from "./ingest/series-limit.ts";
import {
  UNREGISTERED_DEVICES_MAX,
  UNREGISTERED_DEVICES_PER_HOUR,
} from "./ingest/unregistered-devices.ts";
import { RELAY_OPTIONS } from "./relay/options.ts";
import { LIMIT_OPTIONS, LISTENER_OPTIONS, REJECT_ANSWER_OPTIONS } from "./listener-options.ts";
import { TRIMMER_OPTIONS } from "./retention/options.ts";

/** Patterns of client ids; `*` stands for any text, all else for itself, in any case. */
const clientIdPatterns = (raw: string): RegExp[] =>
  raw === "none"
    ? []
    : as
        .list(raw)
        .map((one) => new RegExp(`^${one.split("*").map(RegExp.escape).join(".*")}$`, "is"));

export const GATEWAY_OPTIONS = {
  region: { env: "SKERRY_REGION", doc: "the region this gateway belongs to", parse: as.token },
  gatewayId: {
    env: "SKERRY_GATEWAY_ID",
    doc: "unique among the gateways of the region; stays the same over restarts",
    fallback: "gateway-1",
    parse: as.token,
  },
  ...natsOptions("the region's"),
  partitions: {
    env: "SKERRY_PARTITIONS",
    doc: "partitions of the region's log where the log itself does not say",
    fallback: String(PARTITIONS_DEFAULT),
    parse: as.integer(1, 256),
  },
  schemas: {
    env: "SKERRY_SCHEMAS",
    doc: "directory of contracts: {name}/v{n}.json",
    fallback: SCHEMAS_DIRECTORY,
    parse: as.text,
  },
  ageMax: {
    env: "SKERRY_AGE_MAX",
    doc: "replaces every contract's age limit, to replay history; unset: the contract's own",
    fallback: "",
    parse: (raw: string) => (raw === "" ? undefined : as.durationMs(raw)),
  },
  deviceSeriesMax: {
    env: "SKERRY_DEVICE_SERIES_MAX",
    doc: "sets of tags that a device may name of one contract within an hour, and add at once; more is reject `too_many_series`",
    fallback: String(DEVICE_SERIES_MAX),
    parse: as.integer(1),
  },
  deviceSeriesPerHour: {
    env: "SKERRY_DEVICE_SERIES_PER_HOUR",
    doc: "sets of tags that a device may add to one contract in an hour, after that many at once",
    fallback: String(DEVICE_SERIES_PER_HOUR),
    parse: as.integer(1),
  },
  unregisteredDevicesMax: {
    env: "SKERRY_UNREGISTERED_DEVICES_MAX",
    doc: "devices without a record that one sender (a bridge, or an address of anonymous clients) may name at once; more is reject `too_many_series`",
    fallback: String(UNREGISTERED_DEVICES_MAX),
    parse: as.integer(1),
  },
  unregisteredDevicesPerHour: {
    env: "SKERRY_UNREGISTERED_DEVICES_PER_HOUR",
    doc: "new ones that it may name in an hour, after that many at once",
    fallback: String(UNREGISTERED_DEVICES_PER_HOUR),
    parse: as.integer(1),
  },
  mappings: {
    env: "SKERRY_MAPPINGS",
    doc: "JSON file that maps other topics and payloads to contracts, a directory of such files, or several of either, with commas; read again when they change; unset: none",
    fallback: "",
    parse: as.text,
  },
  ...RELAY_OPTIONS,
  ...LOG_GROUP_OPTIONS,
  bridges: {
    env: "SKERRY_BRIDGES",
    doc: "client ids of bridges that neither log in as one nor say so in CONNECT: a list, * for any text, in any case; never clients that log in as a device; none: no others",
    fallback: "bridge,*-bridge",
    parse: clientIdPatterns,
  },
  dataDir: {
    env: "SKERRY_DATA_DIR",
    doc: "where MQTT sessions, queued and retained messages, the last values of bridges and answers to an Idempotency-Key survive a restart; unset: in memory",
    fallback: "",
    parse: as.text,
  },
  ...STATUS_OPTIONS,
  ...IDENTITY_OPTIONS,
  ...RECORD_TRUST_OPTIONS,
  trustedEngineKeysFile: {
    env: "SKERRY_TRUSTED_ENGINE_KEYS_FILE",
    doc: "PEM file with the public keys (npx skerry keys show) of the region's alerting engines, whose commands are sent to devices; read again when it changes; unset: those of every alert",
    fallback: "",
    parse: as.text,
  },
  ...LISTENER_OPTIONS,
  ...HTTP_OPTIONS,
  ...REJECT_ANSWER_OPTIONS,
  ...LIMIT_OPTIONS,
  ...TRIMMER_OPTIONS,
  ...TRACING_OPTIONS,
} satisfies OptionTable;

export type GatewayConfig = Resolved<typeof GATEWAY_OPTIONS>;
