// Goal: the page Topics reaches gateways by wss, and where it cannot, the log says why and which option to look at.
// Method: a real gateway with a wss listener of an authority of this test; consoles that trust it, and one that does not.
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { OPERATOR_TOKEN, VIEWER_TOKEN, startConsole } from "../support/console.ts";
import { freePort } from "../support/free-port.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type TestAuthority, place, testAuthority } from "../support/tls-files.ts";

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let directory: string;
let authority: TestAuthority;
let wss: number;

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  authority = await testAuthority("ours");
  const server = await authority.issue({ kind: "server", hosts: ["127.0.0.1"] });
  wss = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_MQTT_PORT: "none",
    SKERRY_WSS_PORT: String(wss),
    SKERRY_TLS_CERTIFICATE: place(directory, "gateway.pem", server.certificate),
    SKERRY_TLS_KEY: place(directory, "gateway.key", server.key),
  });
  stack.use(gateway.process);
});
afterAll(() => stack.disposeAsync());

const consoleOf = (env: Record<string, string>) =>
  startConsole(world, ["eu"], { SKERRY_CONSOLE_MQTT: `eu=wss://127.0.0.1:${wss}`, ...env });

const page = (url: string, token: string) =>
  connectAsync(
    `${url.replace("http", "ws")}/mqtt/eu`,
    {
      wsOptions: { headers: { origin: url, authorization: `Bearer ${token}` } },
      clientId: "console-of-the-test",
      reconnectPeriod: 0,
    },
    false,
  );

test("an operator and a viewer hear over wss what is published", async () => {
  await using console_ = await consoleOf({
    SKERRY_CONSOLE_MQTT_TLS_CA: place(directory, "ca.pem", authority.pem),
  });
  for (const token of [OPERATOR_TOKEN, VIEWER_TOKEN]) {
    const client = await page(console_.url, token);
    const granted = await client.subscribeAsync("alerts/#");
    expect(granted).toMatchObject([{ topic: "alerts/#", qos: 0 }]);
    await client.endAsync();
  }
});

test("a gateway whose authority is not trusted: nobody is connected, and the log names the option, once", async () => {
  const other = await testAuthority("another");
  await using console_ = await consoleOf({
    SKERRY_CONSOLE_MQTT_TLS_CA: place(directory, "other.pem", other.pem),
  });
  for (const token of [OPERATOR_TOKEN, VIEWER_TOKEN])
    await expect(page(console_.url, token)).rejects.toThrow();
  const said = (): string[] => console_.service.process.output.match(/cannot reach.*/g) ?? [];
  await eventually("the log says it", () => Promise.resolve(said().length > 0));
  expect(said()).toHaveLength(1);
  expect(said()[0]).toMatch(/wss:\/\/127\.0\.0\.1.*certificate.*SKERRY_CONSOLE_MQTT_TLS_CA names/);
});
