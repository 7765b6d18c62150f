// Goal: what a bridge repeats from its memory is no reading, through restarts of the bridge and of the gateway;
// what devices send is one each, behind a bridge or not.
// Method: a real Mosquitto that bridges to a gateway process, an alerting engine with a rule of silence.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { AlertingStatus, GatewayStatus } from "../../contracts/messages/status.ts";
import {
  alertSubjects,
  alertsStream,
  telemetryFilter,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startBridge } from "../support/mosquitto.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { type Service, startService } from "../support/services.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MAPPINGS = join(import.meta.dirname, "../../infra/mappings/examples.json");
const SILENT_MS = 3_000;

const stack = new AsyncDisposableStack();
let directory: string;
let connection: NatsConnection;
let gateway: Service;
let engine: Service;
let port: number;

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const eu = world.region("eu");
  connection = await eu.connect();
  port = await freePort();
  const rules = join(directory, "rules.json");
  const rule = { id: "climate-silent", version: 1, kind: "absence", contract: "climate" };
  await writeFile(
    rules,
    JSON.stringify([{ ...rule, for: `${SILENT_MS / 1000}s`, severity: "critical" }]),
  );
  const common = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" };
  gateway = await startService("gateway/main.ts", {
    ...common,
    SKERRY_NATS_URL: eu.urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_DATA_DIR: join(directory, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_MAPPINGS: MAPPINGS,
  });
  stack.use(gateway.process);
  engine = await startService("gateway/alerting/main.ts", {
    ...common,
    SKERRY_NATS_URL: eu.urlOf("alerting"),
    SKERRY_RULES: rules,
  });
  stack.use(engine.process);
});
afterAll(() => stack.disposeAsync());

/** Readings of a device in the log, but those of its presence. */
async function storedOf(device: string): Promise<number> {
  const slice = { stream: telemetryStream("eu"), subject: telemetryFilter("eu"), from: 1 };
  const { lastSeq } = await new Streams(connection).state(slice.stream);
  let count = 0;
  for await (const { data } of readStored(connection, slice, lastSeq))
    for (const reading of decodeFrame(data).readings)
      if (reading.device === device && reading.contract !== "presence") count += 1;
  return count;
}

/** The steps of the alert of a device's silence. */
async function stepsOf(device: string): Promise<string[]> {
  const slice = { stream: alertsStream("eu"), subject: alertSubjects("eu"), from: 1 };
  const { lastSeq } = await new Streams(connection).state(slice.stream);
  const steps: string[] = [];
  for await (const { data } of readStored(connection, slice, lastSeq)) {
    const { key, state } = jsonOf<Alert>(data);
    if (key === device) steps.push(state);
  }
  return steps;
}

const repeats = async (): Promise<number> => (await gateway.status<GatewayStatus>()).bridgeRepeats;

/** The engine has seen all that the gateway had written by now. */
async function seen(): Promise<void> {
  const { lastSeq } = await new Streams(connection).state(telemetryStream("eu"));
  await eventually("the engine has seen it", async () => {
    const { lanes } = await engine.status<AlertingStatus>();
    return lanes[0]!.doneSeq > lastSeq;
  });
}

async function publish(to: number, topic: string, payload: string, retain: boolean): Promise<void> {
  await using client = await connectClient(to);
  await client.publishAsync(topic, payload, { qos: 1, retain });
}

const SITES = [
  ["says so in its CONNECT", "site-1", []],
  ["hides it and is known by its client id", "site-bridge", ["try_private false"]],
] as const;

test.each(SITES)(
  "a bridge that %s: no restart of it or of the gateway brings a silent sensor back, its next value does",
  async (_, clientId, own) => {
    const device = `shellyht-${clientId}`;
    const topic = `shellies/${device}/sensor/temperature`;
    const lines = ["topic shellies/# out 1", "cleansession true", ...own];
    const bridge = await startBridge({ directory, to: port, clientId, lines });
    await using _bridge = bridge.process;
    const before = await repeats();
    const outcome = async () => [await storedOf(device), await stepsOf(device)];

    await publish(bridge.port, topic, "21.5", true);
    await eventually("it is stored", async () => (await storedOf(device)) === 1);
    await eventually("its silence is told", async () => (await stepsOf(device)).length === 1);

    await bridge.process.stop();
    await bridge.process.start();
    await eventually("it repeats", async () => (await repeats()) === before + 1);
    await seen();
    expect(await outcome()).toEqual([1, ["firing"]]);

    // A restart of the gateway makes every bridge connect and repeat what it has.
    await gateway.process.restart();
    await eventually("it repeats to the next process", async () => (await repeats()) === 1);
    await seen();
    expect(await outcome()).toEqual([1, ["firing"]]);
    const { bridges } = await gateway.status<GatewayStatus>();
    const knownBy = own.length === 0 ? "connect" : "client_id";
    expect(bridges).toEqual([{ name: clientId, knownBy, repeats: 1 }]);
    expect(await (await fetch(gateway.url("metrics"))).text()).toMatch(
      /^skerry_gateway_bridge_repeats_total(?:\{[^}]*\})? 1\b/m,
    );

    await publish(bridge.port, topic, "21.5", true);
    await eventually("it is back", async () => (await stepsOf(device))[1] === "resolved");
    expect([await storedOf(device), await repeats()]).toEqual([2, 1]);
  },
);

test.each(["footbridge-7", "foot-bridge", "cambridge-3"])(
  "a device %s that retains each of its values sends new readings, equal ones too",
  async (clientId) => {
    const before = await repeats();
    for (let time = 1; time <= 3; time++) {
      await using client = await connectClient(port, { clientId });
      const topic = `shellies/${clientId}/sensor/temperature`;
      for (let value = 0; value < 2; value++)
        await client.publishAsync(topic, "21.5", { qos: 1, retain: true });
    }
    expect(await storedOf(clientId)).toBe(6);
    expect(await repeats()).toBe(before);
  },
);

test("what a bridge with a session gathered while its link was down is stored, equal values too", async () => {
  const link = await freePort();
  const lines = ["topic sensors/# out 1", "cleansession false", "try_private false"];
  const up = await TcpProxy.listen(link, port);
  const bridge = await startBridge({ directory, to: link, clientId: "plant-bridge", lines });
  await using _bridge = bridge.process;
  await publish(bridge.port, "sensors/probe/pulse", "1", false);
  await eventually("the link is up", async () => (await storedOf("probe")) === 1);
  await up[Symbol.asyncDispose]();
  {
    await using client = await connectClient(bridge.port);
    const all: Promise<unknown>[] = [];
    for (let value = 1; value <= 60; value++) {
      all.push(client.publishAsync("sensors/pulses/pulse", "1", { qos: 1 }));
      all.push(client.publishAsync("sensors/counts/counter", String(value), { qos: 1 }));
    }
    await Promise.all(all);
  }
  expect([await storedOf("pulses"), await storedOf("counts")]).toEqual([0, 0]);
  await using _ = await TcpProxy.listen(link, port);
  await eventually("all are stored", async () => {
    const [pulses, counts] = [await storedOf("pulses"), await storedOf("counts")];
    return pulses >= 60 && counts >= 60;
  });
  await seen();
  expect([await storedOf("pulses"), await storedOf("counts")]).toEqual([60, 60]);
});
