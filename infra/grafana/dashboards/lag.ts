import { type Dashboard, REGION, ZERO_IS_CALM, ZERO_IS_GOOD, prometheus } from "../model.ts";
import { areas, lines, now, perSecond } from "../panels.ts";
import { maxBy, ofRegions, sumBy, sumOf } from "../promql.ts";

/** The lag of each reader of the logs, and whether it will catch up; pure data. */
export const LAG: Dashboard = {
  name: "lag",
  title: "Skerry: lag",
  about: "How far each reader of a region's log is, and what holds it up.",
  variables: [REGION],
  rows: [
    {
      title: "Verdicts",
      panels: [
        now(
          "Lanes that are stuck",
          "A lane that does not move although there is something to read. The console says why.",
          [prometheus(`${sumOf("skerry_lane_verdict", 'verdict="stuck"')} or vector(0)`, "stuck")],
          {
            width: 6,
            steps: ZERO_IS_GOOD,
          },
        ),
        now(
          "Lanes that wait for the WAN",
          "Their region works on its own; they catch up once its link is back.",
          [
            prometheus(
              `${sumOf("skerry_lane_verdict", 'verdict="waiting_for_wan"')} or vector(0)`,
              "waiting",
            ),
          ],
          {
            width: 6,
            steps: ZERO_IS_CALM,
          },
        ),
        areas(
          "Lanes by verdict",
          "ok, catching up, standing, waiting for the WAN, stuck: each lane of each reader is in one of them.",
          [prometheus(sumBy("verdict", "skerry_lane_verdict"), "{{verdict}}")],
        ),
        lines(
          "Frames behind",
          "Frames in the log that a reader has not done with; up to a second's frames are normal.",
          [
            prometheus(
              maxBy("region, operator", "skerry_lane_lag_frames"),
              "{{region}} {{operator}}",
            ),
          ],
        ),
        lines(
          "Time behind",
          "Age of the oldest frame that a reader has not done with.",
          [
            prometheus(
              maxBy("region, operator", "skerry_lane_lag_seconds"),
              "{{region}} {{operator}}",
            ),
          ],
          { unit: "s" },
        ),
      ],
    },
    {
      title: "Links",
      panels: [
        lines("Regions connected to the hub", "Leaf nodes at the hub's nats-server.", [
          prometheus('skerry_nats_leaf_nodes{region="hub"}', "leaf nodes"),
        ]),
        lines(
          "Silence of the mirrors",
          "Time since the hub's copy heard of its region. Gateways write each second: more than 10 s is an outage.",
          [
            prometheus(
              'skerry_nats_stream_mirror_silence_seconds{region="hub", stream=~"TELEMETRY_.*"}',
              "{{stream}}",
            ),
          ],
          { unit: "s" },
        ),
        lines("Messages that mirrors lack", "As far as the hub heard before the link was cut.", [
          prometheus(
            'skerry_nats_stream_mirror_lag{region="hub", stream=~"TELEMETRY_.*"}',
            "{{stream}}",
          ),
        ]),
        lines(
          "Copies at the hub, as the steward saw them",
          "Last sequence of each region's log that the hub holds.",
          [prometheus("skerry_steward_copy_done", "{{region}}")],
        ),
      ],
    },
    {
      title: "Aggregators",
      panels: [
        perSecond(
          "Positions",
          "Frames a second that each lane has done with. 0 while its region writes: it stands still.",
          [
            prometheus(
              `deriv(${ofRegions("skerry_aggregator_lane_done")}[1m])`,
              "{{region}}/{{partition}}",
            ),
          ],
        ),
        lines(
          "Age of the watermarks",
          "Windows that ended before are final. It is the lateness that is waited for, and the lag.",
          [
            prometheus(
              `time() - ${ofRegions("skerry_aggregator_lane_watermark_timestamp_seconds")}`,
              "{{region}}/{{partition}}",
            ),
          ],
          { unit: "s" },
        ),
        lines(
          "Lanes that stopped for a reason",
          "The reason is in the aggregator's status, and in the console.",
          [prometheus(sumBy("region", "skerry_aggregator_lane_stopped"), "{{region}}")],
        ),
        lines(
          "The store refuses",
          "1: the store is away or refuses, and nothing is stored. The logs keep everything meanwhile.",
          [prometheus("max(skerry_aggregator_sink_refusing)", "refuses")],
        ),
        lines("Repairs that wait", "Minutes of keys whose rollups late readings changed.", [
          prometheus("sum(skerry_aggregator_repairs_waiting)", "minutes"),
        ]),
        lines(
          "Scheduled work that failed",
          "Of the steward: care for copies and rejects, comparison of log and store.",
          [prometheus("skerry_steward_job_failed", "{{job_name}}")],
        ),
      ],
    },
  ],
};
