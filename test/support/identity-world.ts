// A region with a real gateway, records that are written at the hub, and plain MQTT clients of them.
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { telemetryFilter, telemetryStream } from "../../contracts/names/subjects.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { IConnackPacket, IConnectPacket, IPublishPacket } from "mqtt-packet";
import { type Device, deviceKey } from "../../contracts/device.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { freePort } from "./free-port.ts";
import { RawClient, connectPacket, publishPacket } from "./mqtt-client.ts";
import { startHubAndRegions } from "./nats.ts";
import { type Service, startService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export type Version = 4 | 5;

export interface Login {
  readonly version: Version;
  readonly clientId: string;
  /** The record, if it has one, and its secret. */
  readonly as?: string;
  readonly secret?: string;
  readonly isKept?: boolean;
  readonly will?: { readonly topic: string; readonly payload: string };
}

export interface IdentityWorld extends AsyncDisposable {
  readonly gateway: Service;
  /** Of its MQTT listener. */
  readonly port: number;
  /** To the region's nats-server. */
  readonly connection: NatsConnection;
  /** Writes a record and returns its secret. */
  put(id: string, over?: Partial<Device>): Promise<string>;
  login(login: Login): Promise<{ client: RawClient; code: number; sessionPresent: boolean }>;
}

/** @param env further settings of the gateway. */
export async function startIdentityWorld(
  mappings: readonly object[],
  env: Record<string, string> = {},
): Promise<IdentityWorld> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory()).path;
  const nats = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const eu = nats.region("eu");
  const table = join(directory, "mappings.json");
  await writeFile(table, JSON.stringify({ mappings }));
  const port = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_NATS_URL: eu.urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_DATA_DIR: join(directory, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_MAPPINGS: table,
    SKERRY_LIMIT_WILL_GRACE_MS: "1000",
    ...env,
  });
  stack.use(gateway.process);
  const devices = await Bucket.open(await nats.hub.connect(), "devices");
  return {
    gateway,
    port,
    connection: await eu.connect(),
    put: async (id, over = {}) => {
      const secret = generateSecret();
      const credentials = [secretCredential(secret)];
      const device: Device = { id, role: "device", credentials, createdAtMs: Date.now(), ...over };
      await devices.put(deviceKey(id), JSON.stringify(device));
      return secret;
    },
    login: async ({ version, clientId, as, secret, isKept = false, will }) => {
      const client = await RawClient.open(port, version);
      const connect: Partial<IConnectPacket> = {
        ...{ clientId, protocolVersion: version, clean: !isKept },
        ...(as === undefined ? {} : { username: as, password: Buffer.from(secret!) }),
        ...(version === 5 && isKept ? { properties: { sessionExpiryInterval: 3600 } } : {}),
        ...(will
          ? { will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: false } }
          : {}),
      };
      client.send(connectPacket(connect));
      const connack = await client.until<IConnackPacket>(({ cmd }) => cmd === "connack");
      const code = connack.reasonCode ?? connack.returnCode ?? -1;
      return { client, code, sessionPresent: connack.sessionPresent };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Publishes, and waits for the last answer that its QoS has; the reason code of the first, 0 on MQTT 3.1.1. */
export async function say(client: RawClient, packet: Partial<IPublishPacket>): Promise<number> {
  const { qos = 1, messageId = 1 } = packet;
  const from = client.packets.length;
  client.send(publishPacket({ qos, messageId, ...packet }));
  if (qos === 0) {
    await client.settle();
    return 0;
  }
  const cmd = qos === 1 ? "puback" : "pubrec";
  const answer = await client.until((one) => one.cmd === cmd, { from });
  const code = (answer as { reasonCode?: number }).reasonCode ?? 0;
  if (qos === 2 && code < 0x80) {
    client.send({ cmd: "pubrel", messageId });
    await client.until((one) => one.cmd === "pubcomp", { from });
  }
  return code;
}

/** Values of contract `measurement` in the log of eu, of a device. */
export async function measuredValues(
  connection: NatsConnection,
  device: string,
): Promise<unknown[]> {
  const slice = { stream: telemetryStream("eu"), subject: telemetryFilter("eu"), from: 1 };
  const { lastSeq } = await new Streams(connection).state(slice.stream);
  const values: unknown[] = [];
  for await (const { data } of readStored(connection, slice, lastSeq))
    for (const { device: of, contract, payload } of decodeFrame(data).readings)
      if (of === device && contract === "measurement") values.push(payload["value"]);
  return values;
}
