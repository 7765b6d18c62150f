import { type Dashboard, type Panel, REGION, prometheus } from "../model.ts";
import { areas, lines, now, perSecond } from "../panels.ts";
import { maxBy, ofRegions, rateBy } from "../promql.ts";

const USUAL = 'region=~"$region", outage="false"';
/** A bound of the buckets; Prometheus writes it with a point if it asked for OpenMetrics. */
const WITHIN_A_SECOND = 'le=~"1([.]0)?"';

const quantiles = (labels: string, by: string): Panel["queries"] =>
  ["0.5", "0.99"].map((quantile) =>
    prometheus(
      `histogram_quantile(${quantile}, sum by (${by}, le) (rate(skerry_latency_seconds_bucket{${labels}}[$__rate_interval])))`,
      `{{${by}}} p${quantile === "0.5" ? 50 : 99}`,
    ),
  );

/** The service level: from a device's clock to the acknowledgement of the store; pure data. */
export const LATENCY: Dashboard = {
  name: "latency",
  title: "Skerry: latency",
  about:
    "Time from a device's clock, its skew taken out, to the store's acknowledgement: all readings, by hop. " +
    "Readings that waited behind an outage of the WAN are apart.",
  variables: [REGION],
  rows: [
    {
      title: "Service level",
      panels: [
        now(
          "Within 1 s",
          "Share of readings of the last hour that were stored within a second, outages apart.",
          [
            prometheus(
              `sum(increase(skerry_latency_seconds_bucket{${USUAL}, hop="total", ${WITHIN_A_SECOND}}[1h])) ` +
                `/ sum(increase(skerry_latency_seconds_count{${USUAL}, hop="total"}[1h]))`,
              "within 1 s",
            ),
          ],
          {
            unit: "percentunit",
            width: 6,
            steps: [
              { from: null, color: "red" },
              { from: 0.95, color: "yellow" },
              { from: 0.99, color: "green" },
            ],
          },
        ),
        now(
          "Half of all readings",
          "Median from device to store.",
          [
            prometheus(
              `histogram_quantile(0.5, sum by (le) (rate(skerry_latency_seconds_bucket{${USUAL}, hop="total"}[5m])))`,
              "p50",
            ),
          ],
          { unit: "s", width: 6 },
        ),
        now(
          "99 of 100 readings",
          "99th percentile from device to store.",
          [
            prometheus(
              `histogram_quantile(0.99, sum by (le) (rate(skerry_latency_seconds_bucket{${USUAL}, hop="total"}[5m])))`,
              "p99",
            ),
          ],
          { unit: "s", width: 6 },
        ),
        now(
          "Oldest canary",
          "A canary goes the whole way of a region's readings every 10 s, so that an idle region is known to work. " +
            "More than a minute: something on the way does not work.",
          [
            prometheus(
              `max by (region) (min by (region, partition) (${ofRegions("skerry_canary_age_seconds")}))`,
              "{{region}}",
            ),
          ],
          {
            unit: "s",
            width: 6,
            steps: [
              { from: null, color: "green" },
              { from: 30, color: "yellow" },
              { from: 60, color: "red" },
            ],
          },
        ),
      ],
    },
    {
      title: "Device to store",
      panels: [
        lines(
          "By region",
          "Median and 99th percentile, outages apart.",
          quantiles(`${USUAL}, hop="total"`, "region"),
          { unit: "s", exemplars: true },
        ),
        {
          title: "All readings",
          about: "How many readings took how long. Dots are traced readings.",
          kind: "heatmap",
          unit: "s",
          exemplars: true,
          queries: [
            prometheus(
              `sum by (le) (increase(skerry_latency_seconds_bucket{${USUAL}, hop="total"}[$__rate_interval]))`,
              "{{le}}",
            ),
          ],
        },
        lines(
          "By hop",
          "Where the time goes. Hops that the clocks of two machines limit are off by their difference.",
          quantiles(USUAL, "hop"),
          { unit: "s", width: 24 },
        ),
        areas(
          "Mean by hop, one above the other",
          "Sums to the mean of the whole way.",
          [
            prometheus(
              `sum by (hop) (rate(skerry_latency_seconds_sum{${USUAL}, hop!="total"}[$__rate_interval])) ` +
                `/ sum by (hop) (rate(skerry_latency_seconds_count{${USUAL}, hop!="total"}[$__rate_interval]))`,
              "{{hop}}",
            ),
          ],
          { unit: "s" },
        ),
        lines(
          "Canaries by hop",
          "What the last canary of each region took.",
          [prometheus(maxBy("region, hop", "skerry_canary_latency_seconds"), "{{region}} {{hop}}")],
          { unit: "s" },
        ),
      ],
    },
    {
      title: "Behind outages, and clocks",
      panels: [
        perSecond(
          "Readings that waited behind an outage of the WAN",
          "They do not count for the service level: the region had acknowledged them.",
          [
            prometheus(
              rateBy("region, outage", "skerry_latency_seconds_count", 'hop="total"'),
              "{{region}}, behind an outage: {{outage}}",
            ),
          ],
        ),
        lines(
          "Devices with a wrong clock",
          "Ahead, or behind by seconds. It is estimated, and taken out of the figures above.",
          [prometheus("sum(skerry_devices_skewed)", "devices")],
        ),
      ],
    },
  ],
};
