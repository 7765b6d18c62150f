// What each kind of process reads live, as data: the consumers that push it to them are made from this, and the
// rights to hear them. Pure.
import {
  ACKNOWLEDGEMENTS_BUCKET,
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  CONTRACTS_BUCKET,
  DEVICES_BUCKET,
  NOTIFIERS_BUCKET,
  RULES_BUCKET,
  alertSubjects,
  alertsStream,
  bucketStream,
  repliesStream,
  replySubjects,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import type { Feed } from "../client/feeds.ts";

/**
 * Lanes of a region that are pushed to their readers. Configurations are written before anybody knows how many
 * partitions a log has; the reader of a lane behind these looks for new frames instead.
 */
export const FED_LANES = 16;

const bucketFeed = (user: string, bucket: string): Feed => ({
  user,
  stream: bucketStream(bucket),
  subject: `$KV.${bucket}.>`,
});

const laneFeeds = (user: string, region: string): Feed[] =>
  Array.from({ length: FED_LANES }, (_, partition) => ({
    user,
    stream: telemetryStream(region),
    subject: telemetrySubject(region, partition),
  }));

const alertsFeed = (user: string, domain: string): Feed => ({
  user,
  stream: alertsStream(domain),
  subject: alertSubjects(domain),
});

/** The feeds of a region's processes. */
export const regionFeeds = (region: string): Feed[] => [
  bucketFeed("gateway", CONTRACTS_BUCKET),
  bucketFeed("gateway", DEVICES_BUCKET),
  { user: "gateway", stream: COMMANDS_STREAM, subject: COMMANDS_SUBJECTS },
  { user: "gateway", stream: repliesStream(region), subject: replySubjects(region) },
  alertsFeed("gateway", region),
  bucketFeed("alerting", CONTRACTS_BUCKET),
  bucketFeed("alerting", RULES_BUCKET),
  bucketFeed("alerting", ACKNOWLEDGEMENTS_BUCKET),
  ...laneFeeds("alerting", region),
  alertsFeed("notifier", region),
  bucketFeed("notifier", NOTIFIERS_BUCKET),
];

/** The feeds of the hub's processes. */
export const hubFeeds = (regions: readonly string[]): Feed[] => [
  bucketFeed("aggregator", CONTRACTS_BUCKET),
  ...regions.flatMap((region) => laneFeeds("aggregator", region)),
  bucketFeed("steward", CONTRACTS_BUCKET),
  ...["hub", ...regions].map((domain) => alertsFeed("notifier", domain)),
  bucketFeed("notifier", NOTIFIERS_BUCKET),
  bucketFeed("console", CONTRACTS_BUCKET),
  bucketFeed("console", DEVICES_BUCKET),
  ...["hub", ...regions].map((domain) => alertsFeed("console", domain)),
];
