// Goal: P1: no acknowledged reading is missing from the log, wherever the gateway dies.
// Method: 50 devices publish QoS 1 and write down every PUBACK; the gateway is killed with SIGKILL
// twenty times at seeded moments under load; then the region's log is compared with the ledger.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startEdge } from "../support/edge.ts";
import { eventually } from "../support/eventually.ts";
import { seededRandom } from "../support/seed.ts";

const KILLS = 20;

test("twenty kills of the gateway under load: every acknowledged reading is in the log", async () => {
  const { seed, random } = seededRandom();
  await using edge = await startEdge({ devices: 50, rate: 2_000 });
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = await edge.acknowledged();
    await eventually("devices are acknowledged", async () => (await edge.acknowledged()) > before);
    await sleep(random() * 500);
    await edge.gateway.process.kill();
    await edge.gateway.process.start();
  }
  const { acknowledged, missing } = await edge.settle();
  console.log(JSON.stringify({ seed, kills: KILLS, acknowledged, missing: missing.length }));
  expect(acknowledged).toBeGreaterThan(KILLS * 100);
  expect(missing).toEqual([]);
});
