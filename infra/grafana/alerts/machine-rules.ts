import type { AlertRule } from "./rule.ts";

/** Alerts about processes and servers, and about the way to people; pure data. */
export const MACHINE_RULES: readonly AlertRule[] = [
  {
    name: "SkerryProcessDown",
    measure: "up",
    when: "== 0",
    lasting: "1m",
    severity: "critical",
    summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer.",
  },
  {
    name: "SkerryProcessRestarts",
    measure: "resets(skerry_process_uptime_seconds[15m])",
    when: "> 3",
    lasting: "0m",
    severity: "warning",
    summary:
      "{{ $labels.process }} of {{ $labels.region }} has ended {{ $value }} times in 15 min.",
  },
  {
    name: "SkerryEventLoopSlow",
    measure: "skerry_process_event_loop_delay_p99_seconds",
    when: "> 0.5",
    lasting: "5m",
    severity: "warning",
    summary: "{{ $labels.process }} of {{ $labels.region }} has more to do than its core can.",
  },
  {
    name: "SkerryNatsDown",
    measure: "skerry_nats_up",
    when: "== 0",
    lasting: "1m",
    severity: "critical",
    summary: "The nats-server of {{ $labels.region }} does not answer.",
  },
  {
    name: "SkerryNatsDiskNearlyFull",
    measure: "skerry_nats_store_bytes / skerry_nats_store_limit_bytes",
    when: "> 0.85",
    lasting: "5m",
    severity: "critical",
    summary:
      "JetStream of {{ $labels.region }} uses {{ $value | humanizePercentage }} of the disk that it may have.",
  },
  {
    name: "SkerryDiskFullSoon",
    measure: "skerry_forecast_full_in_seconds",
    when: "< 604800",
    lasting: "10m",
    severity: "warning",
    summary:
      "Volume {{ $labels.volume }} of {{ $labels.domain }} is full in {{ $value | humanizeDuration }}.",
  },
  {
    name: "SkerryNatsSlowConsumer",
    measure: "increase(skerry_nats_slow_consumers_total[15m])",
    when: "> 0",
    lasting: "0m",
    severity: "warning",
    summary:
      "The nats-server of {{ $labels.region }} closed a client that did not read fast enough.",
  },
  {
    name: "SkerryScheduledWorkFails",
    measure: "skerry_steward_job_failed",
    when: "== 1",
    lasting: "10m",
    severity: "warning",
    summary: "The steward's work {{ $labels.job_name }} fails.",
  },
  {
    name: "SkerryClientIdsContested",
    measure: "sum by (region) (skerry_gateway_client_ids_contested)",
    when: "> 0",
    lasting: "5m",
    severity: "warning",
    summary: "Clients of {{ $labels.region }} take connections from each other all the time.",
  },
  {
    name: "SkerryRuleDisabled",
    measure: "sum by (region) (skerry_alerting_rules_disabled)",
    when: "> 0",
    lasting: "0m",
    severity: "critical",
    summary: "{{ $value }} rules of {{ $labels.region }} were too slow and are not evaluated.",
  },
  {
    name: "SkerryEvaluationsFail",
    measure: "sum by (region) (increase(skerry_alerting_evaluations_failed_total[15m]))",
    when: "> 0",
    lasting: "0m",
    severity: "warning",
    summary: "A rule of {{ $labels.region }} fails for some readings, and says nothing about them.",
  },
  {
    name: "SkerryNotificationsGivenUp",
    measure: "sum by (channel) (increase(skerry_notifier_dead_letters_total[15m]))",
    when: "> 0",
    lasting: "0m",
    severity: "critical",
    summary: "Channel {{ $labels.channel }} gave up telling people of alerts.",
  },
  {
    name: "SkerryNotificationsWait",
    measure: "sum by (channel) (skerry_notifier_alerts_waiting)",
    when: "> 0",
    lasting: "10m",
    severity: "warning",
    summary: "Alerts wait in channel {{ $labels.channel }}: its receiver does not take them.",
  },
];
