import { type Dashboard, REGION, ZERO_IS_GOOD, prometheus } from "../model.ts";
import { areas, lines, now, perSecond } from "../panels.ts";
import { rateBy, sumBy, sumOf } from "../promql.ts";

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
        now(
          "Open",
          "Alerts that are not resolved.",
          [prometheus(sumBy("region", "skerry_alerting_alerts_open"), "{{region}}")],
          { width: 6 },
        ),
        now(
          "Pending",
          "Conditions that hold, but not yet for long enough.",
          [prometheus(sumBy("region", "skerry_alerting_pending"), "{{region}}")],
          { width: 6 },
        ),
        now(
          "Rules that were too slow",
          "They are not evaluated any more. Zero is right.",
          [prometheus(sumOf("skerry_alerting_rules_disabled"), "rules")],
          { width: 6, steps: ZERO_IS_GOOD },
        ),
        now(
          "Given up",
          "Notifications that no try got through. They are kept, and can be sent again.",
          [prometheus("sum(skerry_notifier_dead_letters_total)", "given up")],
          { width: 6, steps: ZERO_IS_GOOD },
        ),
      ],
    },
    {
      title: "Rules",
      panels: [
        areas("Open alerts", "By region.", [
          prometheus(sumBy("region", "skerry_alerting_alerts_open"), "{{region}}"),
        ]),
        perSecond("Raised", "Alerts a second.", [
          prometheus(rateBy("region", "skerry_alerting_alerts_raised_total"), "{{region}}"),
        ]),
        perSecond("Readings that came late", "They raise late alerts: what was, not what is.", [
          prometheus(rateBy("region", "skerry_alerting_readings_late_total"), "{{region}}"),
        ]),
        perSecond(
          "Readings not evaluated",
          "Repeats, which were evaluated before, and keys that a rule had no room for.",
          [
            prometheus(
              rateBy("region", "skerry_alerting_readings_repeated_total"),
              "{{region}} repeats",
            ),
            prometheus(
              rateBy("region", "skerry_alerting_readings_unevaluated_total"),
              "{{region}} no room",
            ),
          ],
        ),
        perSecond(
          "Evaluations that failed",
          "They say nothing about their reading. An alert rule_error names rule and key.",
          [prometheus(rateBy("region", "skerry_alerting_evaluations_failed_total"), "{{region}}")],
        ),
        lines("Records set aside", "What a process could not handle and kept.", [
          prometheus("skerry_alerting_set_aside_total", "alerting {{region}}"),
          prometheus("skerry_gateway_set_aside_total", "gateway {{region}}"),
          prometheus("skerry_aggregator_set_aside_total", "aggregator"),
        ]),
      ],
    },
    {
      title: "People",
      panels: [
        perSecond("Messages that channels took", "Of the notifiers, a second.", [
          prometheus(
            "sum by (channel) (rate(skerry_notifier_messages_total[$__rate_interval]))",
            "{{channel}}",
          ),
        ]),
        lines(
          "Alerts that wait to be told",
          "It falls within seconds unless a channel's receiver is away.",
          [prometheus("sum by (channel) (skerry_notifier_alerts_waiting)", "{{channel}}")],
        ),
        lines("Given up", "Notifications that no try got through.", [
          prometheus("sum by (channel) (skerry_notifier_dead_letters_total)", "{{channel}}"),
        ]),
        lines("Too old to be told", "Alerts that were old when the notifier saw them first.", [
          prometheus("sum by (channel) (skerry_notifier_alerts_skipped_total)", "{{channel}}"),
        ]),
      ],
    },
  ],
};
