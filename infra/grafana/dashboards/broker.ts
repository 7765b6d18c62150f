import { type Dashboard, REGION, ZERO_IS_GOOD, prometheus } from "../model.ts";
import { areas, lines, now, perSecond } from "../panels.ts";
import { maxBy, ofRegions, quantileBy, rateBy, sumBy, sumOf } from "../promql.ts";

/** Frames without readings; Prometheus writes the bound with a point if it asked for OpenMetrics. */
const EMPTY = 'le=~"0([.]0)?"';

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
        now(
          "The log refuses",
          "The region's log is full or away: nothing is acknowledged, devices hold what they have.",
          [prometheus(maxBy("region", "skerry_gateway_log_refusing"), "{{region}}")],
          { width: 6, words: { "0": "takes", "1": "refuses" }, steps: ZERO_IS_GOOD },
        ),
        now(
          "Client ids that clients fight over",
          "Two devices with one id take the connection from each other all the time.",
          [prometheus(sumOf("skerry_gateway_client_ids_contested"), "ids")],
          { width: 6, steps: ZERO_IS_GOOD },
        ),
        lines("Connected", "MQTT clients.", [
          prometheus(sumBy("region", "skerry_gateway_connections"), "{{region}}"),
        ]),
        perSecond(
          "Closed by the gateway, by reason",
          "Connections a second. Clients that go away by themselves do not count.",
          [
            prometheus(
              rateBy("region, reason", "skerry_gateway_connections_closed_total"),
              "{{region}} {{reason}}",
            ),
          ],
        ),
        perSecond(
          "Refused to connect, by reason",
          "Wrong passwords, unknown devices, packets that are none.",
          [
            prometheus(
              rateBy("region, reason", "skerry_gateway_connects_refused_total"),
              "{{region}} {{reason}}",
            ),
          ],
        ),
        perSecond("Connections taken over", "Another client came with the same client id.", [
          prometheus(rateBy("region", "skerry_gateway_takeovers_total"), "{{region}}"),
        ]),
        perSecond(
          "Messages not delivered to subscribers, by reason",
          "A queue that was full, a client that reads too slowly.",
          [
            prometheus(
              rateBy("region, reason", "skerry_gateway_deliveries_dropped_total"),
              "{{region}} {{reason}}",
            ),
          ],
        ),
      ],
    },
    {
      title: "Publishes",
      panels: [
        areas(
          "Readings acknowledged",
          "A second, by region.",
          [prometheus(rateBy("region", "skerry_gateway_readings_total"), "{{region}}")],
          { unit: "cps" },
        ),
        perSecond(
          "Publishes received",
          "Whatever became of them: readings, commands, refusals, repeats.",
          [prometheus(rateBy("region", "skerry_gateway_publishes_received_total"), "{{region}}")],
        ),
        lines(
          "How full the log is",
          "Of its bound, as the gateways see it. At 1 it refuses, and nothing is acknowledged.",
          [
            prometheus(
              `max by (region) (${ofRegions("skerry_gateway_log_size_bytes")} / ${ofRegions("skerry_gateway_log_limit_bytes")})`,
              "{{region}}",
            ),
          ],
          { unit: "percentunit" },
        ),
        lines(
          "Publishes held",
          "Received and not yet acknowledged. It rises while the log is slow, and reading from devices stops.",
          [prometheus(sumBy("region", "skerry_gateway_publishes_held"), "{{region}}")],
        ),
        perSecond(
          "Refused and kept",
          "Rejects a second. The console's page of rejects has their reasons.",
          [prometheus(rateBy("region", "skerry_gateway_rejects_total"), "{{region}}")],
        ),
        perSecond(
          "Values that readings do not hold as they were sent",
          "Left out or changed, by what became of them; the readings were taken.",
          [
            prometheus(
              rateBy("region, how", "skerry_gateway_values_noted_total"),
              "{{region}} {{how}}",
            ),
          ],
        ),
        perSecond("Dropped, as QoS 0 and presence allow", "Under pressure.", [
          prometheus(rateBy("region", "skerry_gateway_qos0_dropped_total"), "{{region}} QoS 0"),
          prometheus(
            rateBy("region", "skerry_gateway_presence_dropped_total"),
            "{{region}} presence",
          ),
        ]),
        perSecond(
          "Repeats of bridges",
          "Retained messages that bridges sent again after they connected: no new readings.",
          [prometheus(rateBy("region", "skerry_gateway_bridge_repeats_total"), "{{region}}")],
        ),
      ],
    },
    {
      title: "Sessions and their queues",
      panels: [
        areas(
          "Sessions",
          "Those that outlive their connection: of clients that are there, and of clients that are away.",
          [prometheus(sumBy("region, client", "skerry_gateway_sessions"), "{{region}} {{client}}")],
        ),
        lines(
          "Sessions with something that waits",
          "Their clients are away, or acknowledge slowly.",
          [prometheus(sumBy("region", "skerry_gateway_sessions_waiting"), "{{region}}")],
        ),
        lines(
          "Messages that wait",
          "In all sessions together, those included that are not acknowledged yet.",
          [prometheus(sumBy("region", "skerry_gateway_queues_messages"), "{{region}}")],
        ),
        lines(
          "How full the queues are",
          "All sessions together, and the fullest one, of their bounds. At 1 further messages are dropped, and counted above.",
          [
            prometheus(
              `max by (region) (${ofRegions("skerry_gateway_queues_size_bytes")} / ${ofRegions("skerry_gateway_queues_limit_bytes")})`,
              "{{region}} all",
            ),
            prometheus(maxBy("region", "skerry_gateway_queues_fullest"), "{{region}} the fullest"),
          ],
          { unit: "percentunit" },
        ),
      ],
    },
    {
      title: "Frames",
      panels: [
        lines(
          "Readings of a frame",
          "On average, those without readings left out. More under load: fewer frames to store and to read.",
          [
            prometheus(
              `${rateBy("region", "skerry_gateway_frame_readings_sum")} / ` +
                `(${rateBy("region", "skerry_gateway_frame_readings_count")} - ${rateBy("region", "skerry_gateway_frame_readings_bucket", EMPTY)})`,
              "{{region}}",
            ),
          ],
          { width: 8 },
        ),
        lines(
          "Size of a frame",
          "As it is stored, compressed: median and 99th percentile.",
          [0.5, 0.99].map((share) =>
            prometheus(
              quantileBy(share, "region", "skerry_gateway_frame_size_bytes"),
              `{{region}} p${share * 100}`,
            ),
          ),
          { unit: "bytes", width: 8 },
        ),
        lines(
          "Time between frames of a partition",
          "Median and 99th percentile. A second: nothing was measured.",
          [0.5, 0.99].map((share) =>
            prometheus(
              quantileBy(share, "region", "skerry_gateway_frame_spacing_seconds"),
              `{{region}} p${share * 100}`,
            ),
          ),
          { unit: "s", width: 8 },
        ),
      ],
    },
    {
      title: "Commands",
      panels: [
        lines("Open", "Sent to devices and not answered yet.", [
          prometheus(sumBy("region", "skerry_gateway_commands_open"), "{{region}}"),
        ]),
        perSecond("Replies, and commands refused", "Refused: too many were open.", [
          prometheus(rateBy("region", "skerry_gateway_replies_total"), "{{region}} replies"),
          prometheus(
            rateBy("region", "skerry_gateway_commands_refused_total"),
            "{{region}} refused",
          ),
        ]),
      ],
    },
  ],
};
