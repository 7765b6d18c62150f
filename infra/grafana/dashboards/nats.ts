import { type Dashboard, ZERO_IS_GOOD, prometheus } from "../model.ts";

const rateBy = (metric: string): string =>
  `sum by (region, direction) (rate(${metric}[$__rate_interval]))`;

/** The nats-servers, as the alerting engine and the steward beside them see them; pure data. */
export const NATS: Dashboard = {
  name: "nats",
  title: "Skerry: NATS",
  about:
    "The nats-servers of regions and hub. Each alerting engine asks its region's, the steward the hub's: SKERRY_NATS_MONITOR_URL.",
  variables: [],
  rows: [
    {
      title: "Servers",
      panels: [
        {
          title: "Answer",
          about: "1: the server answers at its monitoring address.",
          kind: "now",
          width: 6,
          words: { "0": "no", "1": "yes" },
          queries: [prometheus("skerry_nats_up", "{{region}}")],
          steps: [
            { from: null, color: "red" },
            { from: 1, color: "green" },
          ],
        },
        {
          title: "Clients closed for reading too slowly",
          about: "Since the server started. One that rises: a process of ours does not keep up.",
          kind: "now",
          width: 6,
          queries: [prometheus("sum by (region) (skerry_nats_slow_consumers_total)", "{{region}}")],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Leaf nodes",
          about: "At the hub one for each region; in a region one, its link to the hub.",
          kind: "now",
          width: 6,
          queries: [prometheus("sum by (region) (skerry_nats_leaf_nodes)", "{{region}}")],
        },
        {
          title: "Disk of JetStream in use",
          about: "Of what it may have. At 1 the server refuses what is published.",
          kind: "now",
          width: 6,
          unit: "percentunit",
          queries: [
            prometheus("skerry_nats_store_bytes / skerry_nats_store_limit_bytes", "{{region}}"),
          ],
          steps: [
            { from: null, color: "green" },
            { from: 0.7, color: "yellow" },
            { from: 0.9, color: "red" },
          ],
        },
        {
          title: "Cores in use",
          about: "Of each server.",
          kind: "lines",
          unit: "percentunit",
          queries: [prometheus("skerry_nats_cpu_cores", "{{region}}")],
        },
        {
          title: "Memory in RAM",
          about: "Of each server.",
          kind: "lines",
          unit: "bytes",
          queries: [prometheus("skerry_nats_memory_bytes", "{{region}}")],
        },
        {
          title: "Clients and subscriptions",
          about: "Processes of ours, and what they listen to.",
          kind: "lines",
          queries: [
            prometheus("skerry_nats_connections", "{{region}} clients"),
            prometheus("skerry_nats_subscriptions", "{{region}} subscriptions"),
          ],
        },
        {
          title: "Messages",
          about: "A second, into and out of each server.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rateBy("skerry_nats_messages_total"), "{{region}} {{direction}}")],
        },
        {
          title: "Traffic",
          about: "Bytes a second, into and out of each server.",
          kind: "lines",
          unit: "Bps",
          queries: [
            prometheus(rateBy("skerry_nats_traffic_bytes_total"), "{{region}} {{direction}}"),
          ],
        },
        {
          title: "Requests to JetStream, and those refused",
          about: "Consumers, streams, buckets. Some refusals are answers: a key that is not there.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              "sum by (region) (rate(skerry_nats_api_requests_total[$__rate_interval]))",
              "{{region}}",
            ),
            prometheus(
              "sum by (region) (rate(skerry_nats_api_errors_total[$__rate_interval]))",
              "{{region}} refused",
            ),
          ],
        },
      ],
    },
    {
      title: "Streams",
      panels: [
        {
          title: "How full the logs are",
          about: "Of the bound of each log. At 1 it refuses, and gateways acknowledge nothing.",
          kind: "lines",
          unit: "percentunit",
          queries: [
            prometheus(
              'skerry_nats_stream_bytes{stream=~"TELEMETRY_.*"} / skerry_nats_stream_limit_bytes{stream=~"TELEMETRY_.*"}',
              "{{region}} {{stream}}",
            ),
          ],
        },
        {
          title: "Size of streams",
          about: "All of them, buckets (KV_) included.",
          kind: "lines",
          unit: "bytes",
          queries: [prometheus("skerry_nats_stream_bytes", "{{region}} {{stream}}")],
        },
        {
          title: "Messages a second into the logs",
          about: "Frames. One frame a second and lane is written even if nothing is measured.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              'sum by (region, stream) (deriv(skerry_nats_stream_messages{stream=~"TELEMETRY_.*"}[1m]))',
              "{{region}} {{stream}}",
            ),
          ],
        },
        {
          title: "Consumers",
          about: "Of all streams of a server. It is steady; one that only rises is a leak of ours.",
          kind: "lines",
          queries: [prometheus("sum by (region) (skerry_nats_stream_consumers)", "{{region}}")],
        },
        {
          title: "Messages that mirrors lack",
          about: "Of every mirror, at hub and regions.",
          kind: "lines",
          queries: [prometheus("skerry_nats_stream_mirror_lag", "{{region}} {{stream}}")],
        },
        {
          title: "Silence of mirrors",
          about:
            "Time since a mirror heard of its origin. A bucket in which nothing is written is silent too.",
          kind: "lines",
          unit: "s",
          queries: [
            prometheus("skerry_nats_stream_mirror_silence_seconds", "{{region}} {{stream}}"),
          ],
        },
      ],
    },
  ],
};
