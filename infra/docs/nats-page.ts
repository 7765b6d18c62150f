// Streams, buckets, subjects and topics, from the topology and from the modules that spell names.
import {
  ACKNOWLEDGEMENTS_BUCKET,
  ALERT_STATE_BUCKET,
  AUDIT_SUBJECT,
  CONTRACTS_BUCKET,
  COPIES_BUCKET,
  DEVICES_BUCKET,
  GENERATIONS_BUCKET,
  LEASES_BUCKET,
  LEDGER_BUCKET,
  NOTIFIERS_BUCKET,
  POSITIONS_BUCKET,
  PRESENCE_BUCKET,
  RULES_BUCKET,
  acknowledgementKey,
  alertSubject,
  bucketStream,
  commandFilter,
  deadLetterSubject,
  laneStateKey,
  leaseKey,
  ledgerAcknowledgedKey,
  ledgerBaseKey,
  liveDigestSubject,
  liveProcessSubject,
  memberKey,
  positionKey,
  reconciledKey,
  rejectSubject,
  rejectsDroppedSubject,
  rejectsStream,
  replaySubject,
  replyFilter,
  retrySetAsideSubject,
  retrySubject,
  setAsideSubject,
  suspectKey,
  telemetryStream,
  telemetrySubject,
} from "../../contracts/names/subjects.ts";
import { alertTopic, commandTopic, telemetryTopic } from "../../contracts/names/topics.ts";
import { HUB_USERS, REGION_USERS } from "../../platform/nats/topology/permissions.ts";
import { HUB, PARTITIONS_DEFAULT, domainsOf } from "../../platform/nats/topology/topology.ts";
import { GENERATED, bytesText, code, durationText, numberText, page, table } from "./markdown.ts";

type Domain = ReturnType<typeof domainsOf>[number];
type Stream = Domain["streams"][number];

const NS_PER_MS = 1_000_000;
/** Two regions stand for any: one is looked at, the other is whatever it has copies of. */
const REGION = "region";
const OTHER = "other";
const GIB = 1024 ** 3;

const any = (text: string): string =>
  code(
    text
      .replace(/\b(?:REGION|region)\b/g, "{region}")
      .replace(/\bother\b/g, "{other}")
      .replace(/_region$/, "_{region}")
      .replace(/_other$/, "_{other}")
      .replace(/\b[A-Z]{3,}\b/g, (name) => `{${name.toLowerCase()}}`),
  );

const streamName = (name: string): string =>
  code(name.replace(/_region$/, "_{region}").replace(/_other$/, "_{other}"));

/** The option of `topology apply` that sets the size. */
function optionOf(name: string): string {
  if (name.startsWith(telemetryStream(""))) return " (`--log-gib`)";
  return name.startsWith(rejectsStream("")) ? " (`--rejects-gib`)" : "";
}

function boundsOf({
  name,
  max_bytes,
  max_msgs,
  max_msgs_per_subject,
  max_age,
  discard,
}: Stream): string {
  const bounds = [
    max_bytes === undefined ? "" : `${bytesText(max_bytes)}${optionOf(name)}`,
    max_msgs === undefined ? "" : `${numberText(max_msgs)} messages`,
    (max_msgs_per_subject ?? -1) < 0 ? "" : `${numberText(max_msgs_per_subject!)} per subject`,
    max_age === undefined ? "" : durationText(max_age / NS_PER_MS),
  ].filter((text) => text !== "");
  if (bounds.length === 0) return "none";
  return `${bounds.join(", ")}; ${String(discard) === "new" ? "refuses what is new" : "the oldest go"}`;
}

const originText = ({ mirror, subjects = [] }: Stream): string =>
  mirror
    ? `mirror of the stream in domain ${domainName(/\$JS\.(.+)\.API/.exec(mirror.external?.api ?? "")?.[1] ?? "")}`
    : subjects
        .map((subject) => any(subject.replace(/\.\d+$/, ".PARTITION")))
        .filter((subject, at, all) => all.indexOf(subject) === at)
        .join(", ");

const domainName = (name: string): string => (name === "hub" ? "`hub`" : any(name));

const streamRows = ({ streams }: Domain): string[][] => {
  const rows = streams
    .filter(({ name }) => !name.startsWith(bucketStream("")))
    .map((stream) => [streamName(stream.name), originText(stream), boundsOf(stream)]);
  return rows.filter(([name], at) => rows.findIndex(([other]) => other === name) === at);
};

const A_LANE = { region: "REGION", partition: 0 };

