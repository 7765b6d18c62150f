// Goal: a region's alerts and rejects that went back behind the hub's copies go on behind them, like its log: the hub ends with
// the newest of each alert and with every reject, and nobody is given what only uses up numbers.
// Method: real servers; the region's directory is replaced by an older copy of itself.
import { cp, rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { alertsStream, mirroredPrefix, rejectsStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { goOnBehind } from "../../platform/nats/history/go-on-behind.ts";
import { differingRange } from "../../platform/nats/history/went-back.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const STREAMS = { alerts: alertsStream("eu"), rejects: rejectsStream("eu") };
type Kind = keyof typeof STREAMS;

const say = async (connection: NatsConnection, kind: Kind, key: string, text: string) =>
  connection.jetstream().publish(`${kind}.eu.of.${key}`, text);

/** Texts by key, as a reader is given them. */
async function textsIn(connection: NatsConnection, kind: Kind): Promise<Record<string, string[]>> {
  const stream = STREAMS[kind];
  const texts: Record<string, string[]> = {};
  const slice = { stream, subject: `${mirroredPrefix(stream)}.eu.>`, from: 1 };
  for await (const { subject, data } of readStored(connection, slice))
    (texts[subject.split(".").at(-1)!] ??= []).push(Buffer.from(data).toString());
  return texts;
}

test("alerts and rejects go on behind the hub's copies", { timeout: 180_000 }, async () => {
  await using kept = await temporaryDirectory();
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const eu = world.region("eu");
  const region = await eu.connect();
  const hub = await world.hub.connect();
  const streams = new Streams(hub);
  const both = async (work: (kind: Kind) => Promise<unknown>): Promise<void> => {
    for (const kind of ["alerts", "rejects"] as const) await work(kind);
  };
  const copied = (count: number) =>
    eventually(
      `the hub has ${count}`,
      async () => {
        for (const name of Object.values(STREAMS))
          if (((await streams.find(name))?.lastSeq ?? 0) < count) return false;
        return true;
      },
      60_000,
    );

  const starts = async (): Promise<void> => {
    await eu.process.start();
    await eventually("the region answers", async () => {
      for (const name of Object.values(STREAMS)) await new Streams(region).state(name);
      return true;
    });
  };

  await both((kind) => say(region, kind, "a", "first"));
  await copied(1);
  await eu.process.stop("SIGTERM");
  await cp(eu.store, kept.path, { recursive: true });
  await starts();
  await both(async (kind) => {
    await say(region, kind, "a", "that is lost here");
    for (let n = 0; n < 5; n++) await say(region, kind, "b", `lost ${n}`);
  });
  await copied(7);
  await eu.process.kill();
  await rm(eu.store, { recursive: true });
  await cp(kept.path, eu.store, { recursive: true });
  await starts();
  await both((kind) => say(region, kind, "c", "under the number of another"));
  await both((kind) => say(region, kind, "a", "newest"));

  for (const [kind, stream] of Object.entries(STREAMS) as [Kind, string][]) {
    const of = { region: "eu", stream };
    const range = await eventually(
      "the two can be compared",
      async () => (await differingRange(hub, of, { known: null }).catch(() => null)) ?? false,
    );
    expect(range).toEqual({ fromSeq: 2, untilSeq: 7 });
    const done = await goOnBehind(
      { connection: region, name: "eu" },
      stream,
      range,
      new AbortController().signal,
    );
    expect(done).toEqual({ fillers: 4, again: 2 });
    // What is found once is not found again, though the two differ there for ever.
    const known = { fromSeq: range.fromSeq, copySeq: range.untilSeq };
    await eventually(
      `the hub has the newest of ${kind}`,
      async () => {
        const { a = [], c = [] } = await textsIn(hub, kind);
        const hs = await (await hub.jetstreamManager()).streams.info(stream);
        const rs = await (await region.jetstreamManager()).streams.info(stream);
        if (process.env.DBG)
          console.log(
            "HUBLOG",
            world.hub.process.output.slice(-3000),
            "EULOG",
            eu.process.output.slice(-3000),
          );
        const cs = [];
        for await (const c of (await region.jetstreamManager()).consumers.list(stream))
          cs.push({
            n: c.name,
            c: c.created,
            d: c.delivered,
            p: c.num_pending,
            cfg: c.config.opt_start_seq,
            f: c.config.deliver_subject,
            hb: c.config.idle_heartbeat,
            sp: c.num_ack_pending,
          });
        console.log(JSON.stringify(cs));
        console.log(
          new Date().toISOString(),
          kind,
          JSON.stringify({ h: hs.state, m: hs.mirror, r: rs.state }),
          JSON.stringify(await textsIn(hub, kind)),
          JSON.stringify(await textsIn(region, kind)),
        );
        return a.at(-1) === "newest" && c.at(-1) === "under the number of another";
      },
      60_000,
    );
    expect(await differingRange(hub, of, { known })).toBeNull();
    const texts = await textsIn(hub, kind);
    expect(Object.keys(texts).sort()).toEqual(["a", "b", "c"]);
    expect(texts["b"]!.at(-1)).toBe("lost 4");
    if (kind === "rejects") expect(texts["b"]).toHaveLength(5);
    expect(Object.keys(await textsIn(region, kind)).sort()).toEqual(["a", "c"]);
  }
});
