// A whole region and hub (gateway, engine, aggregator, InfluxDB) with the console, and a device that is connected.
import { join } from "node:path";
import { type MqttClient, connectAsync } from "mqtt";
import { makeAggregator } from "./aggregator.ts";
import { type ConsoleUnderTest, startConsole } from "./console.ts";
import { freePort } from "./free-port.ts";
import { startInflux } from "./influx.ts";
import { startHubAndRegions } from "./nats.ts";
import { startService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface ConsoleRegion {
  readonly api: ConsoleUnderTest;
  /** Client `room-1`, anonymous. */
  readonly device: MqttClient;
  readonly mqttUrl: string;
}

/** @param stack that ends all of it. */
export async function startConsoleRegion(stack: AsyncDisposableStack): Promise<ConsoleRegion> {
  const directory = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const influx = stack.use(await startInflux());
  const [mqttPort, wsPort] = [await freePort(), await freePort()];
  const mqttUrl = `mqtt://127.0.0.1:${mqttPort}`;
  const env = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" };
  const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
  const started = await Promise.all([
    startService("gateway/main.ts", {
      ...env,
      SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
      SKERRY_MQTT_PORT: String(mqttPort),
      SKERRY_WS_PORT: String(wsPort),
      SKERRY_DATA_DIR: join(directory.path, "gateway"),
      SKERRY_ANONYMOUS: "loopback",
    }),
    startService("gateway/alerting/main.ts", {
      ...env,
      SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    }),
    aggregator.process.start(),
  ]);
  stack.use(started[0].process);
  stack.use(started[1].process);
  stack.use(aggregator.process);
  const api = stack.use(
    await startConsole(world, ["eu"], {
      SKERRY_PARTITIONS: "1",
      SKERRY_INFLUX_URL: influx.url,
      SKERRY_CONSOLE_MQTT: `eu=ws://127.0.0.1:${wsPort}`,
    }),
  );
  const device = await connectAsync(mqttUrl, { clientId: "room-1", protocolVersion: 5 });
  stack.defer(() => device.endAsync(true));
  return { api, device, mqttUrl };
}
