// Listeners of MQTT and limits of its clients: the broker's options as a table.
import { type OptionTable, type Resolved, as } from "../platform/runtime/config.ts";
import { AppError } from "../platform/runtime/errors.ts";
import {
  DEFAULT_REJECT_ANSWERS,
  type RejectAnswer,
  type RejectAnswers,
} from "./broker/protocol/refusals.ts";
import { DEFAULT_CIPHERS } from "./broker/connection/tls.ts";
import { DEFAULT_LIMITS, type Limits, type Listeners } from "./broker/options.ts";
import { oneOf, optionalPort, origins } from "./parse-options.ts";
import { readTls } from "./tls-files.ts";

export const LISTENER_OPTIONS = {
  mqttHost: {
    env: "SKERRY_MQTT_HOST",
    doc: "address that MQTT listens on, and the other listeners unless they have their own",
    fallback: "127.0.0.1",
    parse: as.text,
  },
  mqttPort: {
    env: "SKERRY_MQTT_PORT",
    doc: "MQTT over TCP; none: not at all, for TLS only",
    fallback: "1883",
    parse: optionalPort,
  },
  mqttsHost: { env: "SKERRY_MQTTS_HOST", doc: "its address", fallback: "", parse: as.text },
  mqttsPort: { env: "SKERRY_MQTTS_PORT", doc: "MQTT over TLS", fallback: "", parse: optionalPort },
  wsHost: { env: "SKERRY_WS_HOST", doc: "its address", fallback: "", parse: as.text },
  wsPort: { env: "SKERRY_WS_PORT", doc: "MQTT over WebSocket", fallback: "", parse: optionalPort },
  wssHost: { env: "SKERRY_WSS_HOST", doc: "its address", fallback: "", parse: as.text },
  wssPort: {
    env: "SKERRY_WSS_PORT",
    doc: "MQTT over WebSocket and TLS",
    fallback: "",
    parse: optionalPort,
  },
  wsHosts: {
    env: "SKERRY_WS_HOSTS",
    doc: "names by which clients of the WebSocket listeners may call them, besides localhost and addresses: a list",
    fallback: "",
    parse: as.list,
  },
  wsOrigins: {
    env: "SKERRY_WS_ORIGINS",
    doc: "origins of web pages that may connect, such as https://console.example.org: a list; pages of the listener's own host and clients that are no browsers may anyway",
    fallback: "",
    parse: origins,
  },
  tlsKey: { env: "SKERRY_TLS_KEY", doc: "PEM file", fallback: "", parse: as.text },
  tlsCertificate: {
    env: "SKERRY_TLS_CERTIFICATE",
    doc: "PEM file; this and the others are read again when they change, or on SIGHUP",
    fallback: "",
    parse: as.text,
  },
  tlsClientAuthorities: {
    env: "SKERRY_TLS_CLIENT_AUTHORITIES",
    doc: "PEM file; clients may then show a certificate of theirs instead of a secret",
    fallback: "",
    parse: as.text,
  },
  tlsClientCertificates: {
    env: "SKERRY_TLS_CLIENT_CERTIFICATES",
    doc: "optional, or required: who has none gets no connection",
    fallback: "optional",
    parse: oneOf("optional", "required"),
  },
  tlsRevocationLists: {
    env: "SKERRY_TLS_REVOCATION_LISTS",
    doc: "PEM file with the revocation list (CRL) of each of those authorities; one that has run out refuses all",
    fallback: "",
    parse: as.text,
  },
  tlsVersionMin: {
    env: "SKERRY_TLS_VERSION_MIN",
    doc: "oldest version of TLS: TLSv1.2 or TLSv1.3",
    fallback: "TLSv1.2",
    parse: oneOf("TLSv1.2", "TLSv1.3"),
  },
  tlsCiphers: {
    env: "SKERRY_TLS_CIPHERS",
    doc: "cipher suites as OpenSSL lists them, best first",
    fallback: DEFAULT_CIPHERS,
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
  queuedMessagesMax:
    "messages waiting for one subscriber; of this bound and the three that follow, what is relayed takes three quarters at most",
  queuedBytesMax: "bytes of messages queued for one session",
  queuedBytesOfAllMax: "bytes of messages queued for all sessions together",
  deviceQueuedBytesMax: "bytes of messages queued for all sessions of one device",
  retainedMessagesMax:
    "topics under devices/ with a retained message of a client; the gateway's own do not count",
  deviceRetainedMax: "the same of one device",
  relayRetainedMax: "topics outside devices/ with a retained message",
  deviceRelayRetainedMax: "the same of one device",
  relayRetainedBytesMax: "bytes of these messages with their topics and properties",
  deviceRelayRetainedBytesMax: "the same of one device",
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

type Ports = Resolved<typeof LISTENER_OPTIONS> & {
  readonly httpPort?: number | undefined;
  readonly httpsPort?: number | undefined;
};

/** True if there is a listener that needs certificates. */
export const usesTls = ({ mqttsPort, wssPort, httpsPort }: Ports): boolean =>
  mqttsPort !== undefined || wssPort !== undefined || httpsPort !== undefined;

/** @throws AppError `CONFIG_INVALID` naming the file or the option that is missing. */
export function listenersOf(config: Ports): Listeners {
  const { mqttHost, mqttPort, mqttsPort, wsPort, wssPort } = config;
  const tls = usesTls(config) ? readTls(config) : undefined;
  const web = { hosts: config.wsHosts, origins: config.wsOrigins };
  const at = (host: string, number: number) => ({ host: host || mqttHost, port: number });
  const listeners: Listeners = {
    ...(mqttPort === undefined ? {} : { mqtt: at(mqttHost, mqttPort) }),
    ...(wsPort === undefined ? {} : { ws: { ...at(config.wsHost, wsPort), ...web } }),
    ...(mqttsPort === undefined || !tls
      ? {}
      : { mqtts: { ...at(config.mqttsHost, mqttsPort), tls } }),
    ...(wssPort === undefined || !tls
      ? {}
      : { wss: { ...at(config.wssHost, wssPort), ...web, tls } }),
  };
  const { httpPort, httpsPort } = config;
  if (Object.keys(listeners).length === 0 && httpPort === undefined && httpsPort === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      "no listener: SKERRY_MQTT_PORT is none, and none of SKERRY_MQTTS_PORT, SKERRY_WS_PORT, SKERRY_WSS_PORT, SKERRY_HTTP_PORT and SKERRY_HTTPS_PORT is set",
    );
  return listeners;
}
