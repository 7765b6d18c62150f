// `npm run interop -- clients DIRECTORY`: clients that are not ours do a device's ordinary job against the product as it is started,
// while its gateway is killed twice: readings at QoS 1, each until it is acknowledged, and an answer to a command.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { telemetryFilter, telemetryStream } from "../../contracts/names/subjects.ts";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { eventually } from "../support/eventually.ts";
import { Launcher } from "../support/launcher.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const CLIENTS = join(import.meta.dirname, "clients");
const COUNT = 300;
/** The gateway is killed when so many are acknowledged. */
const KILL_AT: readonly number[] = [80, 180];
const WITHIN_MS = 180_000;

interface Client {
  readonly name: string;
  /** The program and its arguments; what was built is below the directory that is named on the command line. */
  readonly command: (built: string) => readonly [string, ...string[]];
}

const python = (file: string, ...args: string[]): Client["command"] => {
  return (built) => [join(built, "py/bin/python"), join(CLIENTS, file), ...args];
};
const ALL: readonly Client[] = [
  { name: "paho-mqtt (Python), MQTT 3.1.1", command: python("python-paho.py", "4") },
  { name: "paho-mqtt (Python), MQTT 5", command: python("python-paho.py", "5") },
  { name: "aiomqtt", command: python("python-aiomqtt.py") },
  { name: "gmqtt", command: python("python-gmqtt.py") },
  ...["4", "5"].map((version) => ({
    name: `mqtt.js, MQTT ${version === "4" ? "3.1.1" : "5"}`,
    command: (): [string, ...string[]] => [process.execPath, join(CLIENTS, "mqttjs.mjs"), version],
  })),
  ...["4", "5"].map((version) => ({
    name: version === "4" ? "paho.mqtt.golang, MQTT 3.1.1" : "paho.golang with autopaho, MQTT 5",
    command: (built: string): [string, ...string[]] => [join(built, "go-client"), version],
  })),
  {
    name: "rumqttc (Rust), MQTT 3.1.1",
    command: (built) => [join(built, "rust-rumqttc/target/release/interop")],
  },
  { name: "mosquitto_pub and mosquitto_sub", command: () => ["sh", join(CLIENTS, "mosquitto.sh")] },
];

interface Addresses {
  readonly nats: Readonly<Record<"eu", string>>;
}

/** The values that the region's log has of a device, in the order in which they were stored. */
async function stored(nats: string, device: string): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const connection = await connectOnce({ url: nats, reconnect: false, timeoutMs: 5_000 });
  stack.defer(() => connection.close());
  const slice = { stream: telemetryStream("eu"), subject: telemetryFilter("eu"), from: 1 };
  const values: number[] = [];
  for await (const { data } of readStored(connection, slice))
    for (const { device: of, contract, payload } of decodeFrame(data).readings)
      if (of === device && contract === "measurement") values.push(Number(payload["value"]));
  return values;
}

interface Setting {
  readonly data: string;
  readonly launcher: Launcher;
  readonly port: number;
  readonly built: string;
}

/** Resolves to what is wrong, or to an empty text. */
async function check(client: Client, { data, launcher, port, built }: Setting): Promise<string> {
  const device = client.name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();
  const told = async (...args: string[]): Promise<string> => {
    const { code, out } = await skerry([...args, "--data-dir", data]);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${out}`);
    return out.trim();
  };
  const secret = (await told("devices", "add", device)).split(/\s+/).at(-1)!;
  const [program, ...args] = client.command(built);
  const child = spawn(program, args, {
    cwd: CLIENTS,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      SKERRY_HOST: "127.0.0.1",
      SKERRY_PORT: String(port),
      SKERRY_DEVICE: device,
      SKERRY_SECRET: secret,
      SKERRY_COUNT: String(COUNT),
    },
  });
  const ended = once(child, "exit");
  const late = setTimeout(() => child.kill("SIGKILL"), WITHIN_MS);
  const sent = await follow(child, launcher);
  const command = await told("commands", "send", device, "--payload", "{}");
  await ended;
  clearTimeout(late);
  if (child.exitCode !== 0) return `it ended with ${child.exitCode ?? child.signalCode}`;
  const { nats } = JSON.parse(readFileSync(join(data, "addresses.json"), "utf8")) as Addresses;
  const values = await stored(nats.eu, device);
  const missing = Array.from({ length: COUNT }, (_, n) => n).filter((n) => !values.includes(n));
  if (sent < COUNT || missing.length > 0)
    return `${sent} of ${COUNT} acknowledged, ${missing.length} not stored`;
  if (values.length > COUNT) return `${values.length - COUNT} stored twice`;
  const state = await eventually(
    "the answer is known",
    async () => {
      const said = await told("commands", "status", command);
      return said.includes("delivered") && said;
    },
    20_000,
  ).catch(String);
  return state.includes("delivered") ? "" : state;
}

/** Kills the gateway on the way. Resolves to how many were acknowledged, once that is all or the program has ended. */
async function follow(child: ChildProcess, launcher: Launcher): Promise<number> {
  let [acknowledged, kills] = [0, 0];
  for await (const line of createInterface({ input: child.stdout! })) {
    acknowledged = Math.max(acknowledged, Number(/^acknowledged (\d+)/.exec(line)?.[1] ?? 0));
    if (acknowledged >= (KILL_AT[kills] ?? Infinity)) {
      kills += 1;
      process.kill(launcher.pids()["gateway-eu"]!, "SIGKILL");
    }
    if (acknowledged >= COUNT) break;
  }
  child.stdout!.resume();
  return acknowledged;
}

/**
 * Runs the clients one after the other.
 * @param built where README.md says that they are built.
 * @returns how many failed.
 */
export async function runClients(built: string, portBase: number, only?: string): Promise<number> {
  await using data = await temporaryDirectory();
  await using launcher = new Launcher(data.path, [
    ...["--port-base", String(portBase), "--devices", "0", "--no-demo-rules"],
  ]);
  const addresses = join(data.path, "addresses.json");
  await eventually("everything is started", () => existsSync(addresses), 240_000);
  await sleep(2_000);
  let failures = 0;
  for (const client of ALL) {
    if (only !== undefined && !client.name.includes(only)) continue;
    const [program] = client.command(built);
    if (program.includes("/") && !existsSync(program)) {
      console.log(`${client.name}: not run, ${program} is not there`);
      continue;
    }
    const of = { data: data.path, launcher, port: portBase + 12, built };
    const wrong = await check(client, of).catch((error: unknown) => String(error));
    if (wrong !== "") failures += 1;
    console.log(
      `${client.name}: ${wrong === "" ? `${COUNT} of ${COUNT} stored, each once, command answered; gateway killed ${KILL_AT.length} times` : `FAILED: ${wrong}`}`,
    );
  }
  return failures;
}
