// What each process answers on `GET /status`: the supervisor's panel and the final report read it.
import type { HubCopy } from "./copy.ts";

export interface GatewayStatus {
  readonly process: "gateway";
  readonly region: string;
  /** Since the process started. */
  readonly readingsStored: number;
  readonly rejectsStored: number;
  readonly connections: number;
  /** Publishes received and not yet acknowledged. */
  readonly held: number;
  /** QoS 0 publishes dropped under pressure. */
  readonly qos0Dropped: number;
  /** Connections made and lost that could not be written to the log, which was behind. */
  readonly presenceDropped: number;
  /** `refusing`: the log refuses or is away, so nothing is acknowledged; `detail` says why. */
  readonly log: { readonly state: "ok" | "refusing"; readonly detail: string };
  readonly commands: {
    /** Sent to devices and not answered yet. */
    readonly open: number;
    /** Not sent, because too many were open; since the start. */
    readonly refused: number;
    readonly repliesStored: number;
  };
}

export interface AlertingStatus {
  readonly process: "alerting";
  readonly region: string;
  /** Those that count now. */
  readonly rules: readonly { readonly id: string; readonly version: number }[];
  /** Rules that wait for a contract, each with what it lacks. */
  readonly rulesWaiting: readonly string[];
  /** Why a rule is not evaluated any more, by its id. */
  readonly rulesDisabled: Readonly<Record<string, string>>;
  /** Readings since the start: too late to be evaluated; sent again; of keys that a rule had no room for. */
  readonly late: number;
  readonly repeated: number;
  readonly unevaluated: number;
  /** Keys for which a condition holds, but not yet for long enough. */
  readonly pending: number;
  readonly openAlerts: number;
  readonly raised: number;
  readonly cleared: number;
  /** Since the start. */
  readonly losses: readonly LaneLoss[];
  readonly lanes: readonly LaneStatus[];
}

export interface LaneStatus {
  readonly region: string;
  readonly partition: number;
  /** Every effect of frames up to this sequence is durable. */
  readonly doneSeq: number;
  readonly watermarkMs: number;
  /** Why the lane stands still, or null. */
  readonly stoppedBy: string | null;
}

/** How many of its losses a process remembers for its status page; all are logged. */
export const LOSSES_KEPT = 100;

/** Acknowledged frames that exist nowhere any more: a region's store was rolled back. */
export interface LaneLoss {
  readonly region: string;
  readonly partition: number;
  /** Gateway, epoch, frames. */
  readonly what: string;
  /** Null where it is not known. */
  readonly readings: number | null;
  /** They were stored between these times, epoch ms. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** How often devices began to count anew, since the start. */
export interface SequenceRestartCounts {
  readonly total: number;
  /** The devices that did so last. */
  readonly devices: Readonly<Record<string, number>>;
}

export interface AggregatorStatus {
  readonly process: "aggregator";
  readonly readingsStored: number;
  readonly lateReadings: number;
  readonly sequenceRestarts: SequenceRestartCounts;
  /** Minutes of series whose rollups wait to be recomputed, because of late readings. */
  readonly repairsWaiting: number;
  /** Finals written again with other values, since the start. */
  readonly rollupsRevised: number;
  /** Since the start, newest last. */
  readonly losses: readonly LaneLoss[];
  readonly lanes: readonly LaneStatus[];
  /**
   * Device clock to InfluxDB acknowledgement in ms, over all readings since the start, per region:
   * an HdrHistogram in its compressed V2 encoding (base64), so that histograms can be added up.
   */
  readonly latencyMs: Readonly<Record<string, string>>;
  readonly influx: { readonly state: "ok" | "refusing"; readonly detail: string };
}

export interface StewardStatus {
  readonly process: "steward";
  /** Scheduled work by name: when it last ran, epoch ms, and why it failed, or null. */
  readonly jobs: Readonly<
    Record<string, { readonly lastRunMs: number; readonly error: string | null }>
  >;
  /** By region. */
  readonly copies: Readonly<Record<string, HubCopy>>;
}

export interface NotifierStatus {
  readonly process: "notifier";
  readonly place: "hub" | "region";
  /** One for each channel and region; they do not wait for each other. */
  readonly channels: readonly NotifierChannelStatus[];
}

export interface NotifierChannelStatus {
  readonly channel: string;
  readonly region: string;
  /** Alerts up to this sequence are told, dead letters, or none of this channel's. */
  readonly doneSeq: number;
  /** Messages, since the start. */
  readonly sent: number;
  /** Alerts that are read and not told yet. */
  readonly waiting: number;
  /** Messages given up, since the start. */
  readonly deadLetters: number;
  /** Alerts that were too old when they were first seen, since the start. */
  readonly skipped: number;
  /** Why the last attempt failed, or null if it did not. */
  readonly lastError: string | null;
}

export interface SimulatorStatus {
  readonly process: "simulator";
  readonly acknowledged: number;
  readonly inFlight: number;
  readonly regions: Readonly<Record<string, { acknowledged: number; connected: number }>>;
}

export type ProcessStatus =
  | GatewayStatus
  | AlertingStatus
  | AggregatorStatus
  | StewardStatus
  | NotifierStatus
  | SimulatorStatus;
