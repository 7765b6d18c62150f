// A region with a real gateway that takes HTTP, and what its log and its rejects hold.
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Device, deviceKey } from "../../contracts/device.ts";
import { type FrameReading, decodeFrame } from "../../contracts/messages/frame.ts";
import type { Reject } from "../../contracts/messages/reject.ts";
import {
  rejectSubjects,
  rejectsStream,
  telemetryFilter,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { freePort } from "./free-port.ts";
import { type NatsWorld, startHubAndRegions } from "./nats.ts";
import { type Service, makeService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A contract whose readings only their place in the log tells apart. */
const PLAIN = {
  ...{ title: "plain", type: "object", "x-partition-key": "device", additionalProperties: false },
  properties: { value: { type: "number", "x-unit": "1", "x-role": "field" } },
};

export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface HttpWorld extends AsyncDisposable {
  readonly nats: NatsWorld;
  /** To the region's nats-server. */
  readonly connection: NatsConnection;
  readonly gateway: Service;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly url: string;
  /** Writes a record and returns its secret. */
  put(id: string, over?: Partial<Device>): Promise<string>;
  post(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Posted>;
  /** The readings of a device that are in the log. */
  logged(device: string): Promise<FrameReading[]>;
  rejects(device: string): Promise<Reject[]>;
}

/** @param env further settings of the gateway. */
export async function startHttpWorld(env: Record<string, string> = {}): Promise<HttpWorld> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory()).path;
  const nats = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const eu = nats.region("eu");
  const schemas = join(directory, "schemas");
  await cp(SCHEMAS_DIRECTORY, schemas, { recursive: true });
  await mkdir(join(schemas, "plain"));
  await writeFile(join(schemas, "plain/v1.json"), JSON.stringify(PLAIN));
  const [httpPort, mqttPort] = [await freePort(), await freePort()];
  const gateway = await makeService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_NATS_URL: eu.urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_HTTP_PORT: String(httpPort),
    SKERRY_DATA_DIR: join(directory, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_SCHEMAS: schemas,
    ...env,
  });
  stack.use(gateway.process);
  await gateway.process.start();
  const devices = await Bucket.open(await nats.hub.connect(), "devices");
  const connection = await eu.connect();
  const url = `http://127.0.0.1:${httpPort}`;
  return {
    ...{ nats, connection, gateway, httpPort, mqttPort, url },
    put: async (id, over = {}) => {
      const secret = generateSecret();
      const credentials = [secretCredential(secret)];
      const device: Device = { id, role: "device", credentials, createdAtMs: Date.now(), ...over };
      await devices.put(deviceKey(id), JSON.stringify(device));
      return secret;
    },
    post: async (path, body, headers = {}) => {
      const signal = AbortSignal.timeout(40_000);
      const all = { "content-type": "application/json", ...headers };
      const sent = { method: "POST", body: body as string, headers: all, signal };
      const answer = await fetch(`${url}${path}`, sent);
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json") === true;
      const json = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
      return { status: answer.status, headers: answer.headers, text, json };
    },
    logged: async (device) => {
      const slice = { stream: telemetryStream("eu"), subject: telemetryFilter("eu"), from: 1 };
      const found: FrameReading[] = [];
      for await (const { data } of readStored(connection, slice))
        found.push(...decodeFrame(data).readings.filter((reading) => reading.device === device));
      return found;
    },
    rejects: async (device) => {
      const slice = { stream: rejectsStream("eu"), subject: rejectSubjects("eu"), from: 1 };
      const found: Reject[] = [];
      for await (const { data } of readStored(connection, slice)) {
        const reject = JSON.parse(Buffer.from(data).toString("utf8")) as Reject;
        if (reject.device === device) found.push(reject);
      }
      return found;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

/** A reading of contract environment. */
export const environment = (seq: number, over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    ...{ seq, temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 0 },
    ...over,
  });
