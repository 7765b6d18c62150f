import { type Dashboard, REGION, ZERO_IS_GOOD, influx, prometheus } from "../model.ts";

/** Whether everything runs, and how much goes through it; pure data. */
export const FLEET: Dashboard = {
  name: "fleet",
  title: "Skerry: fleet",
  about: "Which processes run, how many devices report, and how much goes through each region.",
  variables: [REGION],
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "Processes that do not answer",
          about:
            "Targets that Prometheus cannot scrape. Zero is right; the table below says which.",
          kind: "now",
          queries: [prometheus("count(up == 0) or vector(0)", "down")],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Devices connected",
          about: "MQTT clients of the gateways: devices, people, services.",
          kind: "now",
          queries: [prometheus('sum(skerry_gateway_connections{region=~"$region"})', "connected")],
        },
        {
          title: "Acknowledged",
          about:
            "Readings a second that gateways stored in their region's log, and so acknowledged.",
          kind: "now",
          unit: "cps",
          queries: [
            prometheus(
              'sum(rate(skerry_gateway_readings_total{region=~"$region"}[$__rate_interval]))',
              "acknowledged",
            ),
          ],
        },
        {
          title: "Stored",
          about:
            "Readings a second that the store acknowledged. Lower than acknowledged: a backlog grows.",
          kind: "now",
          unit: "cps",
          queries: [
            prometheus("sum(rate(skerry_aggregator_readings_total[$__rate_interval]))", "stored"),
          ],
        },
        {
          title: "Alerts open",
          about: "Alerts that regions raised and that are not resolved.",
          kind: "now",
          queries: [prometheus('sum(skerry_alerting_alerts_open{region=~"$region"})', "open")],
          steps: [
            { from: null, color: "green" },
            { from: 1, color: "yellow" },
          ],
        },
        {
          title: "Refused",
          about: "Publishes refused within the last 5 minutes; they are kept with their reason.",
          kind: "now",
          queries: [
            prometheus(
              'sum(increase(skerry_gateway_rejects_total{region=~"$region"}[5m]))',
              "refused",
            ),
          ],
          steps: [
            { from: null, color: "green" },
            { from: 1, color: "yellow" },
          ],
        },
      ],
    },
    {
      title: "Readings",
      panels: [
        {
          title: "Acknowledged, by region",
          about: "Readings a second that gateways acknowledged.",
          kind: "areas",
          unit: "cps",
          queries: [
            prometheus(
              'sum by (region) (rate(skerry_gateway_readings_total{region=~"$region"}[$__rate_interval]))',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Stored, late, repeated",
          about:
            "Readings a second at the aggregators. Late and repeated ones are handled, and cost work.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus("sum(rate(skerry_aggregator_readings_total[$__rate_interval]))", "stored"),
            prometheus(
              "sum(rate(skerry_aggregator_readings_late_total[$__rate_interval]))",
              "late",
            ),
            prometheus(
              "sum(rate(skerry_aggregator_readings_repeated_total[$__rate_interval]))",
              "repeated",
            ),
          ],
        },
        {
          title: "Readings in 10 s, by contract",
          about: "From InfluxDB: readings in final rollups of ten seconds.",
          kind: "areas",
          queries: [
            influx('SELECT sum("count") FROM /_10s$/ WHERE $timeFilter GROUP BY time(10s)', "$m"),
          ],
        },
        {
          title: "Devices that reported in 10 s, by contract",
          about:
            "From InfluxDB: devices with a final rollup. A step down is a part of the fleet that fell silent.",
          kind: "lines",
          queries: [
            influx(
              'SELECT count("readings") FROM (SELECT sum("count") AS "readings" FROM /_10s$/ ' +
                'WHERE $timeFilter GROUP BY time(10s), "device" fill(none)) WHERE $timeFilter GROUP BY time(10s)',
              "$m",
            ),
          ],
        },
      ],
    },
    {
      title: "Processes",
      panels: [
        {
          title: "Versions",
          about: "Which program runs where. Two versions of a kind: an upgrade is not finished.",
          kind: "table",
          width: 12,
          queries: [
            prometheus(
              "sum by (process, region, version, node, instance) (skerry_build_info)",
              "{{process}}",
            ),
          ],
          without: ["Value"],
        },
        {
          title: "Answers to Prometheus",
          about: "0: that process is away, or Prometheus cannot reach it.",
          kind: "lines",
          queries: [prometheus("up", "{{job}} {{instance}}")],
        },
        {
          title: "Memory in RAM",
          about: "Of each process. One that only rises has a leak.",
          kind: "lines",
          unit: "bytes",
          queries: [
            prometheus(
              "skerry_process_resident_memory_bytes",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
        },
        {
          title: "Cores in use",
          about:
            "1 is a whole core: a process of ours works in one thread, and is then at its end.",
          kind: "lines",
          unit: "percentunit",
          queries: [
            prometheus(
              "rate(skerry_process_cpu_seconds_total[$__rate_interval])",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
        },
        {
          title: "Event loop delay, 99th percentile",
          about: "How late timers come. Above 100 ms everything in that process is slow.",
          kind: "lines",
          unit: "s",
          queries: [
            prometheus(
              "skerry_process_event_loop_delay_p99_seconds",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
        },
        {
          title: "Pauses for garbage",
          about: "Share of time that a process stood still for its garbage collection.",
          kind: "lines",
          unit: "percentunit",
          queries: [
            prometheus(
              "sum by (process, region, instance) (rate(skerry_process_gc_seconds_sum[$__rate_interval]))",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
        },
      ],
    },
  ],
};
