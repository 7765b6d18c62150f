// Goal: everything is restarted piece by piece under load, each nats-server of both clusters, InfluxDB and every process, as
// docs/guides/upgrading.md says: no device waits 2 s for an acknowledgement, nothing is lost or doubled, no alert is raised.
// Method: hub and region of three real nats-servers, two gateways, every other process once; a device publishes at QoS 1 all
// the time, one reading after the other, so that the time between two PUBACKs is the gap. SIGTERM, start, then the next one once
// what the page says is so.
import { expect, test } from "vitest";
import { ClusteredPath } from "../support/clustered-path.ts";

const GAP_MS_MAX = 2_000;

test("everything is restarted in turn under load, and nobody notices", async () => {
  await using path = await ClusteredPath.start({ hub: 3, region: 3, gateways: 2, whole: true });
  const gaps: Record<string, number> = {};
  for (const [what, process] of path.inTurn) {
    await path.current("region");
    await path.current("hub");
    await path.level(`all is stored before ${what} is restarted`);
    const fromMs = performance.now();
    await process.stop("SIGTERM");
    await process.start();
    gaps[what] = Math.round(await path.gapSince(fromMs));
  }
  console.log(gaps);
  expect(Object.keys(gaps)).toHaveLength(14);
  expect(Object.entries(gaps).filter(([, ms]) => ms >= GAP_MS_MAX)).toEqual([]);
  await path.end();
  await path.level("all is stored");
  expect(await path.stored()).toBe(path.acknowledged.length);
  expect(await path.inLog()).toBe(path.acknowledged.length);
  expect(await path.fired()).toEqual([]);
}, 400_000);
