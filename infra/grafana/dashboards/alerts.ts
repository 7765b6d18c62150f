import { type Dashboard, REGION, ZERO_IS_GOOD, prometheus } from "../model.ts";

const rate = (metric: string): string =>
  `sum by (region) (rate(${metric}{region=~"$region"}[$__rate_interval]))`;

/** Rules, alerts and their way to people; pure data. */
export const ALERTS: Dashboard = {
  name: "alerts",
  title: "Skerry: alerts",
  about: "Whether rules are evaluated, what they raise, and whether people are told.",
  variables: [REGION],
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "Open",
          about: "Alerts that are not resolved.",
          kind: "now",
          width: 6,
          queries: [
            prometheus(
              'sum by (region) (skerry_alerting_alerts_open{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Pending",
          about: "Conditions that hold, but not yet for long enough.",
          kind: "now",
          width: 6,
          queries: [
            prometheus(
              'sum by (region) (skerry_alerting_pending{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Rules that were too slow",
          about: "They are not evaluated any more. Zero is right.",
          kind: "now",
          width: 6,
          queries: [prometheus('sum(skerry_alerting_rules_disabled{region=~"$region"})', "rules")],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Given up",
          about: "Notifications that no try got through. They are kept, and can be sent again.",
          kind: "now",
          width: 6,
          queries: [prometheus("sum(skerry_notifier_dead_letters_total)", "given up")],
          steps: ZERO_IS_GOOD,
        },
      ],
    },
    {
      title: "Rules",
      panels: [
        {
          title: "Open alerts",
          about: "By region.",
          kind: "areas",
          queries: [
            prometheus(
              'sum by (region) (skerry_alerting_alerts_open{region=~"$region"})',
              "{{region}}",
            ),
          ],
        },
        {
          title: "Raised",
          about: "Alerts a second.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_alerting_alerts_raised_total"), "{{region}}")],
        },
        {
          title: "Readings that came late",
          about: "They raise late alerts: what was, not what is.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_alerting_readings_late_total"), "{{region}}")],
        },
        {
          title: "Readings not evaluated",
          about: "Repeats, which were evaluated before, and keys that a rule had no room for.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(rate("skerry_alerting_readings_repeated_total"), "{{region}} repeats"),
            prometheus(rate("skerry_alerting_readings_unevaluated_total"), "{{region}} no room"),
          ],
        },
        {
          title: "Evaluations that failed",
          about: "They say nothing about their reading. An alert rule_error names rule and key.",
          kind: "lines",
          unit: "cps",
          queries: [prometheus(rate("skerry_alerting_evaluations_failed_total"), "{{region}}")],
        },
        {
          title: "Records set aside",
          about: "What a process could not handle and kept.",
          kind: "lines",
          queries: [
            prometheus("skerry_alerting_set_aside_total", "alerting {{region}}"),
            prometheus("skerry_gateway_set_aside_total", "gateway {{region}}"),
            prometheus("skerry_aggregator_set_aside_total", "aggregator"),
          ],
        },
      ],
    },
    {
      title: "People",
      panels: [
        {
          title: "Messages that channels took",
          about: "Of the notifiers, a second.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              "sum by (channel) (rate(skerry_notifier_messages_total[$__rate_interval]))",
              "{{channel}}",
            ),
          ],
        },
        {
          title: "Alerts that wait to be told",
          about: "It falls within seconds unless a channel's receiver is away.",
          kind: "lines",
          queries: [prometheus("sum by (channel) (skerry_notifier_alerts_waiting)", "{{channel}}")],
        },
        {
          title: "Given up",
          about: "Notifications that no try got through.",
          kind: "lines",
          queries: [
            prometheus("sum by (channel) (skerry_notifier_dead_letters_total)", "{{channel}}"),
          ],
        },
        {
          title: "Too old to be told",
          about: "Alerts that were old when the notifier saw them first.",
          kind: "lines",
          queries: [
            prometheus("sum by (channel) (skerry_notifier_alerts_skipped_total)", "{{channel}}"),
          ],
        },
      ],
    },
  ],
};
