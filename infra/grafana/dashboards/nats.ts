import { type Dashboard, ZERO_IS_GOOD, prometheus } from "../model.ts";
import { lines, now, perSecond } from "../panels.ts";

const byDirection = (metric: string): string =>
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
        now(
          "Answer",
          "1: the server answers at its monitoring address.",
          [prometheus("skerry_nats_up", "{{region}}")],
          {
            width: 6,
            words: { "0": "no", "1": "yes" },
            steps: [
              { from: null, color: "red" },
              { from: 1, color: "green" },
            ],
          },
        ),
        now(
          "Clients closed for reading too slowly",
          "Since the server started. One that rises: a process of ours does not keep up.",
          [prometheus("sum by (region) (skerry_nats_slow_consumers_total)", "{{region}}")],
          { width: 6, steps: ZERO_IS_GOOD },
        ),
        now(
          "Leaf nodes",
          "At the hub one for each region; in a region one, its link to the hub.",
          [prometheus("sum by (region) (skerry_nats_leaf_nodes)", "{{region}}")],
          { width: 6 },
        ),
        now(
          "Disk of JetStream in use",
          "Of what it may have. At 1 the server refuses what is published.",
          [prometheus("skerry_nats_store_bytes / skerry_nats_store_limit_bytes", "{{region}}")],
          {
            width: 6,
            unit: "percentunit",
            steps: [
              { from: null, color: "green" },
              { from: 0.7, color: "yellow" },
              { from: 0.9, color: "red" },
            ],
          },
        ),
        lines(
          "Cores in use",
          "Of each server.",
          [prometheus("skerry_nats_cpu_cores", "{{region}}")],
          { unit: "percentunit" },
        ),
        lines(
          "Memory in RAM",
          "Of each server.",
          [prometheus("skerry_nats_memory_bytes", "{{region}}")],
          { unit: "bytes" },
        ),
        lines("Clients and subscriptions", "Processes of ours, and what they listen to.", [
          prometheus("skerry_nats_connections", "{{region}} clients"),
          prometheus("skerry_nats_subscriptions", "{{region}} subscriptions"),
        ]),
        perSecond("Messages", "A second, into and out of each server.", [
          prometheus(byDirection("skerry_nats_messages_total"), "{{region}} {{direction}}"),
        ]),
        lines(
          "Traffic",
          "Bytes a second, into and out of each server.",
          [prometheus(byDirection("skerry_nats_traffic_bytes_total"), "{{region}} {{direction}}")],
          { unit: "Bps" },
        ),
        perSecond(
          "Requests to JetStream, and those refused",
          "Consumers, streams, buckets. Some refusals are answers: a key that is not there.",
          [
            prometheus(
              "sum by (region) (rate(skerry_nats_api_requests_total[$__rate_interval]))",
              "{{region}}",
            ),
            prometheus(
              "sum by (region) (rate(skerry_nats_api_errors_total[$__rate_interval]))",
              "{{region}} refused",
            ),
          ],
        ),
      ],
    },
    {
      title: "Streams",
      panels: [
        lines(
          "How full the logs are",
          "Of the bound of each log. At 1 it refuses, and gateways acknowledge nothing.",
          [
            prometheus(
              'skerry_nats_stream_bytes{stream=~"TELEMETRY_.*"} / skerry_nats_stream_limit_bytes{stream=~"TELEMETRY_.*"}',
              "{{region}} {{stream}}",
            ),
          ],
          { unit: "percentunit" },
        ),
        lines(
          "Size of streams",
          "All of them, buckets (KV_) included.",
          [prometheus("skerry_nats_stream_bytes", "{{region}} {{stream}}")],
          { unit: "bytes" },
        ),
        perSecond(
          "Messages a second into the logs",
          "Frames. One frame a second and lane is written even if nothing is measured.",
          [
            prometheus(
              'sum by (region, stream) (deriv(skerry_nats_stream_messages{stream=~"TELEMETRY_.*"}[1m]))',
              "{{region}} {{stream}}",
            ),
          ],
        ),
        lines(
          "Consumers",
          "Of all streams of a server. It is steady; one that only rises is a leak of ours.",
          [prometheus("sum by (region) (skerry_nats_stream_consumers)", "{{region}}")],
        ),
        lines("Messages that mirrors lack", "Of every mirror, at hub and regions.", [
          prometheus("skerry_nats_stream_mirror_lag", "{{region}} {{stream}}"),
        ]),
        lines(
          "Silence of mirrors",
          "Time since a mirror heard of its origin. A bucket in which nothing is written is silent too.",
          [prometheus("skerry_nats_stream_mirror_silence_seconds", "{{region}} {{stream}}")],
          { unit: "s" },
        ),
      ],
    },
  ],
};
