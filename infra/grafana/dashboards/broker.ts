import { type Dashboard, REGION, ZERO_IS_GOOD, prometheus } from "../model.ts";

const rateBy = (label: string, metric: string): string =>
  `sum by (region, ${label}) (rate(${metric}{region=~"$region"}[$__rate_interval]))`;
const rate = (metric: string): string =>
  `sum by (region) (rate(${metric}{region=~"$region"}[$__rate_interval]))`;

/** The MQTT side of the gateways; pure data. */
export const BROKER: Dashboard = {
  name: "broker",
  title: "Skerry: broker",
  about: "Connections of devices to the gateways, what they publish, and what is refused.",
  variables: [REGION],
  rows: [
    {
      title: "Connections",
      panels: [
        {
          title: "The log refuses",
          about:
            "The region's log is full or away: nothing is acknowledged, devices hold what they have.",
          kind: "now",
          width: 6,
          words: { "0": "takes", "1": "refuses" },
          queries: [
            prometheus(
              'max by (region) (skerry_gateway_log_refusing{region=~"$region"})',
              "{{region}}",
            ),
          ],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Client ids that clients fight over",
          about: "Two devices with one id take the connection from each other all the time.",
          kind: "now",
          width: 6,
          queries: [
            prometheus('sum(skerry_gateway_client_ids_contested{region=~"$region"})', "ids"),
          ],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Connected",
          about: "MQTT clients.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region) (skerry_gateway_connections{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Closed by the gateway, by reason",
          about: "Connections a second. Clients that go away by themselves do not count.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              rateBy("reason", "skerry_gateway_connections_closed_total"),
              "{{region}} {{reason}}",
            ),
          ],
        },
        {
          title: "Refused to connect, by reason",
          about: "Wrong passwords, unknown devices, packets that are none.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              rateBy("reason", "skerry_gateway_connects_refused_total"),
              "{{region}} {{reason}}",
            ),
          ],
        },
        {
          title: "Connections taken over",
          about: "Another client came with the same client id.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_gateway_takeovers_total"), "{{region}}")],
        },
        {
          title: "Messages not delivered to subscribers, by reason",
          about: "A queue that was full, a client that reads too slowly.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              rateBy("reason", "skerry_gateway_deliveries_dropped_total"),
              "{{region}} {{reason}}",
            ),
          ],
        },
      ],
    },
    {
      title: "Publishes",
      panels: [
        {
          title: "Readings acknowledged",
          about: "A second, by region.",
          kind: "areas",
          unit: "cps",
          queries: [prometheus(rate("skerry_gateway_readings_total"), "{{region}}")],
        },
        {
          title: "Publishes received",
          about: "Whatever became of them: readings, commands, refusals, repeats.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_gateway_publishes_received_total"), "{{region}}")],
        },
        {
          title: "How full the log is",
          about:
            "Of its bound, as the gateways see it. At 1 it refuses, and nothing is acknowledged.",
          kind: "lines",
          unit: "percentunit",
          queries: [
            prometheus(
              'max by (region) (skerry_gateway_log_size_bytes{region=~"$region"} / skerry_gateway_log_limit_bytes{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Publishes held",
          about:
            "Received and not yet acknowledged. It rises while the log is slow, and reading from devices stops.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region) (skerry_gateway_publishes_held{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Refused and kept",
          about: "Rejects a second. The console's page of rejects has their reasons.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_gateway_rejects_total"), "{{region}}")],
        },
        {
          title: "Values that readings do not hold as they were sent",
          about: "Left out or changed, by what became of them; the readings were taken.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(rateBy("how", "skerry_gateway_values_noted_total"), "{{region}} {{how}}"),
          ],
        },
        {
          title: "Dropped, as QoS 0 and presence allow",
          about: "Under pressure.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(rate("skerry_gateway_qos0_dropped_total"), "{{region}} QoS 0"),
            prometheus(rate("skerry_gateway_presence_dropped_total"), "{{region}} presence"),
          ],
        },
        {
          title: "Repeats of bridges",
          about: "Retained messages that bridges sent again after they connected: no new readings.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_gateway_bridge_repeats_total"), "{{region}}")],
        },
      ],
    },
    {
      title: "Sessions and their queues",
      panels: [
        {
          title: "Sessions",
          about:
            "Those that outlive their connection: of clients that are there, and of clients that are away.",
          kind: "areas",
          queries: [
            prometheus(
              'sum by (region, client) (skerry_gateway_sessions{region=~"$region"})',
              "{{region}} {{client}}",
            ),
          ],
        },
        {
          title: "Sessions with something that waits",
          about: "Their clients are away, or acknowledge slowly.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region) (skerry_gateway_sessions_waiting{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Messages that wait",
          about: "In all sessions together, those included that are not acknowledged yet.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region) (skerry_gateway_queues_messages{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "How full the queues are",
          about:
            "All sessions together, and the fullest one, of their bounds. At 1 further messages are dropped, and counted above.",
          kind: "lines",
          unit: "percentunit",
          queries: [
            prometheus(
              'max by (region) (skerry_gateway_queues_size_bytes{region=~"$region"} / skerry_gateway_queues_limit_bytes{region=~"$region"})',
              "{{region}} all",
            ),
            prometheus(
              'max by (region) (skerry_gateway_queues_fullest{region=~"$region"})',
              "{{region}} the fullest",
            ),
          ],
        },
      ],
    },
    {
      title: "Frames",
      panels: [
        {
          title: "Readings of a frame",
          about:
            "On average, those without readings left out. More under load: fewer frames to store and to read.",
          kind: "lines",
          width: 8,
          queries: [
            prometheus(
              'sum by (region) (rate(skerry_gateway_frame_readings_sum{region=~"$region"}[$__rate_interval])) / ' +
                '(sum by (region) (rate(skerry_gateway_frame_readings_count{region=~"$region"}[$__rate_interval])) - ' +
                'sum by (region) (rate(skerry_gateway_frame_readings_bucket{region=~"$region", le=~"0([.]0)?"}[$__rate_interval])))',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Size of a frame",
          about: "As it is stored, compressed: median and 99th percentile.",
          kind: "lines",
          unit: "bytes",
          width: 8,
          queries: [0.5, 0.99].map((share) =>
            prometheus(
              `histogram_quantile(${share}, sum by (region, le) (rate(skerry_gateway_frame_size_bytes_bucket{region=~"$region"}[$__rate_interval])))`,
              `{{region}} p${share * 100}`,
            ),
          ),
        },
        {
          title: "Time between frames of a partition",
          about: "Median and 99th percentile. A second: nothing was measured.",
          kind: "lines",
          unit: "s",
          width: 8,
          queries: [0.5, 0.99].map((share) =>
            prometheus(
              `histogram_quantile(${share}, sum by (region, le) (rate(skerry_gateway_frame_spacing_seconds_bucket{region=~"$region"}[$__rate_interval])))`,
              `{{region}} p${share * 100}`,
            ),
          ),
        },
      ],
    },
    {
      title: "Commands",
      panels: [
        {
          title: "Open",
          about: "Sent to devices and not answered yet.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region) (skerry_gateway_commands_open{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Replies, and commands refused",
          about: "Refused: too many were open.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(rate("skerry_gateway_replies_total"), "{{region}} replies"),
            prometheus(rate("skerry_gateway_commands_refused_total"), "{{region}} refused"),
          ],
        },
      ],
    },
  ],
};
