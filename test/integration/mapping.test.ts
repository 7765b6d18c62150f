// Goal: devices that already exist keep their topics and payloads, and what they send wrong is stored
// once it is mended (P1, P5).
// Method: the gateway as a real process with a mapping table, MQTT clients, and the command.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { connectAsync } from "mqtt";
import { afterAll, expect, test } from "vitest";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { addRejectsCommand } from "../../infra/cli/rejects.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const entry = (as?: "number") => ({
  name: "boiler",
  topic: "plant/{device}/temperatures",
  contract: "climate",
  each: "",
  time: "arrival",
  fields: { temperature: { pointer: "", ...(as ? { as } : {}) } },
});

test("an array is acknowledged with what was refused of it counted, mapped or not; a mended table stores the rest", async () => {
  const world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const { url } = world.region("eu");
  const nats = await world.region("eu").connect();
  const directory = stack.use(await temporaryDirectory());
  const mappings = join(directory.path, "mappings.json");
  await writeFile(mappings, JSON.stringify({ mappings: [entry()] }));
  const port = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: url,
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_MAPPINGS: mappings,
  });
  stack.use(gateway.process);

  const mqtt = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  stack.defer(() => mqtt.endAsync(true));
  const startedMs = Date.now();
  const say = (topic: string, payload: string) =>
    mqtt.publishAsync(topic, payload, { qos: 1 }).then(
      () => null,
      (error: { code?: number }) => error.code,
    );
  const answer = await say("plant/boiler-1/temperatures", '[60.5,"61.5",62.5]');
  const answeredMs = Date.now();
  expect(answer).toBe(0x99);

  const logged = async (device = "boiler-1") => {
    const { state } = await (await nats.jetstreamManager()).streams.info("TELEMETRY_eu");
    const found = [];
    const consumer = await nats.jetstream().consumers.get("TELEMETRY_eu");
    for await (const message of await consumer.consume()) {
      for (const one of decodeFrame(message.data).readings)
        if (one.device === device) found.push(one);
      if (message.seq >= state.last_seq) break;
    }
    return found;
  };
  expect((await logged()).map(({ payload }) => payload["temperature"])).toEqual([60.5, 62.5]);

  const batch = JSON.stringify([
    { ts: startedMs, temperature: 1 },
    { ts: startedMs, temperature: "2" },
    { ts: startedMs + 1, temperature: 3 },
  ]);
  const topic = "devices/boiler-2/telemetry/climate";
  expect(await say(topic, batch)).toBe(0x99);
  expect((await logged("boiler-2")).map(({ payload }) => payload)).toEqual([
    { ts: startedMs, temperature: 1 },
    { ts: startedMs + 1, temperature: 3 },
  ]);
  expect(await say(topic, batch.replace('"2"', "2"))).toBe(null);
  const sent = (await logged("boiler-2")).map(({ payload }) => JSON.stringify(payload));
  expect(new Set(sent).size).toBe(3);

  await writeFile(mappings, JSON.stringify({ mappings: [entry("number")] }));
  await gateway.process.restart();
  const lines: string[] = [];
  const program = new Command().exitOverride();
  addRejectsCommand(program, (line) => void lines.push(line));
  const args = ["rejects", "replay", "--device", "boiler-1", "--region", "eu", "--nats", url];
  await program.parseAsync(args, { from: "user" });
  expect(lines.at(-1)).toMatch(/^1 stored, 0 partly, 0 still rejected/);
  const last = (await logged()).at(-1)!;
  expect(last.payload["temperature"]).toBe(61.5);
  expect(last.receivedAtMs).toBeGreaterThanOrEqual(startedMs);
  expect(last.receivedAtMs).toBeLessThanOrEqual(answeredMs);
  // The device gave no time: readers of the log take the time of arrival.
  expect(last.payload).not.toHaveProperty("ts");
});
