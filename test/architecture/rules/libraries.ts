import { type Rule, importsOf, isProduct } from "../tree.ts";

/** Each package that the product runs on, and the only places that may import it. */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "@fastify/cookie": ["cloud/console/"],
  "@fastify/rate-limit": ["cloud/console/"],
  "@fastify/static": ["cloud/console/"],
  "@influxdata/influxdb-client": ["cloud/sinks/influx/"],
  "@marcbachmann/cel-js": ["contracts/rules/"],
  "@opentelemetry/api": ["otel/"],
  "@opentelemetry/core": ["otel/"],
  "@opentelemetry/exporter-logs-otlp-http": ["otel/"],
  "@opentelemetry/exporter-metrics-otlp-http": ["otel/"],
  "@opentelemetry/exporter-trace-otlp-http": ["otel/"],
  "@opentelemetry/resources": ["otel/"],
  "@opentelemetry/sdk-logs": ["otel/"],
  "@opentelemetry/sdk-metrics": ["otel/"],
  "@opentelemetry/sdk-trace": ["otel/"],
  "@peculiar/x509": ["infra/certificates/"],
  aedes: ["gateway/broker/aedes/"],
  aws4fetch: ["cloud/operations/backup/s3/"],
  ajv: ["contracts/", "cloud/console/", "cloud/notifier/"],
  canonicalize: ["contracts/", "cloud/operations/", "gateway/ingest/", "gateway/alerting/"],
  commander: ["infra/"],
  croner: ["contracts/rules/"],
  "@msgpack/msgpack": ["gateway/ingest/codecs/"],
  cborg: ["gateway/ingest/codecs/"],
  "csv-parse": ["device-sim/", "cloud/operations/", "gateway/ingest/codecs/"],
  fastify: ["cloud/console/", "gateway/http/"],
  "lz4-napi": ["contracts/messages/"],
  "hdr-histogram-js": ["cloud/aggregator/", "infra/local/"],
  htm: ["cloud/console/page/"],
  "log-update": ["infra/cli/kit/", "infra/local/"],
  mqtt: ["device-sim/", "infra/cli/learn/"],
  "mqtt-packet": ["gateway/broker/", "cloud/console/mqtt/"],
  nats: ["platform/nats/", "test/unit/platform/nats/"],
  "node-cron": ["cloud/", "gateway/retention/", "platform/runtime/"],
  nodemailer: ["cloud/notifier/"],
  pino: ["platform/runtime/"],
  preact: ["cloud/console/page/"],
  re2js: ["contracts/rules/"],
  uplot: ["cloud/console/page/"],
  "reflect-metadata": ["infra/certificates/"],
  ws: ["gateway/broker/", "cloud/console/mqtt/"],
  yaml: ["infra/grafana/", "platform/runtime/config-file/"],
};

/** Packages whose only mouth is a folder of ours, for the tests as well. */
const ONE_MOUTH = ["nats"];

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** A library is imported where it has its place; replacing one means changing one folder. */
export const libraries: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree)
    for (const { specifier, target } of importsOf(path, source)) {
      if (target !== null || specifier.startsWith("node:")) continue;
      const name = packageOf(specifier);
      if (!isProduct(path) && !ONE_MOUTH.includes(name)) continue;
      if (!LIBRARIES[name]?.some((place) => path.startsWith(place)))
        problems.push(`${path} imports ${name}, which belongs to ${LIBRARIES[name]?.join(", ")}`);
    }
  return problems;
};
