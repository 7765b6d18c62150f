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
