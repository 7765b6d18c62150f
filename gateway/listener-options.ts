// Listeners of MQTT and limits of its clients: the broker's options as a table.
import { readFileSync } from "node:fs";
import { type OptionTable, type Resolved, as } from "../platform/runtime/config.ts";
import { AppError, messageOf } from "../platform/runtime/errors.ts";
import {
  DEFAULT_REJECT_ANSWERS,
  type RejectAnswer,
  type RejectAnswers,
} from "./broker/protocol/refusals.ts";
import { DEFAULT_LIMITS, type Limits, type Listeners, type TlsIdentity } from "./broker/options.ts";

const port = (raw: string): number | undefined =>
  raw === "" ? undefined : as.integer(0, 65_535)(raw);

export const LISTENER_OPTIONS = {
  mqttHost: {
    env: "SKERRY_MQTT_HOST",
    doc: "address that MQTT listens on",
    fallback: "127.0.0.1",
    parse: as.text,
  },
  mqttPort: { env: "SKERRY_MQTT_PORT", doc: "MQTT over TCP", fallback: "1883", parse: port },
  mqttsPort: { env: "SKERRY_MQTTS_PORT", doc: "MQTT over TLS", fallback: "", parse: port },
  wsPort: { env: "SKERRY_WS_PORT", doc: "MQTT over WebSocket", fallback: "", parse: port },
  wssPort: {
    env: "SKERRY_WSS_PORT",
    doc: "MQTT over WebSocket and TLS",
    fallback: "",
    parse: port,
  },
  tlsKey: { env: "SKERRY_TLS_KEY", doc: "PEM file", fallback: "", parse: as.text },
  tlsCertificate: { env: "SKERRY_TLS_CERTIFICATE", doc: "PEM file", fallback: "", parse: as.text },
  tlsClientAuthorities: {
    env: "SKERRY_TLS_CLIENT_AUTHORITIES",
    doc: "PEM file; clients may then show a certificate of theirs instead of a secret",
    fallback: "",
    parse: as.text,
  },
} satisfies OptionTable;

const rejectAnswer = (raw: string): RejectAnswer => {
  if (raw !== "code" && raw !== "success") throw new Error(`must be code or success, not "${raw}"`);
  return raw;
};

const REJECT_DOC =
  "what an MQTT 5 client hears of a publish that is kept as a reject: `code` (0x99, or 0x87 without the right to publish there) or `success` (0x00)";

export const REJECT_ANSWER_OPTIONS = {
  rejectAnswerQos1: {
    env: "SKERRY_REJECT_ANSWER_QOS1",
    doc: `at QoS 1, ${REJECT_DOC}`,
    fallback: DEFAULT_REJECT_ANSWERS.qos1,
    parse: rejectAnswer,
  },
  rejectAnswerQos2: {
    env: "SKERRY_REJECT_ANSWER_QOS2",
    doc: `at QoS 2, ${REJECT_DOC}. A PUBREC of 0x80 or more stops some clients for good`,
    fallback: DEFAULT_REJECT_ANSWERS.qos2,
    parse: rejectAnswer,
  },
} satisfies OptionTable;

export const rejectAnswersOf = (config: Resolved<typeof REJECT_ANSWER_OPTIONS>): RejectAnswers => ({
  qos1: config.rejectAnswerQos1,
  qos2: config.rejectAnswerQos2,
});

