// One region at its edge: a real nats-server, a gateway, and devices that write down every PUBACK.
import { join } from "node:path";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { SimulatorStatus } from "../../contracts/messages/status.ts";
import { freePort } from "./free-port.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { type NatsWorld, startHubAndRegions } from "./nats.ts";
import { type Service, missingFromLog, startService } from "./services.ts";

export interface Edge extends AsyncDisposable {
  readonly nats: NatsWorld;
  readonly gateway: Service;
  readonly devices: Service;
  readonly mqttUrl: string;
  readonly connection: NatsConnection;
  acknowledged(): Promise<number>;
  /** Stops the devices (they wait for what is in flight) and compares their ledger with the log. */
  settle(): ReturnType<typeof missingFromLog>;
}

export async function startEdge(options: {
  devices: number;
  partitions?: number;
  rate: number;
  logBytesMax?: number;
}): Promise<Edge> {
  const { partitions = 1 } = options;
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const nats = stack.use(
    await startHubAndRegions({
      partitions,
      regions: ["eu"],
      ...(options.logBytesMax === undefined ? {} : { logBytesMax: options.logBytesMax }),
    }),
  );
  const mqttPort = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: nats.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_DATA_DIR: join(directory.path, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_PARTITIONS: String(partitions),
  });
  stack.use(gateway.process);
  const mqttUrl = `mqtt://127.0.0.1:${mqttPort}`;
  const ledger = join(directory.path, "ledger.jsonl");
  const devices = await startService("device-sim/main.ts", {
    SKERRY_GATEWAYS: `eu=${mqttUrl}`,
    SKERRY_DEVICES: String(options.devices),
    SKERRY_RATE: String(options.rate),
    SKERRY_LEDGER: ledger,
  });
  stack.use(devices.process);
  const connection = await nats.region("eu").connect();
  return {
    nats,
    gateway,
    devices,
    mqttUrl,
    connection,
    acknowledged: async () => (await devices.status<SimulatorStatus>()).acknowledged,
    settle: async () => {
      await devices.process.stop("SIGTERM");
      return missingFromLog(ledger, connection, "eu");
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
