// Whoever has a password of a nats-server, and what that password is for. Everything else is somebody else's, and is
// attacked. Said anew here, not read from the product's own lists: a list that became too wide would not be noticed. Pure.
import {
  ALERT_STATE_BUCKET,
  ACKNOWLEDGEMENTS_BUCKET,
  AUDIT_STREAM,
  COMMANDS_STREAM,
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
  alertsStream,
  bucketStream,
  deadLettersStream,
  rejectsStream,
  repliesStream,
  setAsideStream,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { FLEET_KEY } from "../../../contracts/messages/fleet.ts";
import type { NatsUser } from "../../../platform/nats/topology/permissions.ts";

export const REGIONS = ["eu", "us"] as const;
export type ServerName = "hub" | (typeof REGIONS)[number];

export interface Profile {
  readonly server: ServerName;
  readonly user: NatsUser;
  /** Streams that it may append to. */
  readonly appends: readonly string[];
  /** Streams that it may also shorten: it trims or empties them, or makes the copy again. */
  readonly shortens: readonly string[];
  /** Streams that it reads, those that it appends to aside. */
  readonly reads: readonly string[];
  /** Entries of its own: of each bucket that it may write, a key. */
  readonly entries: Readonly<Record<string, string>>;
  /** Core NATS that it answers or listens to. */
  readonly hears: readonly string[];
}

const bucketsOf = (...names: string[]): string[] => names.map(bucketStream);

/** Every process asks there which formats it has to read before it starts. */
const FORMAT_LEVEL = bucketStream(GENERATIONS_BUCKET);

const logs = REGIONS.map(telemetryStream);

/** The entry of an operator in a bucket that others share. */
const entry = (bucket: string, key: string): Record<string, string> => ({ [bucket]: key });

const ofRegion = (region: (typeof REGIONS)[number]): Profile[] => [
  {
    server: region,
    user: "gateway",
    appends: [
      ...[telemetryStream, rejectsStream, repliesStream].map((of) => of(region)),
      bucketStream(LEASES_BUCKET),
    ],
    shortens: [
      ...[...logs, rejectsStream(region), setAsideStream(region)],
      bucketStream(LEASES_BUCKET),
    ],
    reads: [
      ...[...logs, alertsStream(region), COMMANDS_STREAM],
      ...bucketsOf(CONTRACTS_BUCKET, DEVICES_BUCKET, COPIES_BUCKET, POSITIONS_BUCKET),
      FORMAT_LEVEL,
    ],
    entries: {
      ...entry(POSITIONS_BUCKET, `groups.attack.${region}.0`),
      ...entry(LEASES_BUCKET, "groups.member.attack"),
    },
    hears: [`replay.${region}.gateway`, `retry-setaside.${region}.gateway`],
  },
  {
    server: region,
    user: "alerting",
    appends: [alertsStream(region), ...bucketsOf(ALERT_STATE_BUCKET, PRESENCE_BUCKET)],
    shortens: [setAsideStream(region)],
    reads: [
      telemetryStream(region),
      ...bucketsOf(CONTRACTS_BUCKET, RULES_BUCKET, ACKNOWLEDGEMENTS_BUCKET, POSITIONS_BUCKET),
      // Whether the alerts went back behind the hub's copy of them.
      bucketStream(COPIES_BUCKET),
      FORMAT_LEVEL,
    ],
    entries: {
      ...entry(POSITIONS_BUCKET, `alerting.${region}.0`),
      ...entry(ALERT_STATE_BUCKET, `${region}.0`),
    },
    hears: [`retry-setaside.${region}.alerting`],
  },
  notifier(region),
];

const notifier = (domain: ServerName): Profile => ({
  server: domain,
  user: "notifier",
  appends: [deadLettersStream(domain)],
  shortens: [deadLettersStream(domain), setAsideStream(domain)],
  reads: [
    ...(domain === "hub" ? ["hub", ...REGIONS] : [domain]).map(alertsStream),
    ...bucketsOf(NOTIFIERS_BUCKET, POSITIONS_BUCKET),
    FORMAT_LEVEL,
  ],
  entries: entry(POSITIONS_BUCKET, `notifier.${domain === "hub" ? "eu" : domain}.0`),
  hears: [`retry-setaside.${domain}.notifier`],
});

const hubRejects = ["hub", ...REGIONS].map(rejectsStream);

/** People at the web page change what people change. */
const console: Profile = {
  server: "hub",
  user: "console",
  appends: [
    ...[AUDIT_STREAM, COMMANDS_STREAM],
    ...bucketsOf(
      ...[DEVICES_BUCKET, RULES_BUCKET, CONTRACTS_BUCKET],
      ...[ACKNOWLEDGEMENTS_BUCKET, NOTIFIERS_BUCKET],
    ),
  ],
  shortens: [],
  reads: [
    ...[...logs, ...hubRejects, ...["hub", ...REGIONS].map(alertsStream)],
    ...[...REGIONS.map(repliesStream), setAsideStream("hub"), deadLettersStream("hub")],
    ...bucketsOf(COPIES_BUCKET, POSITIONS_BUCKET, LEASES_BUCKET, LEDGER_BUCKET, GENERATIONS_BUCKET),
  ],
  entries: { ...entry(DEVICES_BUCKET, "watched"), ...entry(LEDGER_BUCKET, "acknowledged.eu.0") },
  hears: ["live.>"],
};

const ofHub: readonly Profile[] = [
  {
    server: "hub",
    user: "aggregator",
    appends: [rejectsStream("hub"), alertsStream("hub"), bucketStream(LEASES_BUCKET)],
    shortens: [setAsideStream("hub"), bucketStream(LEASES_BUCKET)],
    reads: [...logs, ...bucketsOf(CONTRACTS_BUCKET, POSITIONS_BUCKET), FORMAT_LEVEL],
    entries: {
      ...entry(POSITIONS_BUCKET, "aggregator.eu.0"),
      ...entry(LEASES_BUCKET, "aggregator.member.attack"),
    },
    hears: ["live.>", "retry-setaside.hub.aggregator"],
  },
  {
    server: "hub",
    user: "steward",
    appends: [
      ...[alertsStream("hub"), rejectsStream("hub")],
      ...bucketsOf(COPIES_BUCKET, GENERATIONS_BUCKET),
    ],
    shortens: [...logs, ...hubRejects],
    // It holds the hub's records against those that regions have seen, and fences a hub that went back. Of copies that stand
    // it sees the state, and has another server lead them.
    reads: [
      ...[...logs, COMMANDS_STREAM],
      // It holds the copies of what regions write against the regions' own.
      ...REGIONS.flatMap((region) => [alertsStream(region), repliesStream(region)]),
      ...bucketsOf(CONTRACTS_BUCKET, POSITIONS_BUCKET, LEDGER_BUCKET),
      ...bucketsOf(DEVICES_BUCKET, RULES_BUCKET, ACKNOWLEDGEMENTS_BUCKET, NOTIFIERS_BUCKET),
    ],
    entries: { ...entry(COPIES_BUCKET, "eu"), ...entry(POSITIONS_BUCKET, "steward.eu.0") },
    hears: ["live.>"],
  },
  notifier("hub"),
  console,
];

const everything = [
  ...[
    AUDIT_STREAM,
    COMMANDS_STREAM,
    ...logs,
    ...hubRejects,
    ...["hub", ...REGIONS].map(alertsStream),
  ],
  ...[...REGIONS.map(repliesStream), setAsideStream("hub"), deadLettersStream("hub")],
  ...bucketsOf(
    ...[DEVICES_BUCKET, RULES_BUCKET, CONTRACTS_BUCKET, ACKNOWLEDGEMENTS_BUCKET, NOTIFIERS_BUCKET],
    ...[COPIES_BUCKET, POSITIONS_BUCKET, LEASES_BUCKET, LEDGER_BUCKET, GENERATIONS_BUCKET],
  ),
];

/** People with a command line: who change what people change, and who look. */
const people: readonly Profile[] = [
  { ...console, user: "operator", reads: everything },
  {
    ...{ server: "hub", user: "viewer", appends: [], shortens: [] },
    ...{ reads: everything, entries: {}, hears: ["live.>"] },
  },
];

/** The users that do the work of a process, at the hub and in region eu; us is the same as eu. */
export const PROFILES: readonly Profile[] = [...ofRegion("eu"), ...ofHub, ...people];

/** Entries that the administrator alone writes: the level of formats, at which all processes write. */
export const OF_ADMINISTRATORS: readonly {
  readonly server: ServerName;
  readonly bucket: string;
  readonly key: string;
}[] = [{ server: "hub", bucket: GENERATIONS_BUCKET, key: FLEET_KEY }];

export const roleOf = ({ server, user }: Pick<Profile, "server" | "user">): string =>
  `nats user ${user} of ${server}`;

/** Streams where several write: entries of others are attacked, and records may come. */
export const sharedStreams = (server: ServerName): string[] => [
  setAsideStream(server),
  ...bucketsOf(POSITIONS_BUCKET, LEDGER_BUCKET),
];

/** Rights that look like attacks and are none: printed, not counted. */
export const RIGHTS: readonly { readonly role: string; readonly right: string }[] = [
  {
    role: "nats user gateway of eu",
    right:
      "empties its own region's log, rejects and set-aside records: it trims them; it writes readings of any device there",
  },
  {
    role: "nats user gateway of eu",
    right:
      "where its region has copies of others' logs (--copies): makes such a copy again, as whatever stream it likes",
  },
  {
    role: "nats user alerting of eu",
    right: "writes alerts of its own region, with commands, and the state of its rules",
  },
  {
    role: "nats user notifier of eu and of hub",
    right: "writes and removes dead letters of its domain, and tells what alerts it likes by mail",
  },
  {
    role: "nats user aggregator of hub",
    right:
      "writes alerts and rejects of the hub, its positions and leases; with the store's writer, points",
  },
  {
    role: "nats user steward of hub",
    right:
      "empties the hub's copies of logs and rejects, makes the copies of logs again, as whatever streams it likes, in the accounts of these copies, and has another server of a cluster lead the copies of what regions write",
  },
  {
    role: "nats users console and operator of hub",
    right:
      "writes what people change there: devices, rules, contracts, commands, and the audit log",
  },
  {
    role: "nats users of one server",
    right: "set records aside in their domain and take them out again",
  },
  {
    role: "region eu, taken over",
    right:
      "writes anything into its own streams, of which the hub and other regions keep copies: readings of any device, alerts, rejects and replies, all of them under the name eu",
  },
  {
    role: "region eu, taken over",
    right:
      "reads all device records, rules, contracts and commands, and the log of us where us is copied to eu",
  },
  { role: "nats user admin of a server", right: "everything on that server" },
  {
    role: "an MQTT client with the right to a filter",
    right: "joins any group that shares it ($share), and gets its share of the messages",
  },
  {
    role: "an anonymous client, where they are let in from this machine alone",
    right:
      "says and hears what is relayed, and learns which ids have a record: those ask it for credentials",
  },
  {
    role: "region eu, taken over",
    right:
      "withholds records of the hub from its processes, and gives older ones to a process whose file of verified records is gone",
  },
];
