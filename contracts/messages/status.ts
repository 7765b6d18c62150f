// What each process answers on `GET /status`: the supervisor's panel and the final report read it.
import type { HubCopy } from "./copy.ts";
import type { CanaryStatus, LatencyHop, RecentLatency, SkewStatus } from "./latency.ts";
import type { LaneSettled, Ledger, TallyReport } from "./ledger.ts";
import type { DroppedRejects } from "./reject.ts";

/** A group that reads the region's log over MQTT, and has members at a gateway. */
export interface LogGroupStatus {
  readonly group: string;
  /** The readings that it wants: `$log/{contract}/{device}`. */
  readonly filter: string;
  readonly members: number;
  /** Null while another gateway of the region reads for it. */
  readonly reading: {
    /** Frames of the log that are not done. */
    readonly lagFrames: number;
    /** The time at which the first of those that were read was stored, epoch ms; null if all are done. */
    readonly oldestMs: number | null;
    /** Readings that were read and are not done. */
    readonly inHand: number;
    /** Frames that retention removed before the group had read them, since it was made. */
    readonly lostFrames: number;
  } | null;
}

export interface GatewayStatus {
  readonly process: "gateway";
  readonly region: string;
  /** Since the process started. */
  readonly readingsStored: number;
  readonly rejectsStored: number;
  /** Rejects of the region that nobody has replayed and that are gone, while rejects are kept. */
  readonly rejectsDropped: {
    readonly total: number;
    /** The most, by device and reason. */
    readonly most: readonly DroppedRejects[];
  };
  /** Connections that ended because another came with their client id, since the start. */
  readonly takeovers: number;
  /** Client ids that clients take from each other all the time now; `takeovers` are those of a minute. */
  readonly contestedClientIds: readonly {
    readonly clientId: string;
    readonly takeovers: number;
    readonly addresses: readonly string[];
  }[];
  readonly connections: number;
  /** Publishes received and not yet acknowledged. */
  readonly held: number;
  /** Clients that were read more slowly in the last half minute, because they send too much; the last first. */
  readonly slowed: readonly SlowedClient[];
  /** A sender of whom suddenly most comes; null while there is none. */
  readonly surge: Surge | null;
  /** QoS 0 publishes dropped under pressure. */
  readonly qos0Dropped: number;
  /** Connections made and lost that could not be written to the log, which was behind. */
  readonly presenceDropped: number;
  /** Messages that bridges repeated from their memory after they connected: no new readings. */
  readonly bridgeRepeats: number;
  /** The same by bridge, since the start, and the sign by which each was taken for one. */
  readonly bridges: readonly {
    readonly name: string;
    readonly knownBy: "connect" | "record" | "client_id";
    readonly repeats: number;
  }[];
  /** `refusing`: the log refuses or is away, so nothing is acknowledged; `detail` says why. */
  readonly log: { readonly state: "ok" | "refusing"; readonly detail: string };
  /** Streams that went back and that it has moved on, with when the hub had found that, epoch ms; absent of earlier versions. */
  readonly wentOn?: Readonly<Record<string, number>>;
  /** The time at which the region's log stored the last canary of this gateway, epoch ms; null while it has none. */
  readonly canaryStoredMs: number | null;
  /** Groups that read the region's log and have members here. */
  readonly logGroups: readonly LogGroupStatus[];
  /** Values that readings lack which were admitted in part. */
  readonly notes: FieldNotes;
  readonly commands: {
    /** Sent to devices and not answered yet. */
    readonly open: number;
    /** Not sent, because too many were open; since the start. */
    readonly refused: number;
    readonly repliesStored: number;
  };
  /** Records that could not be handled and are kept, since the start. */
  readonly setAside: number;
}

export interface SlowedClient {
  readonly clientId: string;
  readonly device: string | null;
  /** It publishes more than it may, or too much that is refused. */
  readonly why: "rate" | "rejects" | "subscribes";
}

/** Somebody who sends most of what a gateway gets, while it gets several times as much as usual. */
export interface Surge {
  /** A device, or a topic where that is not known. */
  readonly sender: string;
  /** Messages of the sender. */
  readonly perSecond: number;
  /** All that comes, in multiples of what is usual. */
  readonly times: number;
  /** The sender's part of all that comes, 0 to 1. */
  readonly share: number;
}

