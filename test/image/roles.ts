// Processes in containers of their own, against a real hub, region and InfluxDB on this machine.
import { connectAsync } from "mqtt";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { logContents } from "../support/services.ts";
import { type Container, startContainer } from "./container.ts";

const CHANNELS = "/opt/skerry/dist/infra/examples/channels.json";
const READY_WITHIN_MS = 60_000;

/** A container that says itself that it is ready. */
async function startReady(
  image: string,
  role: string,
  env: Record<string, string>,
): Promise<Container> {
  const SKERRY_STATUS_PORT = String(await freePort());
  const container = await startContainer({
    image,
    args: [role],
    env: { SKERRY_STATUS_PORT, ...env },
  });
  try {
    await eventually(
      `${role} is healthy`,
      async () => (await container.health())?.trim() === "ready",
      READY_WITHIN_MS,
    );
    return container;
  } catch (error) {
    const logs = await container.logs();
    await container[Symbol.asyncDispose]();
    throw new Error(`${String(error)}\n${logs.slice(-2_000)}`, { cause: error });
  }
}

async function endsWell(role: string, container: Container): Promise<void> {
  const status = await container.stop();
  if (status !== 0) throw new Error(`${role} ended with ${status}:\n${await container.logs()}`);
}

/** Alerting, aggregator, steward, notifier and console: healthy, and 0 after SIGTERM. */
export async function everyRole(image: string): Promise<string> {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const at = (user: "aggregator" | "steward" | "notifier" | "console") => ({
    SKERRY_NATS_URL: world.hub.urlOf(user),
    SKERRY_REGIONS: "eu",
  });
  const writer = { SKERRY_INFLUX_URL: influx.urlOf("writer") };
  const roles: Record<string, Record<string, string>> = {
    alerting: { SKERRY_NATS_URL: world.region("eu").urlOf("alerting"), SKERRY_REGION: "eu" },
    aggregator: { ...at("aggregator"), ...writer },
    steward: { ...at("steward"), ...writer },
    notifier: {
      ...at("notifier"),
      SKERRY_CHANNELS: CHANNELS,
      SLACK_URL: "http://127.0.0.1:9/",
      PAGER_SECRET: "s-pager",
      SKERRY_SMTP_URL: "smtp://127.0.0.1:9",
    },
    console: {
      ...at("console"),
      SKERRY_INFLUX_URL: influx.urlOf("reader"),
      SKERRY_CONSOLE_PORT: String(await freePort()),
    },
  };
  for (const [role, env] of Object.entries(roles)) {
    await using container = await startReady(image, role, env);
    await endsWell(role, container);
  }
  return `${Object.keys(roles).join(", ")}: healthy, and status 0 after SIGTERM`;
}

/** A gateway that is stopped while devices publish: whatever it acknowledged is in the log. */
export async function drainsAndLosesNothing(image: string): Promise<string> {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const port = await freePort();
  await using gateway = await startReady(image, "gateway", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_DATA_DIR: "/data",
  });
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  let acknowledged = 0;
  let open = true;
  client.on("close", () => (open = false));
  const publish = async (): Promise<void> => {
    for (let seq = 0; open; seq++) {
      const reading = { seq, temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 0 };
      const topic = "devices/probe/telemetry/environment";
      await client.publishAsync(topic, JSON.stringify(reading), { qos: 1 });
      acknowledged++;
    }
  };
  const publishing = publish().catch(() => undefined);
  await eventually("readings are acknowledged", () => acknowledged >= 200);
  await endsWell("gateway", gateway);
  client.end(true);
  await Promise.race([publishing, eventually("the client has ended", () => !open)]);
  const connection = await world.region("eu").connect();
  const stored = (await logContents(connection, "eu")).size;
  if (stored < acknowledged) throw new Error(`${acknowledged} acknowledged, ${stored} in the log`);
  return `SIGTERM under load: status 0, ${acknowledged} acknowledged, ${stored} in the log`;
}
