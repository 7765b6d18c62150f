// Goal: what processes say once a second is heard at the hub, of a region only what is that region's own, and
// nobody waits for it.
// Method: a real hub and regions; the rights of the product.
import { expect, test, vi } from "vitest";
import { type Device, deviceKey } from "../../contracts/device.ts";
import {
  LIVE_BYTES_MAX,
  type EventsDigest,
  type LiveEvent,
  type LiveProcess,
  type ReadingRow,
  type ReadingsDigest,
  type TopicRow,
  type TopicsDigest,
} from "../../contracts/messages/live.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { freePort } from "../support/free-port.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { startService } from "../support/services.ts";
import {
  type LiveDigestKind,
  liveDigestSubject,
  liveProcessSubject,
} from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { announceProcess } from "../../platform/nats/live/announce-process.ts";
import { LiveSpeaker } from "../../platform/nats/live/live-speaker.ts";
import { LiveView, followLive } from "../../platform/nats/live/live-view.ts";
import { VitalsMeter } from "../../platform/runtime/vitals.ts";
import type { StewardStatus } from "../../contracts/messages/status.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsUnderTest, startHubAndRegions } from "../support/nats.ts";

const TOPIC = telemetryTopic("boiler-1", "climate");
const STATUS: StewardStatus = {
  process: "steward",
  jobs: {},
  copies: {},
  insight: null,
  processes: [],
  sink: { name: "influx", uncompared: null },
  ledger: null,
};

test("processes of regions and of the hub are heard at the hub, alive and then silent", async () => {
  await using world = await startHubAndRegions({ regions: ["eu", "us"] });
  using end = new Ending();
  const view = new LiveView();
  void view.run(await world.hub.connect("console"), ["hub", "eu", "us"], end.signal);
  const gateway = await world.region("eu").connect("gateway");
  const alerting = await world.region("us").connect("alerting");
  const steward = await world.hub.connect("steward");
  const status = (): StewardStatus => STATUS;
  const stop = new AbortController();
  const until = AbortSignal.any([end.signal, stop.signal]);
  using vitals = new VitalsMeter();
  const announce = (
    who: { connection: NatsConnection; kind: "gateway" | "alerting" | "steward"; domain: string },
    signal: AbortSignal,
  ): void => {
    const { kind, domain } = who;
    const service = { name: kind, region: domain, instance: `${kind}-1`, version: "1" };
    void announceProcess({ ...who, telemetry: { service, vitals }, status }, signal);
  };
  announce({ connection: gateway, kind: "gateway", domain: "eu" }, until);
  announce({ connection: alerting, kind: "alerting", domain: "us" }, end.signal);
  announce({ connection: steward, kind: "steward", domain: "hub" }, end.signal);
  await eventually("all three are heard", () => view.processes.length === 3);
  const names = view.processes.map(({ domain, kind }) => `${domain} ${kind}`).sort();
  expect(names).toEqual(["eu gateway", "hub steward", "us alerting"]);
  const found = (): LiveProcess => view.processes.find(({ kind }) => kind === "gateway")!;
  expect(found()).toMatchObject({ instance: "gateway-1", status: STATUS });
  expect(found().vitals.rssBytes).toBeGreaterThan(1e6);
  const first = found().atMs;
  await eventually("it is heard again", () => found().atMs > first);
  stop.abort();
  await eventually("it is silent, the others are not", () => {
    const [oldest, ...others] = view.processes;
    return (
      oldest!.kind === "gateway" && others.every(({ heardMs }) => heardMs > oldest!.heardMs + 1_500)
    );
  });
});

test("a status that is too large for a message is left out, and is not made each second", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  using end = new Ending();
  using vitals = new VitalsMeter();
  const view = new LiveView();
  void view.run(await world.hub.connect("console"), ["hub", "eu"], end.signal);
  const service = { name: "steward", region: "hub", instance: "steward-1", version: "1" };
  const text = "x".repeat(LIVE_BYTES_MAX);
  const status = vi.fn((): StewardStatus => ({
    ...STATUS,
    sink: { name: text, uncompared: null },
  }));
  const of = {
    connection: await world.hub.connect("steward"),
    kind: "steward",
    domain: "hub",
  } as const;
  void announceProcess({ ...of, telemetry: { service, vitals }, status }, end.signal);
  const heard = (): LiveProcess | undefined => view.processes[0];
  await eventually("it is heard", () => heard() !== undefined);
  const first = heard()!.atMs;
  await eventually("it is heard for three seconds", () => heard()!.atMs >= first + 3_000);
  expect(heard()!.status).toBe(null);
  expect(status).toHaveBeenCalledTimes(1);
});