/** Values that readings do not hold as their devices sent them, since the start. */
export interface FieldNotes {
  /** Left out, set to the nearest that is allowed, or a time that arrival stands for. */
  readonly totals: Readonly<Record<"left_out" | "clamped" | "arrival_time", number>>;
  /** The most frequent first, with what was wrong. */
  readonly fields: readonly {
    readonly device: string;
    readonly field: string;
    readonly how: "left_out" | "clamped" | "arrival_time";
    readonly detail: string;
    readonly count: number;
  }[];
  /** The number of further devices and fields, which are only counted. */
  readonly more: number;
}

/** A room that fills up, as the process beside it measures it. */
export interface VolumeSize {
  /** The name of a disk in SKERRY_DISKS, or `jetstream` for what JetStream may have. */
  readonly name: string;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

/** The same over time. */
export interface VolumeForecast extends VolumeSize {
  /** `hub` or the region whose process measures it. */
  readonly domain: string;
  /** Growth; null while that is not known. */
  readonly bytesPerDay: number | null;
  /** Time until it is full, at the rate at which it grows; null where that cannot be said, or it does not grow. */
  readonly fullInMs: number | null;
}

/** The bytes over the link of a region, both ways; null while they are not known. */
export interface LinkVolume {
  readonly region: string;
  readonly bytesPerDay: number | null;
}

export interface AlertingStatus {
  readonly process: "alerting";
  readonly region: string;
  /** Those that count now. */
  readonly rules: readonly RuleStatus[];
  /** Rules that wait for a contract, each with what it lacks. */
  readonly rulesWaiting: readonly string[];
  /** Reasons for which rules are not evaluated any more, by rule id. */
  readonly rulesDisabled: Readonly<Record<string, string>>;
  /**
   * Rules that throw, by their ids: how many readings of this start they could not be evaluated for, and, of
   * each key that alert `rule_error` tells of, how many since it does.
   */
  readonly rulesFailing: Readonly<
    Record<string, { readonly readings: number; readonly keys: Readonly<Record<string, number>> }>
  >;
  /**
   * Readings since the start: that came late and were evaluated apart; sent again; of keys that a rule had no
   * room for; for which a rule threw.
   */
  readonly late: number;
  readonly repeated: number;
  readonly unevaluated: number;
  readonly failed: number;
  /** Keys for which a condition holds, but not yet for long enough. */
  readonly pending: number;
  /** As of a gateway: of the region's alerts. */
  readonly wentOn?: Readonly<Record<string, number>>;
  readonly openAlerts: number;
  readonly raised: number;
  readonly cleared: number;
  /** Records that could not be handled and are kept, since the start. */
  readonly setAside: number;
  /** Since the start. */
  readonly losses: readonly LaneLoss[];
  readonly lanes: readonly LaneStatus[];
  /** Disks beside it, and bytes over the link since that connected; null if nobody tells. Absent from an older program. */
  readonly volumes?: readonly VolumeSize[];
  readonly linkBytes?: number | null;
}

/** A rule in one region's engine. */
export interface RuleStatus {
  readonly id: string;
  readonly version: number;
  /** Not there of an engine of before. */
  readonly counts?: RuleCounts;
}

export interface RuleCounts {
  /** Readings that it was asked about, since it began or the engine was started. */
  readonly evaluations: number;
  /** Keys for which its condition holds, but not yet for long enough. */
  readonly pending: number;
  /** Keys whose alert fires, those in a maintenance window apart. */
  readonly firing: number;
  readonly silenced: number;
}

export interface LaneStatus {
  readonly region: string;
  readonly partition: number;
  /** Every effect of frames up to this sequence is durable. */
  readonly doneSeq: number;
  readonly watermarkMs: number;
  /** The reason for which the lane stands still, or null. */
  readonly stoppedBy: string | null;
  /** The readings of the frames that were judged so far; null while none was. */
  readonly judged?: TallyReport | null;
  /** The account of those up to `doneSeq`: of the aggregator. */
  readonly settled?: LaneSettled | null;
}

/** The number of losses that a process remembers for its status page; all are logged. */
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

/** Times that devices began to count anew, since the start. */
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
  /** Minutes of keys whose rollups wait to be recomputed, most of them because of late readings. */
  readonly repairsWaiting: number;
  /** Finals written again with other values, since the start. */
  readonly rollupsRevised: number;
  /** Finals of hours and days written, since the start. */
  readonly longRollups: number;
  /** Records that could not be handled and are kept, since the start. */
  readonly setAside: number;
  /** Since the start, newest last. */
  readonly losses: readonly LaneLoss[];
  readonly lanes: readonly LaneStatus[];
  /**
   * Latency in ms over all readings since the start, by region and hop: an HdrHistogram in its compressed V2
   * encoding (base64), so that histograms can be added up. `total` is device clock to store acknowledgement.
   */
  readonly latencyMs: Readonly<Record<string, Readonly<Partial<Record<LatencyHop, string>>>>>;
  /** The same of the last half minute to minute, without what waited behind an outage of the WAN. */
  readonly recentLatencyMs: Readonly<
    Record<string, Readonly<Partial<Record<LatencyHop, RecentLatency>>>>
  >;
  /** Readings that waited behind an outage of the WAN, by region, since the start. */
  readonly behindOutage: Readonly<Record<string, number>>;
  /** The last canary of each lane and gateway. */
  readonly canaries: readonly CanaryStatus[];
  readonly clockSkews: SkewStatus;
  /** `sinceMs`: it takes nothing since then, epoch ms; absent from an older program, null where it does. */
  readonly influx: {
    readonly state: "ok" | "refusing";
    readonly detail: string;
    readonly sinceMs?: number | null;
  };
}

