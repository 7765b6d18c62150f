// What an alerting engine says when a record that it set aside is to be handled again.
import type { SetAsideRecord } from "../../contracts/messages/set-aside.ts";

/**
 * Alerts are a function of the lane's order, and what it set aside has a place that has passed. Frames and readings
 * are admitted again by a gateway (gateway/replay/replay-frame.ts); entries of buckets are read again by themselves.
 */
export const retryAlerting = ({ detail }: SetAsideRecord): Promise<string | null> =>
  Promise.resolve(detail);
