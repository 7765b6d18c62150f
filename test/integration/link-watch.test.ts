// Goal: the hub knows whether a region's link is up, whatever the region has to say.
// Method: a real hub and a real region; the region is frozen, or its cable is cut, and goes on.
import { expect, test } from "vitest";
import { LinkWatch } from "../../cloud/link/link-watch.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";

test("a region that is silent is known as down within 15 s, since when, and as up once it speaks", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const watch = new LinkWatch(await world.hub.connect("aggregator"), ["eu"]);
  const ended = new AbortController();
  const watching = watch.run(ended.signal);
  try {
    await eventually("the link is up", () => watch.state("eu")?.up === true);
    const cutMs = Date.now();
    world.region("eu").process.freeze();
    await eventually("the link is down", () => watch.state("eu")?.up === false, 15_000);
    expect(Math.abs(watch.state("eu")!.sinceMs - cutMs)).toBeLessThan(2_500);
    world.region("eu").process.resume();
    await eventually("the link is up again", () => watch.state("eu")?.up === true, 60_000);
    expect(watch.state("eu")!.outages).toHaveLength(1);
  } finally {
    ended.abort();
    await watching;
  }
}, 120_000);

test("a cut link stays down until it is healed, although both ends dial anew meanwhile", async () => {
  let wan: TcpProxy | undefined;
  await using world = await startHubAndRegions({
    regions: ["eu"],
    wan: async (leafPort) => {
      const port = await freePort();
      wan = await TcpProxy.listen(port, leafPort);
      return port;
    },
  });
  await using cable = wan!;
  const watch = new LinkWatch(await world.hub.connect("aggregator"), ["eu"]);
  const ended = new AbortController();
  const watching = watch.run(ended.signal);
  try {
    await eventually("the link is up", () => watch.state("eu")?.up === true);
    // On a crowded machine there may be one before the cut.
    const before = watch.state("eu")!.outages.length;
    cable.cut();
    await eventually(
      "the link is down for longer than a connection lives that hears nothing",
      () => {
        const { up, seenMs, sinceMs } = watch.state("eu")!;
        return !up && seenMs - sinceMs > 25_000;
      },
      40_000,
    );
    cable.heal();
    await eventually("the link is up again", () => watch.state("eu")?.up === true, 60_000);
    expect(watch.state("eu")!.outages).toHaveLength(before + 1);
  } finally {
    ended.abort();
    await watching;
  }
}, 150_000);
