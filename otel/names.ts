// The only place that spells names of OpenTelemetry: attributes, and the version of the conventions that they are of.
// Those of messaging and processes are in development there and change from version to version; a unit test
// holds each against the package of this version.

/** Version of the semantic conventions; the package `@opentelemetry/semantic-conventions` has the same. */
export const SEMCONV_VERSION = "1.45.0";

/** Tells receivers which version they read, so that they can translate. */
export const SCHEMA_URL = `https://opentelemetry.io/schemas/${SEMCONV_VERSION}`;

/** Attributes of a process. */
export const RESOURCE = {
  namespace: "service.namespace",
  name: "service.name",
  version: "service.version",
  instance: "service.instance.id",
  region: "cloud.region",
  pid: "process.pid",
  runtimeName: "process.runtime.name",
  runtimeVersion: "process.runtime.version",
} as const;

/** Name of the instrumentation scope of all that this product sends. */
export const SCOPE = "skerry";

/** Attributes of an error in a log record. */
export const EXCEPTION = {
  type: "exception.type",
  message: "exception.message",
  stack: "exception.stacktrace",
} as const;

/**
 * Spans on the way of a reading. The conventions of messaging want an operation and a destination; each reading
 * has its own topic and subject, so the name says the step, and attributes the rest.
 */
export const SPANS = {
  /** Clock of the device → its publish is acknowledged, or received. */
  publish: "device publish",
  admit: "gateway admit",
  commit: "gateway commit",
  reject: "gateway reject",
  hub: "hub delivery",
  aggregate: "aggregate",
  evaluate: "alert evaluate",
  alert: "alert publish",
  /** Stored → a notifier begins to tell it: the hub's copy, and what goes first. */
  wait: "notifier wait",
  /** One attempt at a message that tells the alert. */
  deliver: "notifier deliver",
  /** The message is given up, and stored as a dead letter. */
  giveUp: "notifier give up",
} as const;

/** The name of the span of a sink's write. */
export const writeSpan = (sink: string): string => `${sink} write`;

/** Attributes of spans that the conventions have: of messaging, of databases, of errors. */
export const ATTRIBUTES = {
  destination: "messaging.destination.name",
  operation: "messaging.operation.name",
  operationType: "messaging.operation.type",
  client: "messaging.client.id",
  bytes: "messaging.message.body.size",
  message: "messaging.message.id",
  batch: "messaging.batch.message_count",
  /** No messaging system is MQTT or NATS there; these are the names of their protocols. */
  protocol: "network.protocol.name",
  database: "db.system.name",
  error: "error.type",
} as const;

/** Attributes of spans that only this product has. */
export const OWN = {
  region: "skerry.region",
  partition: "skerry.partition",
  device: "skerry.device",
  contract: "skerry.contract",
  rule: "skerry.rule",
  key: "skerry.alert.key",
  state: "skerry.alert.state",
  severity: "skerry.alert.severity",
  reason: "skerry.reject.reason",
  channel: "skerry.channel",
  attempt: "skerry.attempt",
  outcome: "skerry.outcome",
  /** The reason for a trace that chance did not choose: `alert`, `reject` or `slow`. */
  why: "skerry.trace.why",
} as const;
