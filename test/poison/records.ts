// Records that are none: alerts, commands, and entries of the buckets.
import {
  ACKNOWLEDGEMENTS_BUCKET,
  CONTRACTS_BUCKET,
  DEVICES_BUCKET,
  RULES_BUCKET,
  alertSubject,
  COMMANDS_STREAM,
  commandFilter,
  replyFilter,
} from "../../contracts/names/subjects.ts";
import { publisherOn } from "../../platform/nats/client/publish.ts";
import { sealed } from "../../platform/nats/signed/seal.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { anAlert } from "../support/an-alert.ts";
import { type Listed, type Poison, say, setAsideBy, store, harmless } from "./poison.ts";

/** An alert in the region's stream. */
const alert = (name: string, body: (id: string) => unknown, ...by: string[]): Poison => ({
  name: `an alert: ${name}`,
  deliver: async ({ regionNats, region }, id) => {
    const value = body(id);
    const bytes = typeof value === "string" ? value : JSON.stringify(value);
    const subject = alertSubject({ region, rule: "poison", key: id });
    return setAsideBy(await store(regionNats, subject, bytes), ...by);
  },
});

const command = (name: string, body: (id: string) => unknown): Poison => ({
  name: `a command: ${name}`,
  deliver: async ({ hubNats }, id) => {
    const value = body(id);
    const bytes = typeof value === "string" ? value : JSON.stringify(value);
    const subject = commandFilter({ device: "room-1", id });
    const sent = { subject, data: Buffer.from(bytes) };
    const headers = await sealed(hubNats, { ...sent, stream: COMMANDS_STREAM }, true);
    await publisherOn(hubNats).publish(subject, sent.data, headers ? { headers } : {});
    return setAsideBy(sent, "eu gateway command unreadable");
  },
});

const order = (id: string, more: object): object => ({
  id,
  device: "room-1",
  payload: 1,
  issuedAtMs: Date.now(),
  expiresAtMs: Date.now() + 60_000,
  by: "poison",
  ...more,
});

/** An entry of a bucket at the hub. */
export const entry = (
  name: string,
  bucket: string,
  of: (id: string) => { key?: string; value: unknown },
  ...by: string[]
): Poison => ({
  name,
  deliver: async ({ hubNats }, id) => {
    const { key = id, value } = of(id);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    await (await Bucket.open(hubNats, bucket)).put(key, text);
    return setAsideBy({ subject: `$KV.${bucket}.${key}` }, ...by);
  },
});

const ALERT_UNREADABLE = "eu gateway alert unreadable";

export const ALERTS: readonly Poison[] = [
  alert("a number", () => 7, ALERT_UNREADABLE),
  alert("null", () => null, ALERT_UNREADABLE),
  alert("an array", () => [], ALERT_UNREADABLE),
  alert("cut off", () => '{"rule":', ALERT_UNREADABLE),
  alert("nothing", () => "", ALERT_UNREADABLE),
  alert(
    "without a state",
    (id) => ({ ...anAlert({ rule: "poison", key: id }), state: 1 }),
    ALERT_UNREADABLE,
  ),
  alert(
    "without an id",
    (id) => ({ ...anAlert({ rule: "poison", key: id }), id: undefined }),
    ALERT_UNREADABLE,
  ),
  {
    name: "an alert: at no time",
    deliver: async ({ regionNats, region }, id) => {
      const body = JSON.stringify(anAlert({ rule: "poison", key: id, atMs: 1e300 }));
      const subject = alertSubject({ region, rule: "poison", key: id });
      return setAsideBy(await store(regionNats, subject, body), "hub notifier alert unreadable");
    },
  },
  alert(
    "a key that is a number",
    (id) => ({ ...anAlert({ rule: "poison", key: id }), key: 5 }),
    ALERT_UNREADABLE,
  ),
  alert(
    "commands that are text",
    (id) => ({ ...anAlert({ rule: "poison", key: id }), commands: "on" }),
    ALERT_UNREADABLE,
  ),
  alert(
    "a command to a device that is none",
    (id) =>
      anAlert({
        rule: "poison",
        key: id,
        commands: [{ device: "a/b", payload: 1, expiresMs: 60_000 }],
      }),
    "eu gateway alert unpublishable",
  ),
  alert(
    "900 KB",
    (id) => ({ ...anAlert({ rule: "poison", key: id }), state: "m".repeat(900_000) }),
    ALERT_UNREADABLE,
  ),
];

