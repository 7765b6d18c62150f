// Goal: no name that a device sends ends a gateway, and nobody else of its region notices (P4).
// Method: `skerry contracts publish`, the gateway and the alerting engine as real processes; every poison
// over MQTT, and alerts of such keys straight into the stream, as an earlier version left them there.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MqttClient, connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Reject } from "../../contracts/messages/reject.ts";
import { alertSubject } from "../../contracts/names/subjects.ts";
import { alertTopic } from "../../contracts/names/topics.ts";
import { anAlert } from "../support/an-alert.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { type Service, startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const BILL = {
  type: "object",
  "x-identity": "sequence",
  "x-partition-key": "account",
  required: ["seq", "account"],
  additionalProperties: false,
  properties: {
    seq: { type: "integer", minimum: 0, "x-role": "sequence" },
    account: { type: "string", "x-role": "tag" },
    note: { type: "string", "x-role": "field" },
    value: { type: "number", "x-role": "field" },
  },
};
const RULE = {
  id: "bill-high",
  version: 1,
  kind: "threshold",
  contract: "bill",
  when: "value > 50",
};

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let gateway: Service;
let mqtt: MqttClient;
let url: string;

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const directory = stack.use(await temporaryDirectory()).path;
  const schemas = join(directory, "schemas");
  await mkdir(join(schemas, "bill"), { recursive: true });
  await writeFile(join(schemas, "bill/v1.json"), JSON.stringify(BILL));
  const published = await skerry([
    ...["contracts", "publish", "--schemas", schemas],
    ...["--nats", world.hub.url],
  ]);
  expect(published).toEqual({ code: 0, out: "published bill v1\n" });
  const rules = join(directory, "rules.json");
  await writeFile(rules, JSON.stringify([RULE]));
  const port = await freePort();
  const region = { SKERRY_REGION: "eu", SKERRY_NATS_URL: world.region("eu").url };
  gateway = await startService("gateway/main.ts", {
    ...region,
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
  });
  stack.use(gateway.process);
  const engine = await startService("gateway/alerting/main.ts", { ...region, SKERRY_RULES: rules });
  stack.use(engine.process);
  url = `mqtt://127.0.0.1:${port}`;
  mqtt = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  stack.defer(() => mqtt.endAsync(true));
});

afterAll(() => stack.disposeAsync());

const POISON: readonly [what: string, json: string | Buffer, detail: string][] = [
  ["half a surrogate pair", '{"seq":2,"account":"\\ud800","value":100}', "/account is no Unicode"],
  [
    "a key of 70,000 characters",
    JSON.stringify({ seq: 3, account: "k".repeat(70_000), value: 100 }),
    "/account has 70000 bytes of UTF-8, the limit is 256",
  ],
  ["no key", '{"seq":4,"account":"","value":100}', "/account is empty"],
  [
    "a line break",
    '{"seq":5,"account":"a\\nb","value":100}',
    "/account holds the control character U+000A",
  ],
  ["half a pair elsewhere", '{"seq":6,"account":"a","note":"\\udc00","value":9}', "/note is no"],
  [
    "bytes that are no UTF-8",
    Buffer.from('{"seq":7,"account":"\u00e9","value":100}', "latin1"),
    "the payload is not UTF-8: byte 0xe9 at offset 20",
  ],
];

/** A topic with a control character ends the connection that sends it [MQTT-1.5.4-2], and no other one. */
async function control(topic: string): Promise<void> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  client.publish(topic, '{"seq":1,"account":"a"}', { qos: 1 });
  await closed;
}

test("every poisoned name is a reject with its reason, and the gateway and its alerts go on", async () => {
  const topic = "devices/b1/telemetry/bill";
  const alerts = new Map<string, string>();
  mqtt.on("message", (at, payload) => {
    if (payload.length > 0)
      alerts.set(at, (JSON.parse(payload.toString()) as { state: string }).state);
  });
  await mqtt.subscribeAsync("alerts/#", { qos: 1 });
  for (const [, payload] of POISON) await mqtt.publishAsync(topic, payload, { qos: 1 });
  await control("devices/b\n1/telemetry/bill");

  const nats = await world.region("eu").connect();
  const { streams } = await nats.jetstreamManager();
  const details: string[] = [];
  for (let seq = 1; seq <= POISON.length; seq++)
    details.push((await streams.getMessage("REJECTS_eu", { seq })).json<Reject>().detail);
  POISON.forEach(([what, , detail], at) => expect(details[at], what).toContain(detail));

  for (const key of ["\ud800", "k".repeat(70_000)]) {
    const alert = anAlert({ rule: RULE.id, key });
    await nats.jetstream().publish(alertSubject(alert), JSON.stringify(alert));
    const old = alertTopic(RULE.id, key);
    await eventually(`an old alert is told on ${old}`, () => alerts.has(old));
  }
  await mqtt.publishAsync(topic, '{"seq":9,"account":"Zo\u00eb/1","value":100}', { qos: 1 });
  const told = alertTopic(RULE.id, "Zo\u00eb/1");
  await eventually("a bystander's alert is told", () => alerts.get(told) === "firing");
  expect(mqtt.connected).toBe(true);
  expect((await fetch(gateway.url("/readyz"))).ok).toBe(true);
});
