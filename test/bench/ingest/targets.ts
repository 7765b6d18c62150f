// What the load is sent to. All of them run during the whole benchmark; only one is under load.
import { mkdir, writeFile } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { connectOnce } from "../../../platform/nats/client/connection.ts";
import { freePort } from "../../support/free-port.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { type Credentials, connectBytes } from "./wire.ts";

export const TARGET_NAMES = [
  "gateway",
  "gatewayTraced",
  "gatewayV5",
  "gatewayTls",
  "gatewayMqtts",
  "natsMqtt",
  "mosquitto",
  "bareAedes",
  "sink",
] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

export interface Target {
  readonly name: TargetName;
  readonly port: number;
  /** Devices use TLS. */
  readonly isTls?: boolean;
  /** Processes by role; the one called `broker` holds the MQTT connections. */
  readonly pids: Readonly<Record<string, number>> & { readonly broker: number };
  /** By device index; empty means anonymous. */
  readonly credentials: readonly Credentials[];
}

const SERVERS = join(import.meta.dirname, "../servers");
const HOST = "127.0.0.1";

/** True once something at this port answers a CONNECT. */
const answersMqtt = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(port, HOST, () => socket.write(connectBytes("ready")));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("data", (answer: Buffer) => {
      resolve(answer[0] === 0x20);
      socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(false));
  });

type Start = (stack: AsyncDisposableStack, directory: string) => Promise<Target>;

async function serve(
  stack: AsyncDisposableStack,
  name: TargetName,
  command: { program: string; args: readonly string[]; port: number },
): Promise<Target> {
  const server = new ServerProcess({
    name,
    ...command,
    env: {},
    ready: () => answersMqtt(command.port),
  });
  stack.use(server);
  await server.start();
  return { name, port: command.port, pids: { broker: server.pid! }, credentials: [] };
}

const serveNode = async (
  stack: AsyncDisposableStack,
  name: TargetName,
  script: string,
): Promise<Target> => {
  const port = await freePort();
  const args = [join(SERVERS, script), String(port)];
  return serve(stack, name, { program: process.execPath, args, port });
};

/** Something that takes OTLP over HTTP, for a target that sends it. */
export async function startOtlpSink(
  stack: AsyncDisposableStack,
): Promise<{ url: string; pid: number }> {
  const port = await freePort();
  const url = `http://${HOST}:${port}`;
  const server = new ServerProcess({
    name: "OTLP receiver",
    program: process.execPath,
    args: [join(SERVERS, "otlp-sink.ts"), String(port)],
    env: {},
    ready: async () => (await fetch(url)).ok,
  });
  stack.use(server);
  await server.start();
  return { url, pid: server.pid! };
}

export const startSink: Start = (stack) => serveNode(stack, "sink", "sink.ts");

export const startBareAedes: Start = (stack) => serveNode(stack, "bareAedes", "bare-aedes.ts");

/** Mosquitto as it is without a configuration of persistence: PUBACK means received. */
export const startMosquitto =
  (program: string): Start =>
  async (stack, directory) => {
    const port = await freePort();
    const configuration = join(directory, "mosquitto.conf");
    const lines = [
      `listener ${port} ${HOST}`,
      "allow_anonymous true",
      "persistence false",
      // Its log of every connection would be written while we measure.
      "log_type error",
    ];
    await writeFile(configuration, `${lines.join("\n")}\n`);
    return serve(stack, "mosquitto", { program, args: ["-c", configuration], port });
  };

/**
 * nats-server's own MQTT. Its PUBACK follows the acknowledgement of its own `$MQTT_msgs` stream; the
 * stream on the same topics is filled by the same publish and gives the publisher no promise.
 */
export const startNatsMqtt =
  (program: string): Start =>
  async (stack, directory) => {
    const [client, port] = [await freePort(), await freePort()];
    const store = join(directory, "nats-mqtt");
    await mkdir(store);
    const configuration = join(directory, "nats-mqtt.conf");
    const lines = [
      "server_name: mqtt",
      `listen: "${HOST}:${client}"`,
      `jetstream { store_dir: "${store}" }`,
      `mqtt { listen: "${HOST}:${port}" }`,
    ];
    await writeFile(configuration, `${lines.join("\n")}\n`);
    const args = ["-c", configuration];
    const target = await serve(stack, "natsMqtt", { program, args, port });
    const connection = await connectOnce({
      url: `nats://${HOST}:${client}`,
      reconnect: false,
      timeoutMs: 2_000,
    });
    const manager = await connection.jetstreamManager();
    await manager.streams.add({
      name: "TELEMETRY",
      subjects: ["devices.*.telemetry.*"], // An MQTT `/` is a NATS `.`
      num_replicas: 1,
      max_bytes: 8 * 1024 ** 3,
    });
    await connection.close();
    return target;
  };
