// Goal: what a rule commands reaches its device where the engine signs and the gateway verifies, through restarts of both; a
// forged alert commands nothing, is set aside, and raises an alert; without keys all goes on, and the processes say so.
// Method: real servers, a real alerting engine and gateway, a device; alerts forged as the region's administrator.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IPublishPacket } from "mqtt-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { GatewayStatus } from "../../contracts/messages/status.ts";
import { alertSubject, alertsStream, alertSubjects } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { newSigningKey, publicPemOf } from "../../platform/nats/signed/trusted-keys.ts";
import { anAlert } from "../support/an-alert.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { RawClient, publishPacket } from "../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { type Service, makeService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const RULE = {
  ...{ id: "too-hot", version: 1, kind: "threshold", contract: "measurement", when: "value > 80" },
  commands: [
    { on: "firing", device: "valve", payload: { open: true } },
    { on: "resolved", device: "valve", payload: { open: false } },
  ],
};

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let eu: NatsConnection;
let directory: string;
let keys: Record<"engine" | "gateway", Record<string, string>>;
let port: number;

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  eu = await world.region("eu").connect();
  const pem = newSigningKey();
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  keys = {
    engine: {
      SKERRY_ENGINE_KEY_FILE: await write("engine.key", pem),
      SKERRY_RULES: await write("rules.json", JSON.stringify([RULE])),
    },
    gateway: {
      SKERRY_TRUSTED_ENGINE_KEYS_FILE: await write("engine-keys.pem", publicPemOf(pem)),
      SKERRY_VERIFIED_RECORDS_FILE: join(directory, "records.sqlite"),
    },
  };
  port = await freePort();
});
afterAll(() => stack.disposeAsync());

async function start(main: string, env: Record<string, string>): Promise<Service> {
  const service = await makeService(main, { SKERRY_REGION: "eu", ...env });
  stack.use(service.process);
  await service.process.start();
  return service;
}

const startGateway = (more: Record<string, string>): Promise<Service> =>
  start("gateway/main.ts", {
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_DATA_DIR: join(directory, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
    ...more,
  });

/** What waits for the valve, by alert. */
async function told(): Promise<string[]> {
  using valve = await RawClient.connect(port, { clientId: "valve", protocolVersion: 5 });
  const subscriptions = [{ topic: "devices/valve/commands/+", qos: 0 as const }];
  valve.send({ cmd: "subscribe", messageId: 1, subscriptions });
  await valve.until(({ cmd }) => cmd === "suback");
  await valve.settle();
  return valve.of<IPublishPacket>("publish").map(({ payload }) => payload.toString());
}

async function measure(value: number): Promise<void> {
  using sensor = await RawClient.connect(port, { clientId: "boiler", protocolVersion: 5 });
  const payload = JSON.stringify({ ts: Date.now(), value });
  sensor.send(publishPacket({ topic: "devices/boiler/telemetry/measurement", payload }));
  await sensor.until(({ cmd }) => cmd === "puback");
}

async function alerts(): Promise<{ alert: Alert; isSigned: boolean }[]> {
  const found = [];
  const slice = { stream: alertsStream("eu"), subject: alertSubjects("eu"), from: 1 };
  for await (const { data, signature } of readStored(eu, slice))
    found.push({ alert: jsonOf<Alert>(data), isSigned: signature !== undefined });
  return found;
}

test("a rule's commands arrive, signed, through restarts; a forged alert commands nothing and is told", async () => {
  const gateway = await startGateway(keys.gateway);
  const engine = await start("gateway/alerting/main.ts", {
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    ...keys.engine,
  });
  await measure(90);
  await eventually("the valve is told to open", async () => (await told()).length === 1);
  expect(await told()).toEqual(['{"open":true}']);
  await engine.process.restart();
  await gateway.process.restart();
  expect(await told()).toEqual(['{"open":true}']);

  const command = { device: "valve", payload: { open: "wide" }, expiresMs: 60_000 };
  const forged = anAlert({ rule: "too-hot", key: "oven", commands: [command] });
  await eu
    .jetstream()
    .publish(alertSubject(forged), JSON.stringify({ ...forged, receivedAtMs: Date.now() }));
  await eventually(
    "it is counted",
    async () => (await gateway.status<GatewayStatus>()).setAside === 1,
  );
  await eventually("it is told", async () =>
    (await alerts()).some(({ alert }) => alert.rule === "record_set_aside"),
  );
  const [aside] = (await alerts()).filter(({ alert }) => alert.rule === "record_set_aside");
  expect(aside!.alert.key).toContain("unverified");
  expect(gateway.process.output).toContain("its commands are not sent: it is not signed");

  await measure(20);
  await eventually("the engine takes its own back", async () =>
    (await told()).includes('{"open":false}'),
  );
  expect(await told()).toEqual(['{"open":false}']);
  const signed = (await alerts())
    .filter(({ isSigned }) => isSigned)
    .map(({ alert }) => alert.state);
  expect(signed).toEqual(["firing", "resolved"]);
  await engine.process.stop();
  await gateway.process.stop();
});

test("without keys commands of every alert are sent, and both say so", async () => {
  const gateway = await startGateway({ SKERRY_DATA_DIR: join(directory, "another") });
  await gateway.process.said(/commands of alerts are sent to devices, whoever wrote the alert/);
  const engine = await start("gateway/alerting/main.ts", {
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
  });
  await engine.process.said(/alerts with commands are written unsigned/);
  const command = { device: "valve", payload: { open: "wide" }, expiresMs: 60_000 };
  const alert = anAlert({ id: "a9", key: "stove", commands: [command], receivedAtMs: Date.now() });
  await eu.jetstream().publish(alertSubject(alert), JSON.stringify(alert));
  await eventually("it is sent", async () => (await told()).includes('{"open":"wide"}'));
});
