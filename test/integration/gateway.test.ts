// Goal: PUBACK means stored, what is refused is kept, and alerts come back over MQTT (P1, P3, P5).
// Method: the gateway and the alerting engine as real processes on a real region server.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MqttClient, connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { Reject } from "../../contracts/messages/reject.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startService } from "../support/services.ts";

const RULE = {
  id: "co2-high",
  version: 1,
  kind: "threshold",
  contract: "environment",
  when: "co2 > 1000",
  for: "3s",
  clear: "co2 < 900",
};

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let mqttUrl: string;
let gateway: ServerProcess;
let alerting: ServerProcess;
let nats: NatsConnection;

const start = async (main: string, env: Record<string, string>): Promise<ServerProcess> =>
  stack.use((await startService(main, { SKERRY_REGION: "eu", ...env })).process);

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const { url } = world.region("eu");
  const port = await freePort();
  mqttUrl = `mqtt://127.0.0.1:${port}`;
  gateway = await start("gateway/main.ts", {
    SKERRY_NATS_URL: url,
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
  });
  const rules = join(stack.use(await temporaryDirectory()).path, "rules.json");
  await writeFile(rules, JSON.stringify([RULE]));
  alerting = await start("gateway/alerting/main.ts", {
    SKERRY_NATS_URL: url,
    SKERRY_RULES: rules,
  });
  nats = await world.region("eu").connect();
});

afterAll(() => stack.disposeAsync());

/** Connects; a gateway whose log was just away may refuse CONNECTs for some milliseconds more. */
const client = async (version: 4 | 5): Promise<MqttClient> => {
  let connection: MqttClient | undefined;
  await eventually("a client connects", async () => {
    connection = await connectAsync(mqttUrl, { protocolVersion: version, reconnectPeriod: 100 });
    return true;
  });
  stack.defer(() => connection!.endAsync(true));
  return connection!;
};

const reading = (seq: number, over: object = {}): string =>
  JSON.stringify({ seq, temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 0, ...over });

/** The sequence numbers of a device's readings in the region's log. */
async function loggedSequences(device: string): Promise<number[]> {
  const slice = { stream: "TELEMETRY_eu", subject: "telemetry.eu.*", from: 1 };
  const { lastSeq } = await new Streams(nats).state(slice.stream);
  const sequences: number[] = [];
  for await (const { data } of readStored(nats, slice, lastSeq))
    for (const one of decodeFrame(data).readings)
      if (one.device === device) sequences.push(one.payload.seq as number);
  return sequences;
}

test.each([4, 5] as const)("MQTT %d: an acknowledged reading is in the log", async (version) => {
  const device = `room-v${version}`;
  const mqtt = await client(version);
  for (const seq of [1, 2, 3])
    await mqtt.publishAsync(`devices/${device}/telemetry/environment`, reading(seq), { qos: 1 });
  expect(await loggedSequences(device)).toEqual([1, 2, 3]);
});

test("an invalid reading is kept with its reason before its PUBACK, and MQTT 5 hears 0x99", async () => {
  const topic = "devices/room bad.1/telemetry/environment";
  const v5 = await client(5);
  const outcome = await v5.publishAsync(topic, reading(1, { co2: "high" }), { qos: 1 }).then(
    () => "accepted",
    (error: { code?: number }) => error.code,
  );
  expect(outcome).toBe(0x99);
  const v4 = await client(4);
  await v4.publishAsync(topic, "{not json", { qos: 1 });
  const { streams } = await nats.jetstreamManager();
  const rejectOn = async (reason: string): Promise<Reject> =>
    (
      await streams.getMessage("REJECTS_eu", { last_by_subj: `rejects.eu.${reason}.*.*` })
    ).json<Reject>();
  const violation = await rejectOn("contract_violation");
  expect(violation.detail).toContain("/co2");
  expect(violation).toMatchObject({ device: "room bad.1", contract: "environment", version: 1 });
  const raw = await rejectOn("not_json");
  expect(Buffer.from(raw.payload, "base64").toString()).toBe("{not json");
});

test("no PUBACK while the log is away, and every one after it came back, in order", async () => {
  const mqtt = await client(5);
  const device = "room-outage";
  const topic = `devices/${device}/telemetry/environment`;
  await mqtt.publishAsync(topic, reading(1), { qos: 1 });
  await world.region("eu").process.kill();
  const acknowledged: number[] = [];
  const sent = [2, 3, 4, 5].map((seq) =>
    mqtt.publishAsync(topic, reading(seq), { qos: 1 }).then(() => acknowledged.push(seq)),
  );
  // A ping answered shows that the client is served meanwhile; the publishes came before it.
  await new Promise<void>((resolve) => {
    mqtt.once("packetreceive", () => resolve());
    mqtt.sendPing();
  });
  expect(acknowledged).toEqual([]);
  await world.region("eu").process.start();
  await Promise.all(sent);
  expect(acknowledged).toEqual([2, 3, 4, 5]);
  expect(await loggedSequences(device)).toEqual([1, 2, 3, 4, 5]);
});

test("an alert is raised, retained, survives a kill of both processes, and is cleared once", async () => {
  const mqtt = await client(5);
  const device = "room-alert";
  const topic = `devices/${device}/telemetry/environment`;
  const alerts: Alert[] = [];
  const seen: string[] = [];
  mqtt.on("message", (_topic, payload) => {
    const alert = JSON.parse(payload.toString()) as Alert;
    alerts.push(alert);
    if (seen.at(-1) !== alert.state) seen.push(alert.state);
  });
  await mqtt.subscribeAsync(`alerts/+/${device}`, { qos: 1 });
  // Of as long ago as the rule asks for, and not so long that they are too late.
  const send = (seq: number, co2: number, agoMs = 0): Promise<unknown> =>
    mqtt.publishAsync(topic, reading(seq, { co2, ts: Date.now() - agoMs }), { qos: 1 });
  for (let seq = 1; seq <= 11; seq++) await send(seq, 1200, 3_300 - seq * 300);
  await eventually("the alert reaches MQTT", () => seen.includes("firing"));

  await Promise.all([gateway.kill(), alerting.kill()]);
  await Promise.all([gateway.start(), alerting.start()]);
  await eventually("the device is back", () => mqtt.connected);
  const retained = await client(4);
  const kept: Alert[] = [];
  retained.on("message", (_topic, payload) => kept.push(JSON.parse(payload.toString()) as Alert));
  await retained.subscribeAsync("alerts/#", { qos: 1 });
  await eventually("it is retained", () => kept.some(({ key }) => key === device));
  expect(kept.find(({ key }) => key === device)).toMatchObject({
    state: "firing",
    rule: "co2-high",
  });

  await send(12, 1100);
  await send(13, 850);
  await eventually("it is cleared", () => seen.includes("resolved"));
  expect(seen).toEqual(["firing", "resolved"]);
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
  const { streams } = await nats.jetstreamManager();
  const info = await streams.info("ALERTS_eu", {
    subjects_filter: "alerts.eu.co2-high.room-alert",
  });
  expect(Object.values(info.state.subjects ?? {})).toEqual([2]);
});
