// The bounds of notifications; those of all else are in limits.ts (pure).

import type { Limit } from "./limit.ts";

export const NOTIFICATION_LIMITS: readonly Limit[] = [
  { name: "BATCH_MAX", doc: "alerts in one message at most" },
  {
    name: "DIGEST_OVER",
    doc: "with more lines waiting for the rate limit, a line for each rule and key, one digest tells them",
  },
  {
    name: "OVERTAKEN_MS",
    doc: "more severe alerts go ahead of one for so long; then a digest tells it",
  },
  {
    name: "WAITING_MAX",
    file: "alert-queue.ts",
    doc: "alerts of one channel and region in memory; the less severe of more are read again later",
  },
  {
    name: "TOLD_AHEAD_MAX",
    doc: "alerts told before the oldest that waits; then it is told, or becomes a dead letter",
  },
  { name: "LATE_GATHER_MS", doc: "late alerts are gathered for this long, at least" },
  {
    name: "BURST_SHARE",
    unit: "share",
    doc: "messages at once, as a share of `ratePerMinute`",
  },
  { name: "ATTEMPT_WITHIN_MS", doc: "a mail server or webhook has this long to answer" },
  { name: "RETRY_AFTER_MAX_MS", doc: "a `Retry-After` of a webhook is followed up to this" },
  {
    name: "HOLD_MAX_MS",
    doc: "a channel that takes nothing is tried again within this time",
  },
];
