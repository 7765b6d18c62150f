// Goal: a log that is full, stopped, frozen or out of disk space loses nothing that was acknowledged,
// acknowledges nothing meanwhile, tells everybody, and recovers by itself.
// Method: cause each of them on a real nats-server under load; then compare ledger and log.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type MqttClient, connectAsync } from "mqtt";
import { expect, test } from "vitest";
import type { GatewayStatus } from "../../contracts/messages/status.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { Launcher } from "../support/launcher.ts";
import { eventually } from "../support/eventually.ts";
import { type ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const AWAY_MS = 60_000;

const logState = async (edge: Edge): Promise<string> =>
  (await edge.gateway.status<GatewayStatus>()).log.state;

/** While the log is away: nothing acknowledged, new clients refused with 0x88, everybody told. */
async function expectRefusal(edge: Edge, early: MqttClient): Promise<number> {
  await eventually("the gateway says so", async () => (await logState(edge)) === "refusing");
  await sleep(500); // what was on its way
  const acknowledged = await edge.acknowledged();
  const refused: unknown = await connectAsync(edge.mqttUrl, {
    protocolVersion: 5,
    reconnectPeriod: 0,
  }).then(
    () => "connected",
    (error: { code?: number }) => error.code,
  );
  expect(refused).toBe(0x88);
  for (let n = 0; n < 10; n++) early.publish("devices/early/telemetry/machine", "{}", { qos: 0 });
  await eventually(
    "QoS 0 is dropped and counted",
    async () => (await edge.gateway.status<GatewayStatus>()).qos0Dropped === 10,
  );
  const metrics = await (await fetch(edge.gateway.url("/metrics"))).text();
  expect(metrics).toMatch(/skerry_gateway_log_refusing\{[^}]*\} 1/);
  await edge.gateway.process.said(/the log refuses/);
  return acknowledged;
}

/** A client that was connected before, and stays. */
const earlyClient = (edge: Edge): Promise<MqttClient> =>
  connectAsync(edge.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0 });

async function expectRecovery(edge: Edge, acknowledgedBefore: number): Promise<void> {
  await eventually("the log is back", async () => (await logState(edge)) === "ok", 30_000);
  await eventually(
    "devices are acknowledged again",
    async () => (await edge.acknowledged()) > acknowledgedBefore + 500,
    30_000,
  );
  const { acknowledged, missing } = await edge.settle();
  console.log(JSON.stringify({ acknowledged, missing: missing.length }));
  expect(missing).toEqual([]);
}

test("a full stream refuses; once it is trimmed, everything goes on", async () => {
  await using edge = await startEdge({ devices: 20, rate: 1_000, logBytesMax: 256 * 1024 });
  const early = await earlyClient(edge);
  const acknowledged = await expectRefusal(edge, early);
  expect(await edge.acknowledged()).toBe(acknowledged);
  const manager = await edge.connection.jetstreamManager();
  // Room, as the trimmer makes it, but without forgetting: the test wants to read all of it.
  const { config } = await manager.streams.info("TELEMETRY_eu");
  await manager.streams.update("TELEMETRY_eu", { ...config, max_bytes: 1024 ** 3 });
  await expectRecovery(edge, acknowledged);
  early.end(true);
});

test.each<[string, (server: ServerProcess) => unknown, (server: ServerProcess) => unknown]>([
  ["stopped", (server) => server.kill(), (server) => server.start()],
  ["frozen", (server) => server.freeze(), (server) => server.resume()],
])("a nats-server %s for 60 s", async (_how, away, back) => {
  await using edge = await startEdge({ devices: 20, rate: 200 });
  await eventually("devices are acknowledged", async () => (await edge.acknowledged()) > 200);
  const early = await earlyClient(edge);
  const sinceMs = performance.now();
  await away(edge.nats.region("eu").process);
  const acknowledged = await expectRefusal(edge, early);
  await sleep(AWAY_MS - (performance.now() - sinceMs));
  expect(await edge.acknowledged()).toBe(acknowledged);
  await back(edge.nats.region("eu").process);
  await expectRecovery(edge, acknowledged);
  early.end(true);
});

/** Writes until the disk refuses; the server may take the last blocks. */
function fill(path: string): void {
  for (;;) appendFileSync(path, Buffer.alloc(64 * 1024));
}

test("a full disk: nats-server hangs on it; the supervisor mends it once there is room", async () => {
  await using directory = await temporaryDirectory();
  const store = join(directory.path, "nats", "eu");
  mkdirSync(store, { recursive: true });
  // Needs root, like the installation of the servers; without it this fails and says so.
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "skerry-test", store]);
  try {
    const report = join(directory.path, "report.json");
    await using launcher = new Launcher(directory.path, [
      ...["--port-base", "18600", "--devices", "20", "--rate", "400"],
      ...["--run-for", "60s", "--json", report],
    ]);
    await launcher.publishes(40_000);
    await sleep(5_000);
    const filler = join(store, "filler");
    expect(() => fill(filler)).toThrow(/ENOSPC/);
    const status = async (): Promise<GatewayStatus> =>
      (await (await fetch("http://127.0.0.1:18613/status")).json()) as GatewayStatus;
    await eventually(
      "the log refuses",
      async () => (await status()).log.state === "refusing",
      30_000,
    );
    await sleep(10_000);
    rmSync(filler);
    expect(await launcher.exit(), launcher.output).toBe(0);
    const { acknowledged, stored, missing, duplicated, drained, restarts, regions } =
      launcher.report();
    console.log(JSON.stringify({ acknowledged, stored, missing, duplicated, restarts }));
    expect({ missing, duplicated, drained }).toEqual({ missing: 0, duplicated: 0, drained: true });
    expect(stored).toBe(acknowledged);
    expect(regions.eu!.acknowledged).toBeGreaterThan(1_000);
  } finally {
    execFileSync("umount", ["-l", store]);
  }
});
