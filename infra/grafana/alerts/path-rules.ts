import type { AlertRule } from "./rule.ts";

/** Alerts about readings and their way from devices to the store; pure data. */
export const PATH_RULES: readonly AlertRule[] = [
  {
    name: "SkerryLogRefuses",
    measure: "max by (region) (skerry_gateway_log_refusing)",
    when: "== 1",
    lasting: "1m",
    severity: "critical",
    summary: "The log of {{ $labels.region }} is full or away: devices are not acknowledged.",
  },
  {
    name: "SkerryLogNearlyFull",
    measure: "max by (region) (skerry_gateway_log_size_bytes / skerry_gateway_log_limit_bytes)",
    when: "> 0.8",
    lasting: "5m",
    severity: "warning",
    summary:
      "The log of {{ $labels.region }} is {{ $value | humanizePercentage }} full; at 100% its gateways acknowledge nothing.",
  },
  {
    name: "SkerryStoreRefuses",
    measure: "max(skerry_aggregator_sink_refusing)",
    when: "== 1",
    lasting: "2m",
    severity: "critical",
    summary: "The store is away or refuses: nothing is stored, the logs keep it meanwhile.",
  },
  {
    name: "SkerryLaneStuck",
    measure: 'max by (region, partition, operator) (skerry_lane_verdict{verdict="stuck"})',
    when: "== 1",
    lasting: "1m",
    severity: "critical",
    summary:
      "{{ $labels.operator }} does not move in lane {{ $labels.region }}/{{ $labels.partition }}.",
  },
  {
    name: "SkerryLaneStopped",
    measure: "max by (region, partition) (skerry_aggregator_lane_stopped)",
    when: "== 1",
    lasting: "2m",
    severity: "critical",
    summary: "Lane {{ $labels.region }}/{{ $labels.partition }} stands still for a named reason.",
  },
  {
    name: "SkerryWanDown",
    measure:
      'max by (stream) (skerry_nats_stream_mirror_silence_seconds{region="hub", stream=~"TELEMETRY_.*"})',
    when: "> 30",
    lasting: "1m",
    severity: "warning",
    summary:
      "The hub has heard nothing of {{ $labels.stream }} for {{ $value | humanizeDuration }}: its region works alone.",
  },
  {
    name: "SkerryLedgerOpen",
    measure: 'abs(sum by (region, contract) (skerry_ledger_readings{term="open"}))',
    when: "> 0",
    lasting: "1m",
    severity: "critical",
    summary:
      "{{ $value }} readings of {{ $labels.region }}, contract {{ $labels.contract }}, are unaccounted for.",
  },
  {
    name: "SkerryHubFenced",
    measure: "max(skerry_hub_fenced)",
    when: "== 1",
    lasting: "0m",
    severity: "critical",
    summary:
      "The hub's store is older than what a region has seen of it: no changes until it is recovered.",
  },
  {
    name: "SkerryRegionWentBack",
    measure: "max by (region) (skerry_region_went_back)",
    when: "== 1",
    lasting: "1m",
    severity: "critical",
    summary:
      "The store of {{ $labels.region }} is older than the hub's copies of it, and has not gone on behind them.",
  },
  {
    name: "SkerryReadingsLost",
    measure: 'sum by (region) (delta(skerry_ledger_readings{term="lost"}[15m]))',
    when: "> 0",
    lasting: "0m",
    severity: "critical",
    summary: "{{ $value }} acknowledged readings of {{ $labels.region }} are gone.",
  },
  {
    name: "SkerryLatencyHigh",
    measure:
      'histogram_quantile(0.99, sum by (region, le) (rate(skerry_latency_seconds_bucket{hop="total", outage="false"}[5m])))',
    when: "> 5",
    lasting: "10m",
    severity: "warning",
    summary:
      "One of a hundred readings of {{ $labels.region }} takes {{ $value | humanizeDuration }} or longer to the store.",
  },
  {
    name: "SkerryCanaryMissing",
    measure: "min by (region, partition) (skerry_canary_age_seconds)",
    when: "> 60",
    lasting: "1m",
    severity: "critical",
    summary:
      "No canary of {{ $labels.region }} has come to the store for {{ $value | humanizeDuration }}.",
  },
  {
    name: "SkerryManyRefused",
    measure:
      "sum by (region) (rate(skerry_gateway_rejects_total[5m])) / " +
      "(sum by (region) (rate(skerry_gateway_rejects_total[5m])) + sum by (region) (rate(skerry_gateway_readings_total[5m])))",
    when: "> 0.05",
    lasting: "10m",
    severity: "warning",
    summary:
      "{{ $value | humanizePercentage }} of what devices of {{ $labels.region }} publish is refused.",
  },
  {
    name: "SkerryRejectsGone",
    measure: "sum by (region) (skerry_gateway_rejects_dropped)",
    when: "> 0",
    lasting: "1m",
    severity: "warning",
    summary: "{{ $value }} rejects of {{ $labels.region }} are gone that nobody had replayed.",
  },
  {
    name: "SkerryRecordsSetAside",
    measure:
      'sum by (job, region) (increase({__name__=~"skerry_(gateway|alerting|aggregator)_set_aside_total"}[15m]))',
    when: "> 0",
    lasting: "0m",
    severity: "warning",
    summary: "A process of {{ $labels.region }} met records that it cannot handle, and kept them.",
  },
];
