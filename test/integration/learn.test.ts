// Goal: what devices sent that nobody had a mapping for ends as readings by confirmations alone, and nothing of it is lost (P1, P5).
// Method: a real gateway that looks at its mapping files, mixed traffic that it keeps as rejects or that a recording
// holds, the command as a person runs it, and the log compared with readings written down by hand.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type MqttClient, connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { findRejects } from "../../cloud/operations/rejects/find.ts";
import { freePort } from "../support/free-port.ts";
import {
  type Recorded,
  inWords,
  mixedTraffic,
  recordingOf,
  sortedWords,
} from "../support/mixed-traffic.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MAIN = join(import.meta.dirname, "../../infra/cli/main.ts");
/** The whole of it takes 5 s on a quiet machine; a person has two minutes, also on one that is busy. */
const LEARNED_WITHIN_MS = 110_000;
const stack = new AsyncDisposableStack();
let world: NatsWorld;

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu", "us"] }));
});

afterAll(() => stack.disposeAsync());

/** A gateway whose mappings are in a directory of its own, and a client of it. */
async function gatewayOf(region: string) {
  const directory = stack.use(await temporaryDirectory());
  const mappings = join(directory.path, "mappings");
  await mkdir(mappings);
  const port = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: region,
    SKERRY_NATS_URL: world.region(region).urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_RELAY: "none",
    SKERRY_MAPPINGS: mappings,
  });
  stack.use(gateway.process);
  const url = `mqtt://127.0.0.1:${port}`;
  const mqtt = await connectAsync(url, { protocolVersion: 5 });
  stack.defer(() => mqtt.endAsync(true));
  const addresses = {
    nats: { hub: world.hub.url, [region]: world.region(region).url },
    mappings: { inForce: mappings, learned: join(mappings, "learned.json") },
  };
  await writeFile(join(directory.path, "addresses.json"), JSON.stringify(addresses));
  return { directory: directory.path, url, mqtt };
}

async function run(
  args: readonly string[],
  answers = "",
): Promise<{ out: string; err: string; code: number | null; ms: number }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, "learn", ...args], { stdio: "pipe" });
  child.stdin.end(answers);
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on("close", resolve)),
  ]);
  return { out, err, code, ms: performance.now() - startedMs };
}

async function publishAll(mqtt: MqttClient, traffic: readonly Recorded[]): Promise<void> {
  for (const { topic, payload } of traffic)
    await mqtt.publishAsync(topic, payload, { qos: 1 }).catch(() => undefined);
}

async function logged(region: string): Promise<string[]> {
  const nats = await world.region(region).connect();
  const found: string[] = [];
  const slice = { stream: `TELEMETRY_${region}`, subject: `telemetry.${region}.>`, from: 1 };
  for await (const { data } of readStored(nats, slice))
    for (const { device, contract, payload } of decodeFrame(data).readings)
      if (contract !== "presence") found.push(inWords({ device, contract, values: payload }));
  return found.sort();
}

const wanted = (traffic: readonly Recorded[]): string[] =>
  traffic.flatMap(({ readings }) => readings.map(sortedWords)).sort();

test("kept rejects become readings by answers alone, and what was ignored is kept no more", async () => {
  const { directory, mqtt } = await gatewayOf("eu");
  const traffic = mixedTraffic(Date.now() - 60_000);
  await publishAll(mqtt, traffic);
  const nats = await world.region("eu").connect();
  expect((await findRejects(nats, { region: "eu" }, 1000)).length).toBe(traffic.length);

  const args = ["--region", "eu", "--data-dir", directory];
  const shown = await run([...args, "--dry-run"]);
  expect(shown).toMatchObject({ code: 0, err: "" });
  expect(shown.out).toContain("kitchen-plug  energy v2");
  expect(await logged("eu")).toEqual([]);

  const done = await run(args, "y\n".repeat(40));
  expect(done).toMatchObject({ code: 0, err: "" });
  expect(done.out).toMatch(/replayed: \d+ stored, 0 partly, 0 still rejected, 0 gone, 0 failed/);
  expect(done.ms).toBeLessThan(LEARNED_WITHIN_MS);
  expect(await logged("eu")).toEqual(wanted(traffic));
  const left = await findRejects(nats, { region: "eu" }, 1000);
  const unread = traffic.filter(({ readings }) => readings.length === 0).map(({ topic }) => topic);
  expect(left.map(({ reject }) => reject.topic).sort()).toEqual(unread.sort());

  // What comes from now on needs nobody, and what is ignored makes no reject.
  const later = mixedTraffic(Date.now() - 30_000, 1);
  await publishAll(mqtt, later);
  expect(await logged("eu")).toEqual(wanted([...traffic, ...later]));
  expect((await findRejects(nats, { region: "eu" }, 1000)).length).toBe(left.length);
  const again = await run(args, "");
  expect(again.out).toContain("0 questions");
}, 300_000);

test("a recording is sent once it is confirmed; a second person is asked nothing", async () => {
  const { directory, url } = await gatewayOf("us");
  const atMs = Date.now() - 60_000;
  const traffic = mixedTraffic(atMs);
  const recording = join(directory, "traffic.ndjson");
  await writeFile(recording, recordingOf(traffic, atMs));
  const args = ["--recording", recording, "--data-dir", directory];
  const asked = await run([...args, "--json"]);
  const { proposals } = JSON.parse(asked.out) as { proposals: { kind: string }[] };
  expect(proposals.filter(({ kind }) => kind === "map").length).toBeGreaterThan(5);
  const done = await run([...args, "--yes", "--send", url]);
  expect(done).toMatchObject({ code: 0, err: "" });
  expect(await logged("us")).toEqual(wanted(traffic));
  expect(done.ms).toBeLessThan(LEARNED_WITHIN_MS);
}, 300_000);
