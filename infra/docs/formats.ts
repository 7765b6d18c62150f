// Every format that one process writes and another one reads, or the same one after an upgrade. The versions come
// from the source, and a test holds the readers against it (test/unit/contracts/messages/format.test.ts).
import { FORMATS, type Format } from "../../contracts/messages/format.ts";
import { FRAME_VERSION } from "../../contracts/messages/frame.ts";
import { MANIFEST_VERSION } from "../../cloud/operations/backup/manifest.ts";
import { FORMAT as SNAPSHOT_FORMAT } from "../../gateway/alerting/state/lane-snapshot.ts";
import { SESSION_STORE_VERSION } from "../../gateway/broker/session/store-schema.ts";
import { BRIDGE_STORE_VERSION } from "../../gateway/ingest/bridge-store.ts";
import { KEPT_RECORDS_VERSION } from "../../platform/nats/signed/kept-records.ts";

export interface DescribedFormat {
  readonly name: string;
  /** The stream, bucket, subject or file. */
  readonly where: string;
  /** The entry of `FORMATS` that its readers ask about. */
  readonly record?: Format;
  /** Its version, where it is not one of `FORMATS`. */
  readonly version?: number | string;
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  /** The fate of a newer version. */
  readonly newer: string;
  /** The fate of a member that its reader does not know, and why where it is not passed over. */
  readonly unknown: string;
}

const PASSED_OVER = "passed over";
const ASIDE = "set aside with the sentence";

const IN_STREAMS: readonly DescribedFormat[] = [
  {
    name: "frame",
    where: "`TELEMETRY_{region}`",
    version: FRAME_VERSION,
    writers: ["gateway/ingest/commit-log.ts"],
    readers: ["contracts/messages/frame.ts"],
    newer:
      "the lane waits before it, shown as stopped; bytes that no program will read are set aside",
    unknown: "passed over in the header; a reading has six parts",
  },
  {
    name: "lanes of a log",
    where: "description of `TELEMETRY_{region}`",
    version: 1,
    writers: ["platform/nats/topology/topology.ts"],
    readers: ["contracts/names/lane-stages.ts"],
    newer: "has to wait for another level of formats, at which this program does not start",
    unknown: "what names no lanes counts for nothing: they are the stream's subjects",
  },
  {
    name: "alert",
    where: "`ALERTS_{domain}`, MQTT `alerts/…`",
    record: "alert",
    writers: ["gateway/alerting/alert-log.ts", "platform/nats/lanes/condition-alerts.ts"],
    readers: [
      "gateway/alerting/alert-log.ts",
      "gateway/alert-topics.ts",
      "gateway/commands/commands.ts",
      "cloud/notifier/parse-alert.ts",
    ],
    newer: `${ASIDE}; \`set-aside retry\` after the upgrade shows and tells it`,
    unknown: PASSED_OVER,
  },
  {
    name: "reject",
    where: "`REJECTS_{domain}`",
    record: "reject",
    writers: ["platform/nats/lanes/reject-log.ts"],
    readers: ["gateway/replay/serve-replay.ts"],
    newer: "kept; a replay is answered with the sentence",
    unknown: PASSED_OVER,
  },
  {
    name: "command",
    where: "`COMMANDS`",
    record: "command",
    writers: ["cloud/operations/commands/store.ts"],
    readers: ["contracts/messages/command.ts"],
    newer: `${ASIDE}; retried after the upgrade, unless it has expired`,
    unknown: PASSED_OVER,
  },
  {
    name: "reply",
    where: "`REPLIES_{region}`",
    version: 1,
    writers: ["gateway/commands/reply-log.ts"],
    readers: ["cloud/operations/commands/store.ts"],
    newer: "a gateway goes by its subject alone; the hub shows the members that it knows",
    unknown: PASSED_OVER,
  },
  {
    name: "dead letter, retry",
    where: "`DEADLETTERS_{domain}`",
    record: "dead letter",
    writers: ["cloud/notifier/dead-letters.ts", "cloud/notifier/set-aside-retry.ts"],
    readers: ["cloud/notifier/retry-loop.ts"],
    newer: ASIDE,
    unknown: PASSED_OVER,
  },
  {
    name: "record set aside",
    where: "`SETASIDE_{domain}`",
    version: 1,
    writers: ["platform/nats/lanes/set-aside.ts"],
    readers: ["contracts/messages/set-aside.ts"],
    newer: "kinds and reasons that are not known are listed like all others",
    unknown: PASSED_OVER,
  },
  {
    name: "audit record",
    where: "`AUDIT`",
    record: "audit record",
    writers: ["cloud/console/api/register.ts"],
    readers: ["contracts/messages/audit.ts"],
    newer: "shown as a change that cannot be read, with its time and author",
    unknown: PASSED_OVER,
  },
];

