// Goal: an installation whose mirrors are among the hub's own records goes on with them in accounts of their own: nothing
// that was acknowledged is missing, positions stay valid, and what cannot be decided is refused. Method: a hub with the
// layout of before, filled, killed and started with the configuration of now on the same store.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { hubConfig } from "../../platform/nats/topology/server-config.ts";
import { withOneAccount } from "../attack/nats/walls.ts";
import { eventually } from "../support/eventually.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";

const REGIONS = ["eu", "us"];
const FRAMES = 40;
/** Frames that the region does not have any more. */
const TRIMMED = 25;

const flagsOf = (world: NatsWorld, regions = REGIONS): string[] => [
  ...["--hub", world.hub.url, "--log-gib", "1"],
  ...regions.flatMap((name) => ["--region", `${name}=${world.region(name).url}`]),
];

async function contents(connection: NatsConnection, stream: string, subject: string) {
  const found: string[] = [];
  for await (const { seq, storeMs, data } of readStored(connection, { stream, subject, from: 1 }))
    found.push(`${seq} ${storeMs} ${Buffer.from(data).toString("base64")}`);
  return found;
}

/** A world of before, with something in everything that moves. */
async function worldOfBefore() {
  const world = await startHubAndRegions({
    regions: REGIONS,
    hubConfiguration: (written) => withOneAccount(written, REGIONS),
  });
  const [hub, eu] = [await world.hub.connect(), await world.region("eu").connect()];
  const frames = new FrameWriter({ region: "eu", partition: 0 });
  for (let at = 0; at < FRAMES; at++) await frames.publish(eu, [], at + 1);
  for (const subject of ["alerts.eu.r.k", "rejects.eu.x.d.c", "replies.eu.d.1"])
    await eu.jetstream().publish(subject, "{}");
  const devices = await Bucket.open(hub, "devices");
  for (const id of ["a", "b", "a"]) await devices.put(id, `{"id":"${id}"}`);
  await hub.jetstream().publish("commands.d.1", "{}");
  await eventually("the mirrors have it", async () => {
    const [log, replies] = await Promise.all(
      ["TELEMETRY_eu", "REPLIES_eu"].map((name) => new Streams(hub).state(name)),
    );
    const records = await new Streams(eu).state("KV_devices");
    return log!.lastSeq === FRAMES && replies!.lastSeq === 1 && records.lastSeq === 3;
  });
  await new Streams(eu).purge("TELEMETRY_eu", { before: TRIMMED + 1 });
  return { world, frames, before: await contents(hub, "TELEMETRY_eu", "telemetry.eu.0") };
}

/** The hub's nats-server with the configuration of now, on the store that it has. */
async function upgrade({ hub }: NatsWorld): Promise<void> {
  await hub.process.kill();
  const path = join(dirname(hub.store), "hub.conf");
  await writeFile(path, hubConfig({ regions: REGIONS }));
  await hub.process.start();
}

test("mirrors move with all that they hold, and everything goes on", async () => {
  const { world, frames, before } = await worldOfBefore();
  await using _ = world;
  expect(before).toHaveLength(FRAMES);
  await upgrade(world);
  const different = await skerry(["topology", "diff", ...flagsOf(world)]);
  expect(different.code).toBe(1);
  expect(different.out).toContain(
    "hub (IN_eu): TELEMETRY_eu is in account APP, and is to be moved",
  );

  const applied = await skerry(["topology", "apply", ...flagsOf(world)]);
  expect(applied.code, applied.out).toBe(0);
  expect((await skerry(["topology", "diff", ...flagsOf(world)])).out).toBe("no difference\n");

  const [aggregator, notifier] = [
    await world.hub.connect("aggregator"),
    await world.hub.connect("notifier"),
  ];
  expect(await contents(aggregator, "TELEMETRY_eu", "telemetry.eu.0")).toEqual(before);
  expect((await new Streams(notifier).state("ALERTS_eu")).messages).toBe(1);
  const hub = await world.hub.connect();
  const own = await hub.jetstreamManager({ domain: "hub" });
  for await (const { config } of own.streams.list()) expect(config.mirror).toBeUndefined();

  const eu = await world.region("eu").connect();
  await frames.publish(eu, [], FRAMES + 1);
  await (await Bucket.open(hub, "devices")).put("c", '{"id":"c"}');
  await eventually(
    "both directions go on where they were",
    async () => {
      const log = await new Streams(aggregator).state("TELEMETRY_eu");
      const records = await new Streams(eu).state("KV_devices");
      return log.lastSeq === FRAMES + 1 && records.lastSeq === 4 && records.messages === 3;
    },
    60_000,
  );
  expect(await contents(aggregator, "TELEMETRY_eu", "telemetry.eu.0")).toHaveLength(FRAMES + 1);
}, 120_000);

test("a move that was ended is made again; what nobody can decide is left as it is, and said", async () => {
  const { world, frames, before } = await worldOfBefore();
  await using _ = world;
  await upgrade(world);
  const hub = await world.hub.connect();
  // A mirror was made anew meanwhile, from what the region still has.
  const own = await hub.jetstreamManager({ domain: "hub" });
  const { config } = await own.streams.info("TELEMETRY_eu");
  const { name, mirror, storage, allow_direct } = config;
  const there = await hub.jetstreamManager({ domain: "IN_eu" });
  await there.streams.add({ name, mirror: mirror!, storage, allow_direct });
  const stateThere = async () => (await there.streams.info(name)).state;
  await eventually(
    "it has what the region has",
    async () => {
      const { first_seq, last_seq } = await stateThere();
      return first_seq === TRIMMED + 1 && last_seq === FRAMES;
    },
    60_000,
  );

  await frames.publish(await world.region("eu").connect(), [], FRAMES + 1);
  await eventually("it has more", async () => (await stateThere()).last_seq === FRAMES + 1, 60_000);
  const refused = await skerry(["topology", "apply", ...flagsOf(world)]);
  expect(refused.code).toBe(1);
  expect(refused.out).toContain(
    "TELEMETRY_eu of hub is in two accounts, and neither holds all: 1 to 40 in APP, 26 to 41 in IN_eu",
  );
  expect((await stateThere()).last_seq).toBe(FRAMES + 1);
  expect((await own.streams.info(name)).state.messages).toBe(FRAMES);

  await there.streams.delete(name);
  const applied = await skerry(["topology", "apply", ...flagsOf(world)]);
  expect(applied.code, applied.out).toBe(0);
  const aggregator = await world.hub.connect("aggregator");
  await eventually(
    "the region gives the rest",
    async () => (await new Streams(aggregator).state(name)).lastSeq === FRAMES + 1,
    60_000,
  );
  expect((await contents(aggregator, name, "telemetry.eu.0")).slice(0, FRAMES)).toEqual(before);
}, 120_000);

test("new code with the hub's configuration of before says what to do, and changes nothing", async () => {
  const world = await startHubAndRegions({ regions: ["eu"] });
  await using _ = world;
  await world.hub.process.kill();
  const path = join(dirname(world.hub.store), "hub.conf");
  const written = await readFile(path, "utf8");
  const before = withOneAccount(written, ["eu"]);
  await writeFile(path, before.replace(/mappings: \{[^}]*\}/, ""));
  await world.hub.process.start();
  const { code, out } = await skerry(["topology", "apply", ...flagsOf(world, ["eu"])]);
  expect(code).toBe(1);
  expect(out).toContain("the nats-server of hub has no account IN_eu");
  expect(out).toContain("skerry topology nats-config hub");
}, 60_000);