export const COMMANDS: readonly Poison[] = [
  command("cut off", () => "{"),
  command("null", () => null),
  command("an id with a slash", (id) => order(id, { id: "a/b" })),
  command("a device that is none", (id) => order(id, { device: "+" })),
  command("no expiry", (id) => order(id, { expiresAtMs: undefined })),
  command("a payload of 200 KB", (id) => order(id, { payload: "p".repeat(200_000) })),
  {
    name: "a reply of no device",
    deliver: async (into, id) => {
      await say(into, id, { topic: `devices/${id} /commands/x/reply`, payload: "1" });
      return ({
        rejects,
      }: {
        rejects: readonly { topic: string; reason: string; detail: string }[];
      }) => {
        const found = rejects.find(({ topic }) => topic.startsWith(`devices/${id}`));
        return found ? `reject, ${found.reason}: ${found.detail}` : null;
      };
    },
  },
  {
    name: "a reply in the log that is none",
    deliver: async ({ regionNats, region }, id) => {
      const subject = replyFilter({ region, device: `${id}/+`, id: "x" });
      await store(regionNats, subject, "{");
      return harmless("a reply may be any bytes");
    },
  },
];

const device = (id: string, more: object): object => ({
  id,
  role: "device",
  credentials: [],
  createdAtMs: 1,
  ...more,
});

const rule = (id: string, more: object): object => ({
  id,
  version: 1,
  kind: "threshold",
  contract: "environment",
  when: "temperature > 5000.0",
  ...more,
});

const GATEWAY = "eu gateway device unreadable";
const ENGINE = "eu alerting rule unreadable";
const CONTRACT = ["eu gateway", "eu alerting", "hub aggregator"].map(
  (who) => `${who} contract unreadable`,
);

export const ENTRIES: readonly Poison[] = [
  entry(
    "a rule: a window of a million days",
    RULES_BUCKET,
    (id) => {
      const of = { kind: "aggregate", when: undefined, value: "co2", having: "avg > 1.0" };
      return { value: rule(id, { ...of, over: "1000000d" }) };
    },
    ENGINE,
  ),
  entry("a device record: cut off", DEVICES_BUCKET, () => ({ value: "{" }), GATEWAY),
  entry("a device record: null", DEVICES_BUCKET, () => ({ value: "null" }), GATEWAY),
  entry(
    "a device record: of another id",
    DEVICES_BUCKET,
    () => ({ value: device("other", {}) }),
    GATEWAY,
  ),
  entry(
    "a device record: a role that is none",
    DEVICES_BUCKET,
    (id) => ({ value: device(id, { role: "king" }) }),
    GATEWAY,
  ),
  entry(
    "a device record: topics that are none",
    DEVICES_BUCKET,
    (id) => ({ value: device(id, { topics: ["#"] }) }),
    GATEWAY,
  ),
  entry(
    "a device record: a password that is none",
    DEVICES_BUCKET,
    (id) => ({ value: device(id, { credentials: [{ kind: "password", salt: "", scrypt: "" }] }) }),
    GATEWAY,
  ),
  entry("a rule: no JSON", RULES_BUCKET, () => ({ value: "not json" }), ENGINE),
  entry("a rule: null", RULES_BUCKET, () => ({ value: "null" }), ENGINE),
  entry("a rule: an array", RULES_BUCKET, () => ({ value: "[]" }), ENGINE),
  entry(
    "a rule: a kind that nobody knows",
    RULES_BUCKET,
    (id) => ({ value: rule(id, { kind: "magic" }) }),
    ENGINE,
  ),
  entry("a rule: another id", RULES_BUCKET, () => ({ value: rule("other", {}) }), ENGINE),
  entry(
    "a rule: a silence of a month without end",
    RULES_BUCKET,
    (id) => ({ value: rule(id, { silences: [{ cron: "* * * * *", for: "never" }] }) }),
    ENGINE,
  ),
  entry(
    "a contract: no schema",
    CONTRACTS_BUCKET,
    (id) => ({ key: `${id}.v1`, value: { schema: 7 } }),
    ...CONTRACT,
  ),
  entry(
    "a contract: no JSON",
    CONTRACTS_BUCKET,
    (id) => ({ key: `${id}.v1`, value: "{" }),
    ...CONTRACT,
  ),
  entry(
    "a contract: an identity that nobody knows",
    CONTRACTS_BUCKET,
    (id) => ({
      key: `${id}.v1`,
      value: {
        schema: { type: "object", "x-identity": "magic", properties: {} },
      },
    }),
    ...CONTRACT,
  ),
  entry(
    "a contract: a key that is none",
    CONTRACTS_BUCKET,
    (id) => ({ key: `Nonsense-${id}`, value: "{}" }),
    ...CONTRACT,
  ),
  entry(
    "a contract: another content of a version that is known",
    CONTRACTS_BUCKET,
    () => ({ key: "environment.v1", value: { schema: { type: "object", properties: {} } } }),
    ...CONTRACT,
  ),
  entry(
    "an acknowledgement: no JSON",
    ACKNOWLEDGEMENTS_BUCKET,
    (id) => ({ key: `eu.${id}.x`, value: "?" }),
    "eu alerting acknowledgement unreadable",
  ),
  entry(
    "an acknowledgement: null",
    ACKNOWLEDGEMENTS_BUCKET,
    (id) => ({ key: `eu.${id}.y`, value: "null" }),
    "eu alerting acknowledgement unreadable",
  ),
];

