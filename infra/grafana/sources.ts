// The data sources that dashboards ask, by uids that do not change; pure.

/** `internal` is InfluxDB's database about itself. */
export type SourceName = "influxdb" | "internal" | "prometheus";

export interface Source {
  readonly uid: string;
  readonly name: string;
  readonly type: "influxdb" | "prometheus";
  /** Absent in Prometheus, which has none. */
  readonly database?: string;
}

export const SOURCES: Readonly<Record<SourceName, Source>> = {
  influxdb: {
    uid: "skerry-influxdb",
    name: "Skerry InfluxDB",
    type: "influxdb",
    database: "skerry",
  },
  internal: {
    uid: "skerry-influxdb-internal",
    name: "Skerry InfluxDB, of itself",
    type: "influxdb",
    database: "_internal",
  },
  prometheus: { uid: "skerry-prometheus", name: "Skerry Prometheus", type: "prometheus" },
};

/** The reference to a source in a dashboard. */
export const sourceReference = (name: SourceName): { type: string; uid: string } => ({
  type: SOURCES[name].type,
  uid: SOURCES[name].uid,
});
