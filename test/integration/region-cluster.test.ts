// Goal: a region of three servers goes on when one of them is killed, whichever: devices are acknowledged, alerts are
// told, and what was acknowledged is stored once.
// Method: three real nats-servers of a region and a hub; a gateway and an engine that know all three, an aggregator
// into a real InfluxDB; each server is killed under load, the log's leader first, and comes back.
import { expect, test } from "vitest";
import { ClusteredPath } from "../support/clustered-path.ts";

/** An election takes up to 9 s (nats-server), and what was in flight is sent again. */
const GAP_MS_MAX = 20_000;

test("each server of the region is killed in turn, under load", async () => {
  await using path = await ClusteredPath.start({ hub: 1, region: 3 });
  const { nodes } = path.clusters.region;
  const left = new Set(nodes.keys());
  await path.current("region");
  while (left.size > 0) {
    const leader = await path.leader("region");
    const at = left.has(leader) ? leader : [...left][0]!;
    left.delete(at);
    const name = `${nodes[at]!.command.name}${at === leader ? ", which led the log" : ""}`;
    const killedMs = performance.now();
    await nodes[at]!.kill();
    const gapMs = await path.gapSince(killedMs);
    console.log(`${name}: ${gapMs.toFixed(0)} ms without a PUBACK`);
    expect(gapMs).toBeLessThan(GAP_MS_MAX);
    await path.raise(`hot-${at + 1}`);
    await path.level(`what was said without ${name} is stored`);
    await nodes[at]!.start();
    await path.current("region");
    await path.level(`what was said while ${name} came back is stored`);
  }
  await path.end();
  await path.level("all is stored");
  expect(await path.stored()).toBe(path.acknowledged.length);
  expect(await path.inLog()).toBe(path.acknowledged.length);
}, 300_000);