test("a region says nothing in another's name, and hears nothing of the others", async () => {
  await using world = await startHubAndRegions({ regions: ["eu", "us"], violationsExpected: true });
  using end = new Ending();
  const heard: string[] = [];
  const listen = async (name: string, server: NatsUnderTest): Promise<void> => {
    const note = (message: object): unknown => heard.push(`${name}: ${JSON.stringify(message)}`);
    void followLive(await server.connect(), "live.>", note, end.signal);
  };
  await listen("us", world.region("us"));
  await listen("hub", world.hub);
  const admin = await world.region("eu").connect();
  const say = (subject: string, n: number): void =>
    admin.publish(subject, JSON.stringify({ v: 1, n }));
  await eventually("what is eu's own comes through", () => {
    say(liveDigestSubject("us", "events"), 1);
    say(liveProcessSubject({ domain: "hub", kind: "steward", instance: "x" }), 2);
    say(liveDigestSubject("eu", "events"), 3);
    return heard.length > 0;
  });
  await admin.flush();
  expect(new Set(heard)).toEqual(new Set(['hub: {"v":1,"n":3}']));
});

test("what was said without a connection is not said later", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  using end = new Ending();
  const eu = world.region("eu");
  const connection = await eu.connect("gateway");
  const speaker = new LiveSpeaker(connection);
  const subject = liveDigestSubject("eu", "events");
  const say = (atMs: number): boolean =>
    speaker.say(subject, { v: 1, gateway: "g", atMs, events: [], more: {} });
  await eu.process.stop();
  await eventually("the connection is known to be lost", () => {
    say(1);
    return !speaker.connected;
  });
  for (let n = 0; n < 1_000; n++) expect(say(2)).toBe(true);
  await eu.process.start();
  const heard: unknown[] = [];
  void followLive(
    await eu.connect(),
    subject,
    (message) => heard.push((message as { atMs: number }).atMs),
    end.signal,
  );
  await eventually("it speaks again", () => {
    say(3);
    return heard.includes(3);
  });
  expect(heard.filter((atMs) => atMs === 2)).toEqual([]);
});

test("a gateway tells at the hub what devices sent, what was refused, and who could not connect", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  using end = new Ending();
  const port = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
  });
  await using _gateway = gateway.process;
  const hub = await world.hub.connect("console");
  const password = generateSecret();
  const record: Device = {
    ...{ id: "boiler-1", role: "device", createdAtMs: 1 },
    credentials: [secretCredential(password)],
  };
  await (await Bucket.open(hub, "devices")).put(deviceKey(record.id), JSON.stringify(record));
  const rows = { readings: new Map<string, ReadingRow>(), topics: new Map<string, TopicRow>() };
  const events: LiveEvent[] = [];
  const hear = (kind: LiveDigestKind, take: (message: never) => void): void =>
    void followLive(hub, liveDigestSubject("eu", kind), (said) => take(said as never), end.signal);
  hear("readings", (said: ReadingsDigest) =>
    said.rows.forEach((row) => rows.readings.set(row[0], row)),
  );
  hear("topics", (said: TopicsDigest) => said.rows.forEach((row) => rows.topics.set(row[0], row)));
  hear("events", (said: EventsDigest) => void events.push(...said.events));
  const device = await eventually("the device may connect", () =>
    connectClient(port, { clientId: "boiler-1", username: "boiler-1", password }),
  );
  await using _device = device;
  const values = { ts: Date.now(), temperature: 20.5, humidity: 40 };
  const payload = JSON.stringify(values);
  await expect(
    connectClient(port, { clientId: "boiler-1x", username: "boiler-1", password: "wrong" }),
  ).rejects.toThrow();
  await device.publishAsync(TOPIC, "no JSON", { qos: 1 });
  await eventually("the refused message is told", () => rows.topics.size > 0);
  expect(rows.topics.get(TOPIC)).toMatchObject({
    ...{ 0: TOPIC, 1: 1, 3: "no JSON", 4: false, 5: "boiler-1", 7: "not_json" },
  });
  await device.publishAsync(TOPIC, payload, { qos: 1 });
  const row = await eventually("the reading is told", () => rows.readings.get("boiler-1") ?? false);
  expect([row[0], row[1], row[3], row[5]]).toEqual(["boiler-1", "climate", values.ts, TOPIC]);
  expect(row[7]).toEqual(values);
  expect(rows.topics.get(TOPIC)).toMatchObject({
    1: 2,
    3: payload,
    7: null,
  });
  await device.endAsync();
  await eventually("the events are told", () =>
    ["connected", "connect_refused", "reject", "connection_closed"].every((kind) =>
      events.some((event) => event.kind === kind),
    ),
  );
  expect(events.find(({ kind }) => kind === "connect_refused")).toMatchObject({
    ...{ clientId: "boiler-1x", address: "127.0.0.1" },
    ...{ reason: "authentication", detail: "bad_credentials" },
  });
  expect(events.find(({ kind }) => kind === "reject")).toMatchObject({
    ...{ device: "boiler-1", clientId: "boiler-1", reason: "not_json" },
  });
});

/** Ends whatever listens when a test does. */
class Ending implements Disposable {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  [Symbol.dispose](): void {
    this.#controller.abort();
  }
}
