// The package `mqtt` as people use it.
import { setTimeout as sleep } from "node:timers/promises";
import mqtt from "mqtt";

const {
  SKERRY_HOST,
  SKERRY_PORT,
  SKERRY_DEVICE: device,
  SKERRY_SECRET,
  SKERRY_COUNT,
} = process.env;
const protocolVersion = Number(process.argv[2]);
const count = Number(SKERRY_COUNT);
const firstMs = Date.now() - count;
const client = mqtt.connect({
  ...{ host: SKERRY_HOST, port: Number(SKERRY_PORT), clientId: device, protocolVersion },
  ...{ username: device, password: SKERRY_SECRET, keepalive: 5, clean: false },
  ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3_600 } } : {}),
});
const answered = new Promise((resolve) => {
  client.on("message", (topic) => {
    console.log("command");
    client.publish(`${topic}/reply`, "{}", { qos: 1 }, resolve);
  });
});
client.on("error", () => undefined);
client.subscribe(`devices/${device}/commands/+`, { qos: 1 });
for (let n = 0; n < count; n++) {
  const reading = JSON.stringify({ ts: firstMs + n, value: n });
  await client.publishAsync(`devices/${device}/telemetry/measurement`, reading, { qos: 1 });
  console.log(`acknowledged ${n + 1}`);
  await sleep(20);
}
await answered;
await client.endAsync();
