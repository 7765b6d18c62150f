import {
  type Dashboard,
  REGION,
  ZERO_IS_CALM,
  ZERO_IS_GOOD,
  influx,
  prometheus,
} from "../model.ts";
import { areas, lines, now, perSecond, table } from "../panels.ts";
import { ofRegions, rateBy, rateOfAll, sumOf } from "../promql.ts";

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
        now(
          "Processes that do not answer",
          "Targets that Prometheus cannot scrape. Zero is right; the table below says which.",
          [prometheus("count(up == 0) or vector(0)", "down")],
          { steps: ZERO_IS_GOOD },
        ),
        now("Devices connected", "MQTT clients of the gateways: devices, people, services.", [
          prometheus(sumOf("skerry_gateway_connections"), "connected"),
        ]),
        now(
          "Acknowledged",
          "Readings a second that gateways stored in their region's log, and so acknowledged.",
          [
            prometheus(
              `sum(rate(${ofRegions("skerry_gateway_readings_total")}[$__rate_interval]))`,
              "acknowledged",
            ),
          ],
          { unit: "cps" },
        ),
        now(
          "Stored",
          "Readings a second that the store acknowledged. Lower than acknowledged: a backlog grows.",
          [prometheus(rateOfAll("skerry_aggregator_readings_total"), "stored")],
          { unit: "cps" },
        ),
        now(
          "Alerts open",
          "Alerts that regions raised and that are not resolved.",
          [prometheus(sumOf("skerry_alerting_alerts_open"), "open")],
          {
            steps: ZERO_IS_CALM,
          },
        ),
        now(
          "Refused",
          "Publishes refused within the last 5 minutes; they are kept with their reason.",
          [
            prometheus(
              `sum(increase(${ofRegions("skerry_gateway_rejects_total")}[5m]))`,
              "refused",
            ),
          ],
          {
            steps: ZERO_IS_CALM,
          },
        ),
      ],
    },
    {
      title: "Readings",
      panels: [
        areas(
          "Acknowledged, by region",
          "Readings a second that gateways acknowledged.",
          [prometheus(rateBy("region", "skerry_gateway_readings_total"), "{{region}}")],
          { unit: "cps" },
        ),
        perSecond(
          "Stored, late, repeated",
          "Readings a second at the aggregators. Late and repeated ones are handled, and cost work.",
          [
            prometheus(rateOfAll("skerry_aggregator_readings_total"), "stored"),
            prometheus(rateOfAll("skerry_aggregator_readings_late_total"), "late"),
            prometheus(rateOfAll("skerry_aggregator_readings_repeated_total"), "repeated"),
          ],
        ),
        areas(
          "Readings in 10 s, by contract",
          "From InfluxDB: readings in final rollups of ten seconds.",
          [influx('SELECT sum("count") FROM /_10s$/ WHERE $timeFilter GROUP BY time(10s)', "$m")],
        ),
        lines(
          "Devices that reported in 10 s, by contract",
          "From InfluxDB: devices with a final rollup. A step down is a part of the fleet that fell silent.",
          [
            influx(
              'SELECT count("readings") FROM (SELECT sum("count") AS "readings" FROM /_10s$/ ' +
                'WHERE $timeFilter GROUP BY time(10s), "device" fill(none)) WHERE $timeFilter GROUP BY time(10s)',
              "$m",
            ),
          ],
        ),
      ],
    },
    {
      title: "Processes",
      panels: [
        table(
          "Versions",
          "Which program runs where. Two versions of a kind: an upgrade is not finished.",
          [
            prometheus(
              "sum by (process, region, version, node, instance) (skerry_build_info)",
              "{{process}}",
            ),
          ],
          { width: 12, without: ["Value"] },
        ),
        lines("Answers to Prometheus", "0: that process is away, or Prometheus cannot reach it.", [
          prometheus("up", "{{job}} {{instance}}"),
        ]),
        lines(
          "Memory in RAM",
          "Of each process. One that only rises has a leak.",
          [
            prometheus(
              "skerry_process_resident_memory_bytes",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
          { unit: "bytes" },
        ),
        lines(
          "Cores in use",
          "1 is a whole core: a process of ours works in one thread, and is then at its end.",
          [
            prometheus(
              "rate(skerry_process_cpu_seconds_total[$__rate_interval])",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
          { unit: "percentunit" },
        ),
        lines(
          "Event loop delay, 99th percentile",
          "How late timers come. Above 100 ms everything in that process is slow.",
          [
            prometheus(
              "skerry_process_event_loop_delay_p99_seconds",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
          { unit: "s" },
        ),
        lines(
          "Pauses for garbage",
          "Share of time that a process stood still for its garbage collection.",
          [
            prometheus(
              "sum by (process, region, instance) (rate(skerry_process_gc_seconds_sum[$__rate_interval]))",
              "{{process}} {{region}} {{instance}}",
            ),
          ],
          { unit: "percentunit" },
        ),
      ],
    },
  ],
};
