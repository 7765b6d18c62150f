// The bounds that users meet, by the name that the source gives them (pure).
import type { Limit } from "./limit.ts";
import { HTTP_LIMITS } from "./http-limits.ts";
import { NOTIFICATION_LIMITS } from "./notification-limits.ts";

export const LIMITS: readonly (readonly [section: string, limits: readonly Limit[]])[] = [
  [
    "Readings",
    [
      {
        name: "CLOCK_AHEAD_MAX_MS",
        doc: "an event time may be ahead of the gateway's clock by this; more is reject `clock_ahead`",
      },
      {
        name: "AGE_MAX_DEFAULT_MS",
        doc: "a reading may be this old on arrival unless its contract has `x-age-max`; older is reject `clock_behind`",
      },
      {
        name: "LATENESS_MS",
        doc: "how far the watermark is behind the slowest gateway's clock: an older reading is late for rollups, which are repaired. Rules have a `lateAfter` of their own",
      },
      {
        name: "DEVICE_ID_BYTES_MAX",
        doc: "bytes of UTF-8 of a device id, whether registered, in a topic or made by a mapping; more is reject `too_large`",
      },
      {
        name: "KEY_BYTES_MAX",
        doc: "bytes of UTF-8 of a partition key or tag value; more is reject `contract_violation`",
      },
      {
        name: "DEVICE_SERIES_MAX",
        doc: "sets of tags that a device may name of one contract within an hour (`SKERRY_DEVICE_SERIES_MAX`); more is reject `too_many_series`. One that it does not name any more counts for up to two hours",
      },
      {
        name: "DEVICE_SERIES_PER_HOUR",
        doc: "sets of tags that it may add in an hour, after that many at once (`SKERRY_DEVICE_SERIES_PER_HOUR`); one that it named within the last day is not new. A restart of the gateway forgets what was named",
      },
      {
        name: "UNREGISTERED_DEVICES_MAX",
        doc: "devices without a record that one sender, a bridge or an address of anonymous clients, may name at once (`SKERRY_UNREGISTERED_DEVICES_MAX`); more is reject `too_many_series`",
      },
      {
        name: "UNREGISTERED_DEVICES_PER_HOUR",
        doc: "new ones that it may name in an hour, after that many at once (`SKERRY_UNREGISTERED_DEVICES_PER_HOUR`); one that it named within the last day is not new. A restart of the gateway forgets what was named",
      },
      {
        name: "ELEMENTS_MAX",
        doc: "elements of one message that a mapping reads with `each`; more are reject `too_large`",
      },
      {
        name: "SELECTED_MAX",
        doc: "elements of an array among which `[key=text]` in a pointer looks for one",
      },
      {
        name: "INPUT_CHARS_MAX",
        doc: "characters of text that goes into an expression of a mapping",
      },
      {
        name: "EXPRESSION_CHARS_MAX",
        doc: "characters that all expressions of one mapped message take, each evaluation counting as 32 more; elements beyond it are reject `too_large`",
      },
      { name: "MADE_CHARS_MAX", doc: "characters of one reading that a mapping or a codec makes" },
      {
        name: "MESSAGE_CHARS_MAX",
        doc: "characters of all readings of one message that a mapping or a codec makes",
      },
      {
        name: "SLOTS_PER_MS",
        doc: "slots of one millisecond in InfluxDB: so many readings of one device at most; from half of them on some may find none and become reject `unwritable`",
      },
      {
        name: "PRESENCE_OUTSTANDING_MAX",
        doc: "presence readings that wait for the log; more are dropped and counted",
      },
      {
        name: "REJECTS_REMEMBERED",
        doc: "rejects that a gateway knows again when their message is sent again (DUP); the oldest are forgotten",
      },
      {
        name: "TAKEOVERS_PER_MINUTE",
        doc: "more takeovers of one client id in a minute are alert `client_id_contested`",
      },
      {
        name: "QOS0_HELD_CHARS_MAX",
        doc: "characters of readings waiting for the log, past which QoS 0 publishes are dropped and counted",
      },
      {
        name: "CANARY_EVERY_MS",
        doc: "a gateway sends a canary through each of its lanes this often",
      },
      { name: "CANARY_LANES_MAX", doc: "lanes that get a canary each time; more take turns" },
      {
        name: "DRAIN_MS",
        file: "gateway/gateway.ts",
        doc: "a gateway that stops waits this long for readings that are already gathered",
      },
    ],
  ],
  [
    "Bridges",
    [
      {
        name: "BURST_GAP_MS",
        file: "bridge-memory.ts",
        doc: "a bridge that was quiet for this long after its CONNECT has repeated what it had retained",
      },
      { name: "BURST_MAX_MS", file: "bridge-memory.ts", doc: "and so has every bridge after this" },
      {
        name: "TOPICS_MAX",
        file: "bridge-memory.ts",
        doc: "topics of bridges whose last value is remembered; what is not counts as new",
      },
    ],
  ],
  ["HTTP", HTTP_LIMITS],
  [
    "Frames",
    [
      { name: "FRAME_CHARS_MAX", doc: "characters of readings in one frame" },
      {
        name: "HEARTBEAT_MS",
        doc: "a partition with nothing to say sends an empty frame this often",
      },
      { name: "COMPRESS_FROM_BYTES", doc: "a smaller frame is not compressed" },
      { name: "DECODED_BYTES_MAX", doc: "a larger frame is not read: it is set aside" },
    ],
  ],
  [
    "What is kept",
    [
      {
        name: "REJECTS_BYTES_DEFAULT",
        doc: "rejects of a region (`--rejects-gib`), and each copy of them: from four fifths of it on, the oldest of the devices that have most go, and are counted",
      },
      {
        name: "REJECTS_KEPT_MS_DEFAULT",
        doc: "age at which rejects go (`--rejects-keep`), and are counted",
      },
      {
        name: "DROPPED_NAMED_MAX",
        doc: "devices, reasons and contracts of which it is counted by name how many rejects are gone; the rest is one sum",
      },
      {
        name: "REJECTS_REMEMBERED",
        doc: "rejects that a gateway knows again when their message is sent again (DUP): they are kept once",
      },
      { name: "ALERTS_KEPT_PER_SUBJECT", doc: "steps of the alerts of one rule and key" },
      {
        name: "SET_ASIDE_KEPT",
        doc: "records that could not be handled, of one domain; the oldest go",
      },
      { name: "SET_ASIDE_BYTES_MAX", doc: "their size, together" },
      { name: "SET_ASIDE_KEPT_MS", doc: "their age" },
      {
        name: "PAYLOAD_BYTES_MAX",
        file: "lanes/set-aside.ts",
        doc: "a larger record is only named, not copied",
      },
      { name: "ALERTS_BYTES_MAX", doc: "alerts of a region, and each copy of them; the oldest go" },
      { name: "DEAD_LETTERS_KEPT", doc: "notifications that were given up, of one notifier" },
      { name: "DEAD_LETTERS_BYTES_MAX", doc: "the same, in bytes" },
      { name: "AUDIT_BYTES_MAX", doc: "bytes of the record of changes made through the console" },
      { name: "AUDIT_KEPT_MS", doc: "age at which such a record goes" },
      { name: "LIVE_BYTES_MAX", doc: "bytes of one message on the live lane" },
      {
        name: "LIVE_ROWS_MAX",
        doc: "rows of one message on the live lane; further ones are counted, and come in a later second",
      },
      {
        name: "COMMANDS_KEPT_MS",
        doc: "a command is stored this long, and can wait no longer for its device",
      },
      { name: "REPLIES_KEPT_MS", doc: "replies to commands" },
      { name: "REPLIES_KEPT_PER_SUBJECT", doc: "replies to one command" },
      { name: "COMMANDS_BYTES_MAX", doc: "all commands; the oldest go" },
      { name: "REPLIES_BYTES_MAX", doc: "all replies of a region; the oldest go" },
      { name: "DUPLICATE_WINDOW_MS", doc: "JetStream knows a message id again for this long" },
      {
        name: "LOSSES_KEPT",
        doc: "losses of lanes that a process shows on `/status`; all are logged",
      },
    ],
  ],
  [
    "Lanes",
    [
      {
        name: "PARTITIONS_DEFAULT",
        doc: "partitions of a region's log when it is created; it may grow",
      },
      {
        name: "GATEWAY_SILENT_MS",
        doc: "a gateway whose last frame is this much older than the lane's newest no longer holds the watermark back",
      },
      {
        name: "EPOCHS_REMEMBERED",
        file: "lanes/lane.ts",
        doc: "starts of one gateway whose frames are known as repeats",
      },
      { name: "LEASE_TTL_MS", doc: "a lease that nobody renews is free after this" },
      {
        name: "RENEW_EVERY_MS",
        doc: "how often an aggregator renews its leases; it stops work at half the life of a lease",
      },
      {
        name: "SILENT_MS",
        file: "lane-origin.ts",
        doc: "a copy that stands still this long is left, and its lanes are read from the region",
      },
    ],
  ],
  [
    "Rollups and InfluxDB",
    [
      {
        name: "EXACT_VALUES_MAX",
        doc: "values of a field in one window up to which its quantiles are exact",
      },
      {
        name: "QUANTILE_ACCURACY",
        unit: "share",
        doc: "past that, a quantile is off by at most this share of its value",
      },
      {
        name: "BINS_MAX",
        file: "magnitudes.ts",
        doc: "bins of the values of one sign; what is more than that many below the greatest counts as zero",
      },
      {
        name: "SERIES_OPEN_MAX",
        doc: "open minutes of series in one lane; past it readings of further series are stored, and their rollups come with the repair job",
      },
      {
        name: "WINDOWS_BACK",
        doc: "how many minutes later a reading without a time of its own is still known as a repeat",
      },
      {
        name: "MARKS_MAX",
        doc: "minutes of keys that wait for repair, in one lane; past it the lane waits",
      },
      {
        name: "GROUPS_PER_RUN",
        doc: "keys and hours that one repair run recomputes, in one lane",
      },
      { name: "RECORDS_PER_REQUEST", doc: "readings and rollups in one request to a sink" },
      {
        name: "RECORDS_WAITING_MAX",
        doc: "readings and rollups waiting for a sink; past it lanes wait",
      },
      {
        name: "HOURS_BACK_MAX",
        doc: "hours that the steward compares after an outage; older ones stay uncompared",
      },
    ],
  ],
  [
    "Alerting rules",
    [
      {
        name: "COMMAND_EXPIRES_DEFAULT",
        doc: "how long a rule's command waits for its device unless `expires` says so",
      },
      {
        name: "LATE_AFTER_DEFAULT",
        doc: "a reading that arrives so much later than it happened is late for a rule, unless its `lateAfter` says another time",
      },
      {
        name: "LATE_KEYS_MAX",
        doc: "keys of which a rule remembers something that came late, in one lane",
      },
      { name: "LATE_VALUES_MAX", doc: "values that came late in the windows of one rule" },
      {
        name: "LATE_QUIET_MS",
        doc: "without another late reading of the key, what came late is over and forgotten after this",
      },
      {
        name: "LATE_HORIZON_MS",
        doc: "a reading that came late is known as a repeat for at least this long",
      },
      {
        name: "DRAIN_EVERY_MS",
        doc: "a window to which nothing comes is looked at again after this",
      },
      {
        name: "ERROR_KEYS_MAX",
        doc: "keys of one rule in one lane that `rule_error` tells of; the readings of more are counted",
      },
      {
        name: "ERROR_QUIET_MS",
        doc: "`rule_error` is over after this long without an error of its key",
      },
      {
        name: "RULE_KEYS_MAX",
        doc: "keys that one rule remembers in one lane; past it the keys that were silent longest are forgotten",
      },
      { name: "WINDOW_KEYS_MAX", doc: "keys in the windows that rules share, in one lane" },
      { name: "WINDOW_VALUES_MAX", doc: "values in those windows" },
      { name: "KEY_VALUES_MAX", doc: "values in the window of one key; of more the newest count" },
      {
        name: "KEYS_MAX",
        file: "lane-presence.ts",
        doc: "keys and devices that a lane knows, for absence",
      },
      {
        name: "HORIZON_MS",
        file: "recent-identities.ts",
        doc: "a reading that is sent again is known as a repeat for at least this long",
      },
      {
        name: "READINGS_MAX",
        file: "recent-identities.ts",
        doc: "readings remembered for that; past it the older half goes early",
      },
      {
        name: "STEP_MS_MAX",
        file: "lane-clock.ts",
        doc: "a pause of all gateways counts as this much silence at most",
      },
      {
        name: "SILENT_MS",
        file: "gateway-silence.ts",
        doc: "if no gateway writes for this long, alert `gateway_silent`",
      },
      {
        name: "READING_MS_MAX",
        doc: "a reading whose rules took longer has every rule timed for a while",
      },
      { name: "EVALUATION_MS_MAX", doc: "one evaluation of a rule may take this long" },
      {
        name: "STRIKES_MAX",
        file: "slow-rules.ts",
        doc: "times that a rule may be too slow within READINGS_TIMED readings before it is disabled",
      },
      {
        name: "READINGS_TIMED",
        doc: "readings over which the slow evaluations of a rule are counted",
      },
      { name: "LIMITS.maxAstNodes", file: "expression.ts", doc: "parts of one CEL expression" },
      { name: "LIMITS.maxDepth", file: "expression.ts", doc: "nesting of one CEL expression" },
      {
        name: "LIMITS.maxListElements",
        file: "expression.ts",
        doc: "elements of a list in one CEL expression",
      },
    ],
  ],
  [
    "Devices and logins",
    [
      { name: "CREDENTIALS_MAX", doc: "credentials of one record" },
      { name: "DEVICE_TOPICS_MAX", doc: "topic filters of its own that a record may have" },
      {
        name: "SPEAKS_FOR_MAX",
        doc: "ids and patterns of devices that a bridge's record may name",
      },
      { name: "PASSWORD_CHARS_MIN", doc: "characters of a chosen password, at least" },
      { name: "PASSWORD_BYTES_MAX", doc: "bytes of a password in CONNECT" },
      { name: "FAILURE_MS", doc: "a refused login is answered this long after its CONNECT" },
      { name: "PLACE.burst", doc: "failed logins of one address before it has to wait" },
      { name: "PLACE.perSecond", doc: "failed logins of one address per second after those" },
      {
        name: "PAIR.burst",
        doc: "wrong passwords of one address for one id before it has to wait",
      },
      { name: "ACCOUNT.burst", doc: "wrong passwords for one id from all addresses new to it" },
      { name: "ACCOUNT.perSecond", doc: "wrong passwords for one id per second after those" },
      {
        name: "WAITING_MAX",
        file: "passwords.ts",
        doc: "logins that wait for a computation; further ones hear 0x88",
      },
      { name: "WAITING_OF_PLACE_MAX", doc: "of one address" },
      {
        name: "KNOWN_MS",
        doc: "a password that was right is let in for this long whatever its address does",
      },
    ],
  ],
  [
    "Commands",
    [
      { name: "COMMAND_ID_BYTES_MAX", doc: "bytes of a command's id" },
      { name: "COMMAND_PAYLOAD_BYTES_MAX", doc: "bytes of a command's payload as JSON" },
      {
        name: "COMMANDS_OPEN_MAX",
        doc: "open commands of one gateway; further ones are not sent, and counted",
      },
    ],
  ],
  ["Notifications", NOTIFICATION_LIMITS],
];
