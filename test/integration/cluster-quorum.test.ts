// Goal: a cluster that has lost two of its three servers acknowledges nothing that it cannot store, the other side goes
// on as if a link were cut, and everything goes on, nothing lost and nothing twice, once they are back.
// Method: a hub and a region of three real nats-servers each; two of either are killed at once under load, the leader of
// the log among them, and come back one after the other.
import { expect, test } from "vitest";
import { ClusteredPath } from "../support/clustered-path.ts";
import { eventually } from "../support/eventually.ts";

const ofThree = (leader: number): [number, number] => [leader, (leader + 1) % 3];

test("two of three servers die at once: of the hub, then of the region", async () => {
  await using path = await ClusteredPath.start({ hub: 3, region: 3 });
  const { hub, region } = path.clusters;
  await path.current("hub");
  await path.current("region");

  const [first, second] = ofThree(await path.leader("hub")).map((at) => hub.nodes[at]!);
  await Promise.all([first!.kill(), second!.kill()]);
  await eventually("the aggregator says that it does not get on", async () => {
    const { ok } = await fetch(path.aggregator.url("/readyz"));
    return !ok;
  });
  // The region knows nothing of it.
  const alone = performance.now();
  await path.raise("hot-without-hub");
  expect(await path.gapSince(alone)).toBeLessThan(2_000);
  await first!.start();
  await path.level("what was said without the hub is stored once two are there");
  await second!.start();
  await path.current("hub");
  await path.level("what was said while the third came back is stored");

  const [leader, other] = ofThree(await path.leader("region")).map((at) => region.nodes[at]!);
  const killedMs = performance.now();
  await Promise.all([leader!.kill(), other!.kill()]);
  const diedMs = performance.now();
  await eventually("the gateway says that nothing is stored", async () => {
    const { ok } = await fetch(path.gateways[0]!.url("/readyz"));
    return !ok;
  });
  const refusedMs = performance.now();
  const during = path.acknowledged.filter(({ ackedMs }) => ackedMs > diedMs);
  expect(during).toEqual([]);
  expect(refusedMs - killedMs).toBeGreaterThan(1_000);
  await leader!.start();
  await path.gapSince(killedMs);
  await path.raise("hot-with-two");
  await other!.start();
  await path.current("region");
  await path.end();
  await path.level("all is stored");
  expect(await path.stored()).toBe(path.acknowledged.length);
  expect(await path.inLog()).toBe(path.acknowledged.length);
}, 400_000);