const BUCKETS: Readonly<Record<string, string>> = {
  [CONTRACTS_BUCKET]: "published contract versions",
  [DEVICES_BUCKET]: "who may connect: one record for each device, person or service",
  [RULES_BUCKET]: "alerting rules; a key is a rule's id",
  [ACKNOWLEDGEMENTS_BUCKET]: `which alerts somebody has seen; key ${any(acknowledgementKey({ region: "REGION", rule: "RULE", key: "KEY" }))}`,
  [NOTIFIERS_BUCKET]: "where each region's alerts are told; a key is a region",
  [COPIES_BUCKET]: "how far the hub has each region's log; a key is a region",
  [GENERATIONS_BUCKET]:
    "the generation of the hub's records (`hub`), the fence around them (`fence`), `null` while there is none, and the level of formats that is written (`fleet`)",
  [POSITIONS_BUCKET]:
    `where an operator stands in a lane; key ${any(positionKey("OPERATOR", { region: "REGION", partition: 0 }).replace(/0$/, "PARTITION"))}. ` +
    `A group that reads the log has key ${any(positionKey("groups", A_LANE, "GROUP"))}, its name and filter escaped. ` +
    `At the hub also ${any(reconciledKey("REGION"))} and ${any(suspectKey("REGION"))}`,
  [LEASES_BUCKET]:
    `which aggregator works on which lane, and in a region which gateway reads for which group; keys ${any(leaseKey("OPERATOR", { region: "REGION", partition: 0 }).replace(/0$/, "PARTITION"))} ` +
    `and ${any(memberKey("OPERATOR", "MEMBER"))}`,
  [ALERT_STATE_BUCKET]: `what rules know; key ${any(laneStateKey({ region: "REGION", partition: 0 }).replace(/0$/, "PARTITION"))}, in chunks`,
  [LEDGER_BUCKET]:
    `what is known of differences in the ledger: by the steward, key ${any(ledgerBaseKey(A_LANE).replace(/0$/, "PARTITION"))}; ` +
    `acknowledged by operators, key ${any(ledgerAcknowledgedKey(A_LANE).replace(/0$/, "PARTITION"))}`,
  [PRESENCE_BUCKET]: "which keys and devices a lane has met, and who is connected; same keys",
};

function bucketRows(hub: Domain, region: Domain): string[][] {
  const names = [...new Set([...hub.buckets, ...region.buckets].map(({ name }) => name))].sort();
  return names.map((name) => {
    const meaning = BUCKETS[name];
    if (meaning === undefined) throw new Error(`bucket ${name} has no description here`);
    const atHub = hub.buckets.find((bucket) => bucket.name === name);
    const inRegion = region.buckets.find((bucket) => bucket.name === name);
    const isMirrored = region.streams.some((stream) => stream.name === bucketStream(name));
    const here = atHub ? (inRegion ? "each domain" : "hub") : "region";
    const where = isMirrored ? "hub, mirrored into every region" : here;
    const ttlMs = (atHub ?? inRegion)?.ttlMs;
    return [code(name), where, ttlMs === undefined ? "never" : durationText(ttlMs), meaning];
  });
}

const SUBJECTS: readonly (readonly [subject: string, meaning: string])[] = [
  [telemetrySubject("REGION", 0).replace(/0$/, "PARTITION"), "frames of readings"],
  [alertSubject({ region: "REGION", rule: "RULE", key: "KEY" }), "one step of an alert's life"],
  [
    rejectSubject({ region: "REGION", reason: "REASON", device: "DEVICE", contract: "CONTRACT" }),
    "what was refused; the contract is one that was published then, or empty (`=`) where nobody knows it",
  ],
  [
    rejectsDroppedSubject("REGION"),
    "how many rejects are gone, by device, reason and contract; the last counts",
  ],
  [commandFilter({ device: "DEVICE", id: "COMMAND" }), "a command to a device"],
  [replyFilter({ region: "REGION", device: "DEVICE", id: "COMMAND" }), "what a device answered"],
  [
    deadLetterSubject({ domain: "DOMAIN", channel: "CHANNEL", rule: "RULE" }),
    "a notification that was given up",
  ],
  [retrySubject({ domain: "DOMAIN", channel: "CHANNEL" }), "one to be sent again"],
  [
    setAsideSubject({
      domain: "DOMAIN",
      by: "PROCESS",
      kind: "KIND",
      reason: "REASON",
      place: { stream: "", subject: "" },
    }).replace(/[^.]*$/, "PLACE"),
    "a record that could not be handled; the place is a hash",
  ],
  [
    retrySetAsideSubject({ domain: "DOMAIN", by: "PROCESS" }),
    "core NATS request and reply: handle such a record again",
  ],
  [replaySubject("REGION"), "core NATS request and reply: admit a reject again"],
  [AUDIT_SUBJECT, "a change that somebody made through the console"],
  [
    liveProcessSubject({ domain: "DOMAIN", kind: "KIND", instance: "INSTANCE" }),
    "core NATS, each second: how a process is",
  ],
  [
    liveDigestSubject("REGION", "readings"),
    "core NATS, each second: the last reading of each device and contract that reported",
  ],
  [liveDigestSubject("REGION", "topics"), "the same of topics that were published to"],
  [liveDigestSubject("REGION", "events"), "connections refused and closed, rejects, slow clients"],
];

