// Integration tests that say most about a version of nats-server or InfluxDB (pure).

/** Files below test/integration, without their ending. */
export const SUITE: readonly string[] = [
  // What is stored, where, and in which order it comes back.
  ...["topology", "half-made-topology", "stored", "stream-reader", "stream-publisher", "leases"],
  ...["trimmer", "lane-origin", "live-lane", "stopped-copy", "mirrors-moved", "growth"],
  // Walls.
  ...["permissions", "region-walls", "signed-records", "nats-tls", "nats-tls-rotation"],
  // Nodes and servers that are lost, come back, or come back older.
  ...["nats-outages", "hub-cluster", "region-cluster", "cluster-quorum", "backup", "rollback"],
  ...["hub-rollback", "region-rollback", "region-restore", "region-wiped", "reconciliation"],
  // The path of readings, alerts and commands.
  ...["gateway", "aggregator", "alerting", "alerting-rollback", "commands", "notifier", "link"],
  ...["ledger", "ledger-rollback", "repair", "rejects", "series", "long-rollups", "cli-refill"],
  ...["influx-walls", "influx-retention", "upgrade-mixed"],
];
