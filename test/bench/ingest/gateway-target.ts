// This gateway as it is deployed in a region: contracts, one rule, JetStream file store.
//
// The region runs with its WAN down: the hub is started to apply the topology and then killed, so
// that mirroring to the cloud, which no other target does, is not paid for on the same two cores.
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { decodeFrame } from "../../../contracts/messages/frame.ts";
import { telemetryStream } from "../../../contracts/names/subjects.ts";
import { SCHEMAS_DIRECTORY } from "../../../contracts/schema/catalog.ts";
import { startHubAndRegions } from "../../support/nats.ts";
import { freePort } from "../../support/free-port.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { placeLinkFiles } from "../links.ts";
import type { AccessControl } from "./credentials.ts";
import { type Target, startOtlpSink } from "./targets.ts";
import { SEQUENCE_BASE, type Shape, contractOf } from "./shape.ts";

const PROJECT = join(import.meta.dirname, "../../..");
const REGION = "eu";
/** Above anything a run writes: a full log would measure refusals. */
const LOG_BYTES_MAX = 16 * 1024 ** 3;
const FRAMES_READ_AHEAD = 256;

/** Share of readings that get a trace, where telemetry is on: the product's default. */
const TRACE_SHARE = "0.01";

/** As it is; traced; spoken to in MQTT 5; with TLS on NATS; with TLS on NATS and for devices. */
export type OurTarget = "gateway" | "gatewayTraced" | "gatewayV5" | "gatewayTls" | "gatewayMqtts";

export interface GatewayOptions {
  readonly name: OurTarget;
  readonly access: AccessControl;
  readonly devices: number;
  /** What they are registered as. */
  readonly role: "device" | "bridge";
  /** Of the readings, if they are not those of the contract `environment`. */
  readonly shape: Shape | undefined;
  /** Writes CPU profiles of the gateway there when it stops. */
  readonly profileDirectory: string | undefined;
  readonly dataDirectory: string;
  /** Further settings of the gateway. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Stored {
  /** Readings in the stream. */
  readonly readings: number;
  readonly frames: number;
  /** Devices whose sequence numbers have a hole, a repeat or a wrong start. */
  readonly devicesAtFault: readonly string[];
}

export interface GatewayTarget extends Target {
  readonly gateway: ServerProcess;
  /** Reads the whole stream back. */
  stored(): Promise<Stored>;
}

export async function startGateway(
  stack: AsyncDisposableStack,
  options: GatewayOptions,
): Promise<GatewayTarget> {
  const isMqtts = options.name === "gatewayMqtts";
  const files =
    isMqtts || options.name === "gatewayTls" ? await placeLinkFiles(stack, [REGION]) : null;
  const world = stack.use(
    await startHubAndRegions({
      regions: [REGION],
      logBytesMax: LOG_BYTES_MAX,
      ...(files && { tls: files.world }),
    }),
  );
  const region = world.region(REGION);
  const nats = await region.connect();
  const stream = telemetryStream(REGION);
  const { credentials, env } = await options.access.provision({
    hub: await world.hub.connect(),
    region: nats,
    devices: options.devices,
    role: options.role,
  });
  await world.hub.process.kill();

  const schemas = options.shape && (await schemasOf(options.shape, options.dataDirectory));
  const ofSchemas = schemas === undefined ? {} : { SKERRY_SCHEMAS: schemas };
  const receiver = options.name === "gatewayTraced" ? await startOtlpSink(stack) : null;
  const telemetry = receiver && {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    SKERRY_TRACE_SHARE: TRACE_SHARE,
  };
  const port = await freePort();
  const profile = options.profileDirectory
    ? ["--cpu-prof", "--cpu-prof-dir", options.profileDirectory]
    : [];
  const gateway = await startService(stack, "gateway/main.ts", profile, {
    SKERRY_NATS_URL: region.urlOf("gateway"),
    ...(isMqtts
      ? { SKERRY_MQTT_PORT: "none", SKERRY_MQTTS_PORT: String(port), ...files?.mqttEnv }
      : { SKERRY_MQTT_PORT: String(port) }),
    ...files?.env,
    SKERRY_DATA_DIR: options.dataDirectory,
    // One connection shall show what one connection can do, not what one device is allowed.
    SKERRY_LIMIT_PUBLISH_RATE_PER_SECOND: "1000000",
    SKERRY_LIMIT_PUBLISH_BURST: "1000000",
    // Nor how many devices a bridge may make up.
    SKERRY_UNREGISTERED_DEVICES_MAX: "100000000",
    ...env,
    ...ofSchemas,
    ...telemetry,
    ...options.env,
  });
  const alerting = await startService(stack, "gateway/alerting/main.ts", [], {
    SKERRY_NATS_URL: region.urlOf("alerting"),
    SKERRY_RULES: join(PROJECT, "infra/local/rules.json"),
    ...files?.env,
    ...ofSchemas,
    ...telemetry,
  });
  return {
    name: options.name,
    port,
    isTls: isMqtts,
    credentials,
    gateway,
    pids: {
      broker: gateway.pid!,
      natsServer: region.process.pid!,
      alerting: alerting.pid!,
      ...(receiver && { receiver: receiver.pid }),
    },
    stored: () => readBack(nats, stream),
  };
}

/** The contracts that ship, and that of such readings; resolves to their directory. */
async function schemasOf(shape: Shape, dataDirectory: string): Promise<string> {
  const directory = `${dataDirectory}-schemas`;
  await cp(SCHEMAS_DIRECTORY, directory, { recursive: true });
  const { path, text } = contractOf(shape);
  await mkdir(dirname(join(directory, path)));
  await writeFile(join(directory, path), text);
  return directory;
}

async function startService(
  stack: AsyncDisposableStack,
  main: string,
  execArgs: readonly string[],
  env: Record<string, string>,
): Promise<ServerProcess> {
  const status = await freePort();
  const service = new ServerProcess({
    name: main,
    program: process.execPath,
    args: [...execArgs, join(PROJECT, main)],
    env: {
      SKERRY_STATUS_PORT: String(status),
      SKERRY_REGION: REGION,
      SKERRY_LOG_LEVEL: "warn",
      ...env,
    },
    ready: async () => (await fetch(`http://127.0.0.1:${status}/readyz`)).ok,
  });
  stack.use(service);
  await service.start();
  return service;
}

/** Every device starts at the same number and rises by one, so order alone shows holes and repeats. */
async function readBack(nats: NatsConnection, stream: string): Promise<Stored> {
  const manager = await nats.jetstreamManager();
  const last = (await manager.streams.info(stream)).state.last_seq;
  const devices = new Map<string, { next: number; broken: boolean }>();
  let readings = 0;
  let frames = 0;
  if (last > 0) {
    const consumer = await nats.jetstream().consumers.get(stream);
    const messages = await consumer.consume({ max_messages: FRAMES_READ_AHEAD });
    for await (const message of messages) {
      const frame = decodeFrame(message.data);
      frames += 1;
      for (const { device, contract, payload } of frame.readings) {
        if (contract === "presence") continue; // The gateway's own, of connections made and lost.
        readings += 1;
        let seen = devices.get(device);
        if (!seen) devices.set(device, (seen = { next: SEQUENCE_BASE, broken: false }));
        if (payload["seq"] !== seen.next) seen.broken = true;
        seen.next = Number(payload["seq"]) + 1;
      }
      if (message.seq >= last) break;
    }
  }
  const devicesAtFault = [...devices].filter(([, { broken }]) => broken).map(([device]) => device);
  return { readings, frames, devicesAtFault };
}