/** Something that is wrong, in words, and what to do next. */
export interface ToldProblem {
  readonly kind: string;
  readonly state: "wrong" | "degraded";
  readonly region: string | null;
  readonly text: string;
  readonly next: string;
  /** Its section of docs/guides/run-books.md. */
  readonly runBook: string;
}

export interface ToldInsight {
  readonly atMs: number;
  readonly state: "ok" | "degraded" | "wrong" | "unknown";
  readonly sentence: string;
  readonly problems: readonly ToldProblem[];
}

export interface StewardStatus {
  readonly process: "steward";
  /** Scheduled work by name: when it last ran, epoch ms, and why it failed, or null. */
  readonly jobs: Readonly<
    Record<string, { readonly lastRunMs: number; readonly error: string | null }>
  >;
  /** The hub's copies of logs, by region. */
  readonly copies: Readonly<Record<string, HubCopy>>;
  /** The verdict on the installation, and what is wrong, the worst first; null until it was looked at. */
  readonly insight: ToldInsight | null;
  /** Outages of the regions' links that it has seen, epoch ms, oldest first; null: it lasts. Absent from an older program. */
  readonly outages?: Readonly<
    Record<string, readonly { readonly fromMs: number; readonly toMs: number | null }[]>
  >;
  /** Processes that are heard on the live lane, longest silent first. */
  readonly processes: readonly {
    readonly kind: string;
    readonly instance: string;
    readonly domain: string;
    readonly startedMs: number;
    readonly silentMs: number;
  }[];
  /** The sink as configured, and why log and sink are not compared; null if they are. */
  readonly sink: { readonly name: string; readonly uncompared: string | null };
  /** The standing ledger as of a second ago; null until it is known. */
  readonly ledger: Ledger | null;
  /** Clauses on what the store keeps for another time than is configured; null where it was not compared. Absent from an older program. */
  readonly retention?: readonly string[] | null;
  /** Disks of the hub and of all regions that tell theirs, and links, with how fast they grow. Absent from an older program. */
  readonly volumes?: readonly VolumeForecast[];
  readonly links?: readonly LinkVolume[];
}

export interface NotifierStatus {
  readonly process: "notifier";
  readonly place: "hub" | "region";
  /** One for each channel and region; they do not wait for each other. */
  readonly channels: readonly NotifierChannelStatus[];
  /** Records that could not be handled and are kept, since the start. */
  readonly setAside: number;
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
  /** Those of them whose group gathers still: nobody is to tell them yet. Absent from an older program. */
  readonly gathering?: number;
  /** Messages given up, since the start. */
  readonly deadLetters: number;
  /** Alerts that were too old when they were first seen, since the start. */
  readonly skipped: number;
  /** The reason for which the last attempt failed, or null if it did not. */
  readonly lastError: string | null;
}

export interface SimulatorStatus {
  readonly process: "simulator";
  readonly acknowledged: number;
  readonly inFlight: number;
  readonly regions: Readonly<Record<string, { acknowledged: number; connected: number }>>;
}

export interface ConsoleStatus {
  readonly process: "console";
  /** Pages that listen for events now. */
  readonly pages: number;
  /** Devices that may connect, and devices that were heard since the start. */
  readonly registered: number;
  readonly heard: number;
}

export type ProcessStatus =
  | GatewayStatus
  | AlertingStatus
  | AggregatorStatus
  | StewardStatus
  | NotifierStatus
  | SimulatorStatus
  | ConsoleStatus;