const OF_THE_HUB: readonly DescribedFormat[] = [
  {
    name: "device",
    where: "bucket `devices`",
    record: "device",
    writers: ["cloud/operations/devices/store.ts"],
    readers: ["contracts/device.ts"],
    newer: `${ASIDE}; nobody logs in by it, because it may give less than what is known of it`,
    unknown:
      "passed over, and kept where the record is changed; a credential of an unknown kind is another version",
  },
  {
    name: "rule",
    where: "bucket `rules`, files",
    record: "rule",
    writers: ["cloud/operations/rules/apply.ts"],
    readers: ["contracts/rules/rule.ts"],
    newer: `${ASIDE}; the rule goes on as it was, over a restart too`,
    unknown: "refused in the same way: a rule without a part of it is another rule",
  },
  {
    name: "contract",
    where: "bucket `contracts`",
    record: "contract",
    writers: ["cloud/operations/contracts/publish.ts"],
    readers: ["platform/nats/lanes/contract-registry.ts"],
    newer: `${ASIDE}; readings of it are rejects \`unknown_contract\`, which can be replayed`,
    unknown: "passed over beside the schema; a keyword of the schema is refused in the same way",
  },
  {
    name: "acknowledgement",
    where: "bucket `acknowledgements`",
    record: "acknowledgement",
    writers: ["cloud/operations/alerts/acknowledge.ts"],
    readers: ["gateway/alerting/acknowledgements.ts"],
    newer: `${ASIDE}; the alert goes on firing`,
    unknown: PASSED_OVER,
  },
  {
    name: "assignment of a notifier",
    where: "bucket `notifiers`",
    record: "assignment",
    writers: ["infra/cli/notify/assign.ts"],
    readers: ["contracts/messages/notification.ts"],
    newer: `${ASIDE}; the assignment before it counts, after a restart that to the hub: told twice rather than never`,
    unknown: PASSED_OVER,
  },
  {
    name: "copy",
    where: "bucket `copies`",
    version: 1,
    writers: ["platform/nats/lanes/copies.ts"],
    readers: ["platform/nats/lanes/copies.ts"],
    newer: "what is none keeps all of the log, until the steward writes the next one",
    unknown: PASSED_OVER,
  },
  {
    name: "generation, fence",
    where: "bucket `generations`",
    version: 1,
    writers: ["platform/nats/history/generations.ts"],
    readers: ["platform/nats/client/fence.ts"],
    newer: "whatever is no `null` is a fence",
    unknown: PASSED_OVER,
  },
  {
    name: "level of formats",
    where: "bucket `generations`, key `fleet`",
    record: "fleet level",
    writers: ["infra/cli/upgrade.ts"],
    readers: ["platform/nats/client/fleet.ts"],
    newer:
      "the process does not start, with the sentence; nor does it at a higher level than it knows",
    unknown: PASSED_OVER,
  },
  {
    name: "signature",
    where: "header `Skerry-Signature`",
    version: "v1",
    writers: ["platform/nats/signed/signature.ts"],
    readers: ["platform/nats/signed/signature.ts"],
    newer: "the record is not taken, what was in force stays, and it is set aside as `unverified`",
    unknown: "there are none",
  },
];

const OF_OPERATORS: readonly DescribedFormat[] = [
  {
    name: "position",
    where: "bucket `positions`",
    record: "position",
    writers: ["platform/nats/lanes/positions.ts"],
    readers: ["platform/nats/lanes/positions.ts", "platform/nats/lanes/group-places.ts"],
    newer: "the lane stands with the sentence, or the channel; the record stays as it is",
    unknown: "passed over; the next save is without it",
  },
  {
    name: "what rules know",
    where: "bucket `alert_state`",
    version: SNAPSHOT_FORMAT,
    writers: ["gateway/alerting/state/lane-snapshot.ts"],
    readers: ["gateway/alerting/state/lane-snapshot.ts"],
    newer: "the lane stands with the sentence; alerts stay open",
    unknown: "passed over; the next save is without it",
  },
  {
    name: "base of the ledger",
    where: "bucket `ledger`",
    record: "ledger",
    writers: ["cloud/steward/ledger-store.ts"],
    readers: ["cloud/steward/ledger-store.ts"],
    newer: "left as it is, and logged; the steward counts without it",
    unknown: "passed over; the next one is without it",
  },
  {
    name: "lease, place of a comparison",
    where: "buckets `leases`, `positions`",
    version: 1,
    writers: ["platform/nats/lanes/leases.ts", "platform/nats/lanes/reconciled-hours.ts"],
    readers: ["platform/nats/lanes/leases.ts", "platform/nats/lanes/reconciled-hours.ts"],
    newer: "a lease goes by its key; what is no hour is compared again",
    unknown: "there are none",
  },
];

