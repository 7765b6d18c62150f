// The latency of readings by hop, as statuses tell it.

/** The hops of a reading, in their order, and all of them together. Each begins where the one before ends. */
export const LATENCY_HOPS = [
  /** Device clock, its skew taken out, to the gateway. */
  "device_to_gateway",
  /** Gateway to the region's log. */
  "gateway_to_log",
  /** Region's log to the hub's copy: the WAN. */
  "log_to_hub",
  /** Hub's copy to the aggregator. */
  "hub_to_aggregator",
  /** Aggregator to the acknowledgement of the store. */
  "aggregator_to_store",
  /** Device clock, its skew taken out, to the acknowledgement of the store. */
  "total",
] as const;
export type LatencyHop = (typeof LATENCY_HOPS)[number];

/** Latencies of the last half minute to minute, ms. */
export interface RecentLatency {
  readonly readings: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The last of these readings was stored then, epoch ms: it is as of then. Absent from an older program. */
  readonly atMs?: number;
}

/** The last canary of one gateway in one lane that the store has acknowledged. */
export interface CanaryStatus {
  readonly region: string;
  readonly partition: number;
  readonly gateway: string;
  /** The gateway asked for it then, epoch ms of its clock. */
  readonly sentMs: number;
  /** The store acknowledged it then, epoch ms. */
  readonly storedMs: number;
  /** Time of each hop, ms; without one that cannot be told apart. */
  readonly hopsMs: Readonly<Partial<Record<LatencyHop, number>>>;
}

/** Devices whose clock is off. */
export interface SkewStatus {
  /** Counts by region, of devices that are remembered. */
  readonly devices: Readonly<Record<string, number>>;
  /** The farthest off; positive: the device's clock is behind. */
  readonly most: readonly {
    readonly region: string;
    readonly device: string;
    readonly skewMs: number;
  }[];
}
