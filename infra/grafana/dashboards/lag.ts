import { type Dashboard, REGION, prometheus } from "../model.ts";

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
        {
          title: "Lanes that are stuck",
          about:
            "A lane that does not move although there is something to read. The console says why.",
          kind: "now",
          width: 6,
          queries: [
            prometheus(
              'sum(skerry_lane_verdict{region=~"$region", verdict="stuck"}) or vector(0)',
              "stuck",
            ),
          ],
          steps: [
            { from: null, color: "green" },
            { from: 1, color: "red" },
          ],
        },
        {
          title: "Lanes that wait for the WAN",
          about: "Their region works on its own; they catch up once its link is back.",
          kind: "now",
          width: 6,
          queries: [
            prometheus(
              'sum(skerry_lane_verdict{region=~"$region", verdict="waiting_for_wan"}) or vector(0)',
              "waiting",
            ),
          ],
          steps: [
            { from: null, color: "green" },
            { from: 1, color: "yellow" },
          ],
        },
        {
          title: "Lanes by verdict",
          about:
            "ok, catching up, waiting for the WAN, stuck: each lane of each reader is in one of them.",
          kind: "areas",
          queries: [
            prometheus('sum by (verdict) (skerry_lane_verdict{region=~"$region"})', "{{verdict}}"),
          ],
        },
        {
          title: "Frames behind",
          about:
            "Frames in the log that a reader has not done with; up to a second's frames are normal.",
          kind: "lines",
          queries: [
            prometheus(
              'max by (region, operator) (skerry_lane_lag_frames{region=~"$region"})',
              "{{region}} {{operator}}",
            ),
          ],
        },
        {
          title: "Time behind",
          about: "Age of the oldest frame that a reader has not done with.",
          kind: "lines",
          unit: "s",
          queries: [
            prometheus(
              'max by (region, operator) (skerry_lane_lag_seconds{region=~"$region"})',
              "{{region}} {{operator}}",
            ),
          ],
        },
      ],
    },
    {
      title: "Links",
      panels: [
        {
          title: "Regions connected to the hub",
          about: "Leaf nodes at the hub's nats-server.",
          kind: "lines",
          queries: [prometheus('skerry_nats_leaf_nodes{region="hub"}', "leaf nodes")],
        },
        {
          title: "Silence of the mirrors",
          about:
            "Time since the hub's copy heard of its region. Gateways write each second: more than 10 s is an outage.",
          kind: "lines",
          unit: "s",
          queries: [
            prometheus(
              'skerry_nats_stream_mirror_silence_seconds{region="hub", stream=~"TELEMETRY_.*"}',
              "{{stream}}",
            ),
          ],
        },
        {
          title: "Messages that mirrors lack",
          about: "As far as the hub heard before the link was cut.",
          kind: "lines",
          queries: [
            prometheus(
              'skerry_nats_stream_mirror_lag{region="hub", stream=~"TELEMETRY_.*"}',
              "{{stream}}",
            ),
          ],
        },
        {
          title: "Copies at the hub, as the steward saw them",
          about: "Last sequence of each region's log that the hub holds.",
          kind: "lines",
          queries: [prometheus("skerry_steward_copy_done", "{{region}}")],
        },
      ],
    },
    {
      title: "Aggregators",
      panels: [
        {
          title: "Positions",
          about:
            "Frames a second that each lane has done with. 0 while its region writes: it stands still.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              'deriv(skerry_aggregator_lane_done{region=~"$region"}[1m])',
              "{{region}}/{{partition}}",
            ),
          ],
        },
        {
          title: "Age of the watermarks",
          about:
            "Windows that ended before are final. It is the lateness that is waited for, and the lag.",
          kind: "lines",
          unit: "s",
          queries: [
            prometheus(
              'time() - skerry_aggregator_lane_watermark_timestamp_seconds{region=~"$region"}',
              "{{region}}/{{partition}}",
            ),
          ],
        },
        {
          title: "Lanes that stopped for a reason",
          about: "The reason is in the aggregator's status, and in the console.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region) (skerry_aggregator_lane_stopped{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "The store refuses",
          about:
            "1: the store is away or refuses, and nothing is stored. The logs keep everything meanwhile.",
          kind: "lines",
          queries: [prometheus("max(skerry_aggregator_sink_refusing)", "refuses")],
        },
        {
          title: "Repairs that wait",
          about: "Minutes of keys whose rollups late readings changed.",
          kind: "lines",
          queries: [prometheus("sum(skerry_aggregator_repairs_waiting)", "minutes")],
        },
        {
          title: "Scheduled work that failed",
          about: "Of the steward: care for copies and rejects, comparison of log and store.",
          kind: "lines",
          queries: [prometheus("skerry_steward_job_failed", "{{job_name}}")],
        },
      ],
    },
  ],
};