/** A rule that can be read and never be used: it waits, and says for what. */
const waiting = (name: string, more: object): Poison => ({
  name: `a rule: ${name}`,
  deliver: async ({ hubNats }, id) => {
    await (await Bucket.open(hubNats, RULES_BUCKET)).put(id, JSON.stringify(rule(id, more)));
    return ({ waiting: lines }) => {
      const found = lines.find((text) => text.startsWith(`${id}:`));
      return found === undefined ? null : `the rule waits, ${found.slice(id.length + 2)}`;
    };
  },
});

export const RULES: readonly Poison[] = [
  waiting("a contract that nobody knows", { contract: "nothing-like-it" }),
  waiting("a field that nobody knows", { when: "wind > 1.0" }),
  waiting("an expression cut off", { when: "(((temperature" }),
  waiting("a regular expression with a lookahead", { when: 'device.matches("(?=a)")' }),
  waiting("a cron expression that is none", { silences: [{ cron: "99 * * * *", for: "1h" }] }),
  waiting("a time zone on Mars", {
    silences: [{ cron: "0 0 * * *", for: "1h", timezone: "Mars/X" }],
  }),
  waiting("a brace bomb", { when: `${"(".repeat(400)}true${")".repeat(400)}` }),
  {
    name: "a rule: an expression that throws for one key",
    deliver: async (into, id) => {
      const { hubNats } = into;
      const throws = rule(id, {
        contract: "measurement",
        when: "double(sensor) > 5.0 && value > 30.0",
      });
      await (await Bucket.open(hubNats, RULES_BUCKET)).put(id, JSON.stringify(throws));
      const again = () =>
        say(into, id, {
          topic: `devices/${id}/telemetry/measurement`,
          payload: JSON.stringify({ ts: Date.now(), value: 50, sensor: "kitchen" }),
        });
      return repeating(again, ({ alerts }) => {
        for (const [key, message] of alerts)
          if (key.startsWith("rule_error/") && key.includes(id))
            return `alert ${key}: ${message.slice(0, 160)}`;
        return null;
      });
    },
  },
];

/** Repeats what needs the rule to be known until it shows. */
function repeating(again: () => Promise<unknown>, listed: Listed): Listed {
  return (lists) => {
    const found = listed(lists);
    if (found === null) void again();
    return found;
  };
}
