// Subjects of the JetStream API and of messages that several users need, by what they are needed for. Pure.
import {
  GENERATIONS_BUCKET,
  LEASES_BUCKET,
  NOTIFIERS_BUCKET,
  POSITIONS_BUCKET,
  alertsStream,
  bucketStream,
  deadLetterSubjects,
  deadLettersStream,
  liveProcesses,
  retrySubjects,
  setAsideStream,
  setAsideSubjects,
} from "../../../contracts/names/subjects.ts";
import { reading } from "./crossings.ts";

export const INBOX = "_INBOX.>";
/** Answers to what was asked through another account: nats-server names them so. */
export const ANSWERS = "_R_.>";

export const readingBuckets = (...buckets: string[]): string[] =>
  buckets.flatMap((bucket) => reading(bucketStream(bucket)));

export const INFO = "$JS.API.INFO";

/** The positions of an operator; those of a notifier name its channel too. */
export const positionsOf = (operator: string): string => `$KV.${POSITIONS_BUCKET}.${operator}.>`;

/** Taking and giving back leases. */
export const leasing: readonly string[] = [
  `$KV.${LEASES_BUCKET}.>`,
  `$JS.API.STREAM.MSG.DELETE.${bucketStream(LEASES_BUCKET)}`,
  `$JS.API.STREAM.PURGE.${bucketStream(LEASES_BUCKET)}`,
];

/** Setting records aside in a domain; what was mended goes again. */
export const settingAside = (domain: string): string[] => [
  setAsideSubjects(domain),
  `$JS.API.STREAM.PURGE.${setAsideStream(domain)}`,
];

/** Counting what is set aside in a domain. */
export const watchingSetAside = (domain: string): string =>
  `$JS.API.STREAM.INFO.${setAsideStream(domain)}`;

/** Rights of a notifier in a domain, which tells the alerts of `regions`. */
export const notifying = (domain: string, regions: readonly string[]): string[] => [
  INFO,
  liveProcesses({ domain, kind: "notifier" }),
  ...settingAside(domain),
  // Answers to those who ask it to handle again what is set aside.
  ANSWERS,
  deadLetterSubjects(domain),
  retrySubjects(domain),
  positionsOf("notifier"),
  ...regions.flatMap((region) => reading(alertsStream(region))),
  ...reading(deadLettersStream(domain)),
  // A dead letter that was sent after all.
  `$JS.API.STREAM.MSG.DELETE.${deadLettersStream(domain)}`,
  ...readingBuckets(NOTIFIERS_BUCKET, GENERATIONS_BUCKET, POSITIONS_BUCKET),
];
