import type { AlertingStatus } from "../../contracts/messages/status.ts";
import type { MetricSpec } from "../../otel/metrics.ts";

/** Metrics of an alerting engine. */
export const alertingMetricSpecs = (status: () => AlertingStatus): MetricSpec[] => [
  {
    name: "skerry.alerting.alerts.raised",
    kind: "counter",
    unit: "{alert}",
    doc: "alerts raised since the start",
    read: () => status().raised,
  },
  {
    name: "skerry.alerting.alerts.open",
    kind: "gauge",
    unit: "{alert}",
    doc: "alerts that are not resolved",
    read: () => status().openAlerts,
  },
  {
    name: "skerry.alerting.pending",
    kind: "gauge",
    unit: "{alert}",
    doc: "conditions that hold, but not yet for long enough",
    read: () => status().pending,
  },
  {
    name: "skerry.alerting.readings.late",
    kind: "counter",
    unit: "{reading}",
    doc: "readings that came late and were evaluated apart",
    read: () => status().late,
  },
  {
    name: "skerry.alerting.readings.repeated",
    kind: "counter",
    unit: "{reading}",
    doc: "readings not evaluated, because they were evaluated before",
    read: () => status().repeated,
  },
  {
    name: "skerry.alerting.readings.unevaluated",
    kind: "counter",
    unit: "{reading}",
    doc: "readings of keys that a rule had no room for",
    read: () => status().unevaluated,
  },
  {
    name: "skerry.alerting.set.aside",
    kind: "counter",
    unit: "{record}",
    doc: "records that could not be handled and are kept",
    read: () => status().setAside,
  },
  {
    name: "skerry.alerting.evaluations",
    kind: "counter",
    unit: "{evaluation}",
    doc: "readings that a rule was asked about, since it began or the engine was started",
    label: "rule",
    read: () =>
      Object.fromEntries(status().rules.map(({ id, counts }) => [id, counts?.evaluations ?? 0])),
  },
  {
    name: "skerry.alerting.evaluations.failed",
    kind: "counter",
    unit: "{evaluation}",
    doc: "evaluations of a rule that threw; they say nothing about their reading",
    read: () => status().failed,
  },
  {
    name: "skerry.alerting.rules.disabled",
    kind: "gauge",
    unit: "{rule}",
    doc: "rules that were too slow",
    read: () => Object.keys(status().rulesDisabled).length,
  },
];