const TOPICS: readonly (readonly [topic: string, meaning: string])[] = [
  [telemetryTopic("DEVICE", "CONTRACT"), "readings; the version is in the payload or found"],
  [`${telemetryTopic("DEVICE", "CONTRACT")}/v{n}`, "readings of that version of the contract"],
  [commandTopic({ device: "DEVICE", id: "COMMAND" }), "a command, retained until it is answered"],
  [
    `${commandTopic({ device: "DEVICE", id: "COMMAND" })}/reply`,
    "the device's answer; stored before its PUBACK",
  ],
  [alertTopic("RULE", "KEY"), "an alert, retained; both levels are percent-encoded"],
  [alertTopic("RULE", "KEY", true), "the same of what a device sent late: what was, not what is"],
];

const names = (rows: readonly (readonly [string, string])[]): string[][] =>
  rows.map(([name, meaning]) => [any(name), meaning]);

export function natsPage(): string {
  const options = {
    regions: [REGION, OTHER],
    copies: [[OTHER, REGION]] as const,
    partitions: PARTITIONS_DEFAULT,
    logBytesMax: 16 * GIB,
  };
  const domains = domainsOf(options);
  const at = (server: string): Domain[] =>
    domains.filter(({ name, account }) => name === server && !account.startsWith("OUT_"));
  const [records, ...mirrors] = at(HUB) as [Domain, ...Domain[]];
  const hub = { ...records, streams: [records, ...mirrors].flatMap(({ streams }) => streams) };
  const [region] = at(REGION) as [Domain];
  return page(
    GENERATED,
    "# Streams, buckets, subjects and topics",
    "The hub and every region are a JetStream domain of their own. `npx skerry topology apply` makes all of this, " +
      "from [platform/nats/topology](../../platform/nats/topology). Every stream is stored in files, with one replica.",
    "## Streams at the hub",
    table(
      ["stream", "subjects", "bounds"],
      streamRows(hub).filter(([name = ""]) => !name.includes("{other}")),
    ),
    "The mirrors are in an account of their own for each region, `IN_{region}`; regions mirror their buckets and `COMMANDS` from copies in " +
      "`OUT_{region}` ([why](../decisions/0068-mirrors-in-accounts-of-their-own.md)). For whoever reads them, and for the administrator, the names are these.",
    "## Streams of a region",
    table(["stream", "subjects", "bounds"], streamRows(region)),
    "A mirror has the sequence numbers of its origin. Copies of telemetry have no bound of their own: " +
      "gateways and the steward trim them behind their readers. Every other copy has the bounds of its origin, and the " +
      "steward makes room in copied rejects as gateways do in the region's. " +
      "A region has a copy of another region's log, as here, only where `--copies` says so.",
    "## Buckets",
    table(["bucket", "written in", "entries expire", "holds"], bucketRows(hub, region)),
    "## Subjects",
    "A part of a subject that may hold any text is escaped: a byte outside of `A-Z a-z 0-9 _ -` becomes `=` and two " +
      "hexadecimal digits ([contracts/names/token.ts](../../contracts/names/token.ts)).",
    table(["subject", "a message is"], names(SUBJECTS)),
    "## MQTT topics",
    table(["topic", "carries"], names(TOPICS)),
    "Any other topic goes through the [mapping table](mappings.md).",
    "## Users of the nats-servers",
    `At the hub ${HUB_USERS.map(code).join(", ")}; in a region ${REGION_USERS.map(code).join(", ")}. ` +
      "`npx skerry topology nats-config` prints a server's configuration with their rights, stream by stream; " +
      "[SECURITY.md](../../SECURITY.md) says what these rights keep apart and what they do not.",
  );
}
