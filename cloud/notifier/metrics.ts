import type { NotifierChannelStatus, NotifierStatus } from "../../contracts/messages/status.ts";
import type { MetricSpec } from "../../otel/metrics.ts";

/** Metrics of a notifier, by channel over all regions. */
export const notifierMetricSpecs = (status: () => NotifierStatus): MetricSpec[] => {
  const byChannel = (read: (of: NotifierChannelStatus) => number) => () => {
    const sums: Record<string, number> = {};
    for (const of of status().channels) sums[of.channel] = (sums[of.channel] ?? 0) + read(of);
    return sums;
  };
  const label = "channel";
  return [
    {
      name: "skerry.notifier.messages",
      kind: "counter",
      unit: "{message}",
      doc: "messages that their channel took",
      read: byChannel(({ sent }) => sent),
      label,
    },
    {
      name: "skerry.notifier.dead_letters",
      kind: "counter",
      unit: "{message}",
      doc: "messages that were given up and stored",
      read: byChannel(({ deadLetters }) => deadLetters),
      label,
    },
    {
      name: "skerry.notifier.alerts.skipped",
      kind: "counter",
      unit: "{alert}",
      doc: "alerts that were too old to be told when they were first seen",
      read: byChannel(({ skipped }) => skipped),
      label,
    },
    {
      name: "skerry.notifier.alerts.waiting",
      kind: "gauge",
      unit: "{alert}",
      doc: "alerts that are read and not told yet",
      read: byChannel(({ waiting }) => waiting),
      label,
    },
  ];
};