const LIMIT_DOCS: Record<keyof Limits, string> = {
  connectionsMax: "connected clients; the next CONNECT hears 0x97",
  deviceConnectionsMax:
    "connected clients of one device: a record of any role with all its client ids, `id` and `id/…`",
  addressConnectionsMax: "connected anonymous clients of one address",
  addressOpeningMax:
    "sockets of one address, whoever they are, that are not let in yet; past it the one that has been silent longest is closed",
  openingMax: "the same of all addresses; past it one of the address that has most is closed",
  addressShares:
    "the anonymous clients of one address have the sessions, subscriptions, queues and retained topics of so many devices together",
  addressRates:
    "they publish, subscribe and are refused at most so many times as fast as one device",
  connectTimeoutMs: "from the TCP connection to an accepted CONNECT",
  clientIdBytesMax: "length of a client id",
  packetBytesMax: "a whole MQTT packet",
  inFlightMax: "unsettled publishes of one client; past it the client is not read",
  inFlightBytesMax:
    "bytes of unacknowledged publishes of one client; past it its socket is not read",
  heldBytesMax: "unsettled bytes over all clients",
  publishRatePerSecond:
    "publishes of one device over all its clients; past it they are read more slowly. One of 1 KiB or more counts once more for each KiB",
  publishBurst: "publishes of one device at once before the rate counts",
  rejectRatePerSecond:
    "publishes of one device that are kept as rejects; past it its clients are read more slowly. One of 4 KiB or more counts once more for each 4 KiB",
  rejectBurst: "rejects of one device at once before that rate counts",
  subscribeRatePerSecond:
    "filters that one device subscribes to, and retained topics that are looked at for them; past it its clients are read more slowly, and get what is retained more slowly",
  subscribeBurst: "the same at once before that rate counts",
  topicLevelsMax: "levels of a topic",
  topicAliasMax: "topic aliases of one client",
  subscriptionsMax: "subscriptions of one client",
  deviceSubscriptionsMax: "subscriptions of one device over all its client ids",
  sessionExpirySecondsMax: "how long a session outlives its connection",
  pendingSessionsMax:
    "sessions kept for absent clients; past it one ends of the device that has most",
  deviceSessionsMax: "the same of one device; past it the longest absent one ends",
  queuedMessagesMax: "messages waiting for one subscriber",
  queuedBytesMax: "bytes of messages queued for one session",
  queuedBytesOfAllMax: "bytes of messages queued for all sessions together",
  deviceQueuedBytesMax: "bytes of messages queued for all sessions of one device",
  retainedMessagesMax: "topics with a retained message of a client; the gateway's own do not count",
  deviceRetainedMax: "the same of one device",
  deliveriesInFlightMax: "unacknowledged deliveries to one subscriber",
  outboundBytesMax: "bytes waiting in one subscriber's socket",
  drainTimeoutMs: "a subscriber that reads nothing for this long is disconnected",
  keepAliveSecondsMax: "imposed on MQTT 5 clients (Server Keep Alive)",
  willGraceMs: "after a restart, before stored wills of absent clients go out",
};

const LIMIT_NAMES = Object.keys(LIMIT_DOCS) as (keyof Limits)[];

/** `limitConnectionsMax`, `SKERRY_LIMIT_CONNECTIONS_MAX`, …: one option for each limit. */
export const LIMIT_OPTIONS = Object.fromEntries(
  LIMIT_NAMES.map((name) => [
    optionName(name),
    {
      env: `SKERRY_LIMIT_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`,
      doc: LIMIT_DOCS[name],
      fallback: String(DEFAULT_LIMITS[name]),
      parse: as.integer(1),
    },
  ]),
) satisfies OptionTable;

function optionName(limit: keyof Limits): string {
  return `limit${limit[0]!.toUpperCase()}${limit.slice(1)}`;
}

export const limitsOf = (config: Readonly<Record<string, unknown>>): Limits =>
  Object.fromEntries(
    LIMIT_NAMES.map((name) => [name, config[optionName(name)]]),
  ) as unknown as Limits;

/** @throws AppError `CONFIG_INVALID` naming the file or the option that is missing. */
export function listenersOf(config: Resolved<typeof LISTENER_OPTIONS>): Listeners {
  const at = (number: number) => ({ host: config.mqttHost, port: number });
  const { mqttPort, mqttsPort, wsPort, wssPort } = config;
  const tls = mqttsPort === undefined && wssPort === undefined ? undefined : tlsOf(config);
  return {
    ...(mqttPort === undefined ? {} : { mqtt: at(mqttPort) }),
    ...(wsPort === undefined ? {} : { ws: at(wsPort) }),
    ...(mqttsPort === undefined || !tls ? {} : { mqtts: { ...at(mqttsPort), tls } }),
    ...(wssPort === undefined || !tls ? {} : { wss: { ...at(wssPort), tls } }),
  };
}

function tlsOf(config: Resolved<typeof LISTENER_OPTIONS>): TlsIdentity {
  const { tlsClientAuthorities } = config;
  return {
    key: readPem("SKERRY_TLS_KEY", config.tlsKey),
    certificate: readPem("SKERRY_TLS_CERTIFICATE", config.tlsCertificate),
    ...(tlsClientAuthorities === ""
      ? {}
      : { clientAuthorities: readPem("SKERRY_TLS_CLIENT_AUTHORITIES", tlsClientAuthorities) }),
  };
}

function readPem(option: string, path: string): string {
  const invalid = (what: string): AppError =>
    new AppError("CONFIG_INVALID", "fatal", `${option} ${what}`);
  if (path === "") throw invalid("is required for TLS: a PEM file");
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(messageOf(error));
  }
}
