// Goal: `skerry topology diff` says what `apply` would change, and nothing after it did; no stream on any
// server grows for ever.
import { readFleetLevel } from "../../platform/nats/client/fleet.ts";
import { FORMAT_LEVEL } from "../../platform/runtime/format-level.ts";
import { expect, test } from "vitest";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { rebuildCopy } from "../../platform/nats/topology/apply-topology.ts";
import { weaknessesOf } from "../../platform/nats/topology/server-versions.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";

const COPIES = [
  ["eu", "us"],
  ["us", "eu"],
] as const;

test("diff, apply, diff", async () => {
  await using world = await startHubAndRegions({
    regions: ["eu", "us"],
    copies: COPIES,
    logBytesMax: 1024 ** 3,
  });
  const servers = ["eu", "us"].flatMap((name) => ["--region", `${name}=${world.region(name).url}`]);
  const flags = ["--hub", world.hub.url, ...servers, "--log-gib", "1"];
  expect(await skerry(["topology", "diff", ...flags])).toEqual({ code: 0, out: "no difference\n" });

  const manager = await (await world.region("eu").connect()).jetstreamManager();
  await manager.streams.update("TELEMETRY_eu", { max_bytes: 5_000_000 });
  await manager.streams.delete("ALERTS_eu");
  const different = await skerry(["topology", "diff", ...flags]);
  expect(different.code).toBe(1);
  expect(different.out.trim().split("\n")).toEqual([
    "eu: stream TELEMETRY_eu: max_bytes is 5000000, planned 1073741824",
    "eu: stream ALERTS_eu is missing",
  ]);
  expect((await skerry(["topology", "apply", ...flags])).out).toBe(
    `${different.out}applied to hub, eu, us\n`,
  );
  expect((await skerry(["topology", "diff", ...flags])).code).toBe(0);
});

test("an installation that is made now begins at the level of its program, and no other does", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const servers = [world.hub, world.region("eu")];
  const apply = () =>
    skerry([
      ...["topology", "apply", "--hub", world.hub.url, "--log-gib", "1"],
      ...["--region", `eu=${world.region("eu").url}`],
    ]);
  const removeAll = async (only = ""): Promise<void> => {
    for (const server of servers) {
      const manager = await (await server.connect()).jetstreamManager();
      for await (const name of manager.streams.names())
        if (name.startsWith(only)) await manager.streams.delete(name);
    }
  };
  const level = async () => (await readFleetLevel(await world.hub.connect()))?.fleet.level ?? null;
  // The hub has lost its store, and a region has what it always had: older programs may be there.
  await removeAll("KV_");
  expect((await apply()).code).toBe(0);
  expect(await level()).toBe(null);

  await removeAll();
  expect((await apply()).code).toBe(0);
  expect(await level()).toBe(FORMAT_LEVEL);
  expect((await skerry(["upgrade", "finish", "--nats", world.hub.url])).out).toContain(
    "nothing to finish: formats of level 2",
  );
});

test("every stream on every server has a bound: bytes, or one entry of each key, or the trimming of a copy", async () => {
  await using world = await startHubAndRegions({
    regions: ["eu", "us"],
    copies: COPIES,
    logBytesMax: 1024 ** 3,
  });
  const places = [
    ...["hub", "IN_eu", "IN_us", "OUT_eu", "OUT_us"].map((domain) => [domain, world.hub] as const),
    ...["eu", "us"].map((domain) => [domain, world.region(domain)] as const),
  ];
  await rebuildCopy(await world.hub.connect(), "eu", "hub", 1);
  const kinds: Record<string, number> = { bytes: 0, key: 0, copy: 0 };
  for (const [domain, server] of places) {
    const manager = await (await server.connect()).jetstreamManager({ domain });
    for await (const { config } of manager.streams.list()) {
      const isBucket = config.name.startsWith("KV_");
      const isCopyOfLog =
        config.mirror !== undefined && config.name.startsWith(telemetryStream(""));
      const kind = isBucket ? "key" : isCopyOfLog ? "copy" : "bytes";
      kinds[kind]! += 1;
      const where = `${domain}: ${config.name}`;
      if (isBucket) expect(config.max_msgs_per_subject, where).toBe(1);
      else if (!isCopyOfLog) expect(config.max_bytes, where).toBeGreaterThan(0);
      expect(config.sources, where).toBeUndefined();
      expect(config.name, where).not.toMatch(/^OBJ_/);
    }
  }
  // Of the hub 6 streams and 10 buckets, and for each region 4 mirrors, 1 copy of a stream and 7 of buckets; of a region
  // 7 streams, 4 buckets, 7 copies of buckets.
  expect(kinds).toEqual({ bytes: 28, key: 46, copy: 4 });
});

test("over a network, servers that lack walls are named and refused, unless they are allowed", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  // The same machine by a name that is not known to be it.
  const hub = world.hub.url.replace("127.0.0.1", "127.1");
  const { version } = (await world.hub.connect()).info!;
  const flags = ["--hub", hub, "--region", `eu=${world.region("eu").url}`, "--log-gib", "1"];
  const { code, out } = await skerry(["topology", "diff", ...flags]);
  if (weaknessesOf(version).length === 0) {
    expect(code).toBe(0);
    return;
  }
  expect(code).toBe(1);
  expect(out).toContain(
    `nats-server of hub (${version}), eu (${version}): a region that was taken`,
  );
  expect(out).toContain("older nats-servers than 2.14.10, 2.15.3");
  const allowed = await skerry(["topology", "diff", ...flags, "--allow-old-servers"]);
  expect(allowed.code).toBe(0);
  expect(allowed.out).toMatch(/no difference\n$/);
});