const IN_FILES: readonly DescribedFormat[] = [
  {
    name: "sessions of a gateway",
    where: "`sessions.sqlite`",
    version: SESSION_STORE_VERSION,
    writers: ["gateway/broker/session/store-schema.ts"],
    readers: ["gateway/broker/session/store-schema.ts"],
    newer: "the gateway does not start, with the sentence",
    unknown: "another table or column is another version",
  },
  {
    name: "memory of bridges",
    where: "`bridges.sqlite`",
    version: BRIDGE_STORE_VERSION,
    writers: ["gateway/ingest/bridge-store.ts"],
    readers: ["gateway/ingest/bridge-store.ts"],
    newer: "logged and left alone: what bridges repeat may count as new",
    unknown: "another table or column is another version",
  },
  {
    name: "records in force",
    where: "`SKERRY_VERIFIED_RECORDS_FILE`",
    version: KEPT_RECORDS_VERSION,
    writers: ["platform/nats/signed/kept-records.ts"],
    readers: ["platform/nats/signed/kept-records.ts"],
    newer: "the process does not start, with the sentence",
    unknown: "another table or column is another version",
  },
  {
    name: "backup",
    where: "`manifest.json`",
    version: MANIFEST_VERSION,
    writers: ["cloud/operations/backup/back-up.ts"],
    readers: ["cloud/operations/backup/store.ts"],
    newer: "refused with the sentence",
    unknown: PASSED_OVER,
  },
  {
    name: "state of a refill",
    where: "`--state`",
    record: "refill state",
    writers: ["infra/cli/refill.ts"],
    readers: ["infra/cli/refill.ts"],
    newer: "refused with the sentence",
    unknown: PASSED_OVER,
  },
  {
    name: "configuration",
    where: "`skerry.yaml`, variables",
    version: 1,
    writers: ["infra/install/configuration.ts"],
    readers: ["platform/runtime/config-file/read.ts"],
    newer: "as an unknown key",
    unknown: "a key is refused, with the nearest that there is; a variable is nobody's",
  },
];

const NOT_STORED: readonly DescribedFormat[] = [
  {
    name: "message of the live lane",
    where: "`live.…`",
    record: "live message",
    writers: ["platform/nats/live/announce-process.ts", "gateway/live/digests.ts"],
    readers: ["platform/nats/live/live-view.ts"],
    newer: "a process is heard without its status; a digest is passed over, nothing rests on it",
    unknown: PASSED_OVER,
  },
  {
    name: "request to replay",
    where: "`replay.{region}.gateway`",
    version: 1,
    writers: ["cloud/operations/rejects/replay.ts"],
    readers: ["contracts/messages/replay.ts"],
    newer: "not answered: who asks says that nobody did, and the reject is kept",
    unknown: PASSED_OVER,
  },
  {
    name: "request to retry",
    where: "`retry-setaside.…`",
    version: 1,
    writers: ["infra/cli/set-aside/records.ts"],
    readers: ["platform/nats/lanes/set-aside-retries.ts"],
    newer: "answered that it is still set aside",
    unknown: PASSED_OVER,
  },
  {
    name: "webhook",
    where: "HTTP body",
    version: 1,
    writers: ["cloud/notifier/webhook-body.ts"],
    readers: [],
    newer: "the receiver's",
    unknown: "the receiver's; members may be added",
  },
  {
    name: "API of the console",
    where: "`/api/v1`",
    version: 1,
    writers: ["cloud/console/api/openapi.ts"],
    readers: [],
    newer: "another path",
    unknown: "the client's; members may be added",
  },
];

/** The groups of the page. */
export const DESCRIBED_FORMATS: Readonly<Record<string, readonly DescribedFormat[]>> = {
  "Messages in streams": IN_STREAMS,
  "Records of the hub": OF_THE_HUB,
  "State of operators": OF_OPERATORS,
  Files: IN_FILES,
  "Stored nowhere": NOT_STORED,
};

export const versionOf = ({ record, version }: DescribedFormat): string =>
  String(record === undefined ? version : FORMATS[record]);
