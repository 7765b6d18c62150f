// The broker's side of groups that read the region's log: `$share/{group}/$log/…`. The broker knows who is a member and
// when a member can have more; whoever is behind this knows the log, and what is whose.
import type { LogFilter } from "../../contracts/names/topics.ts";

/** A group: clients that share what a filter stands for. */
export interface LogGroupName {
  readonly group: string;
  readonly filter: LogFilter;
}

/** The reason for which there is no such group. */
export interface LogRefusal {
  readonly reason: "filter_invalid" | "group_quota" | "log_unavailable" | "since_invalid";
  readonly detail: string;
}

/** A reading that is a member's from now on. */
export interface LogDelivery {
  readonly topic: string;
  readonly payload: Buffer;
  readonly userProperties: Readonly<Record<string, string>>;
  /** The member has acknowledged it, or can never have it. */
  readonly settle: () => void;
}

/** The place of a member in its group. */
export interface LogSeat {
  /** Null while there is nothing for it. */
  take(): LogDelivery | null;
  /** Gives up the place: what the member has not acknowledged goes to others. */
  leave(): void;
}

export interface LogReading {
  /**
   * Makes the place of a group in the log, unless it has one.
   * @param since an ISO 8601 time, `beginning` or `now`; absent: now.
   */
  open(of: LogGroupName, since: string | undefined): Promise<LogRefusal | null>;
  /**
   * Only of a group that is open, or was once.
   * @param member the same whenever it comes back.
   * @param wake called when there may be something to take.
   */
  join(of: LogGroupName, member: string, wake: () => void): LogSeat;
}
