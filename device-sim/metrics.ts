import type { SimulatorStatus } from "../contracts/messages/status.ts";
import type { MetricSpec } from "../otel/metrics.ts";

/** Metrics of a simulator; their label `region` is the region of the devices. */
export const simulatorMetricSpecs = (status: () => SimulatorStatus): MetricSpec[] => {
  const byRegion = (key: "acknowledged" | "connected") => () =>
    Object.fromEntries(Object.entries(status().regions).map(([region, of]) => [region, of[key]]));
  const label = "region";
  return [
    {
      name: "skerry.simulator.readings",
      kind: "counter",
      unit: "{reading}",
      doc: "readings that gateways have acknowledged",
      label,
      read: byRegion("acknowledged"),
    },
    {
      name: "skerry.simulator.devices.connected",
      kind: "gauge",
      unit: "{device}",
      doc: "devices that are connected",
      label,
      read: byRegion("connected"),
    },
    {
      name: "skerry.simulator.readings.unacknowledged",
      kind: "gauge",
      unit: "{reading}",
      doc: "readings that were sent and not acknowledged yet",
      read: () => status().inFlight,
    },
  ];
};
