// Goal: a reader gets every message of its subject once and in order, whatever happens to it, to what is pushed to it,
// and to the server; and says the right subject of each.
// Method: a real region server; readers as the users of processes, which are fed, and as the administrator, who is not.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { deliveryOf } from "../../platform/nats/client/push-feed.ts";
import {
  type StreamSlice,
  readSlice,
  readStored,
} from "../../platform/nats/client/stream-reader.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const SILENT = makeLogger({}, "silent");
let world: NatsWorld;
let admin: NatsConnection;

beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu"], partitions: 2 });
  admin = await world.region("eu").connect();
});
afterAll(() => world[Symbol.asyncDispose]());

class Reading {
  readonly entries: LogEntry[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<void>;

  /** @param pause called between two entries. */
  constructor(connection: NatsConnection, slice: StreamSlice, pause?: () => Promise<unknown>) {
    const read = async (): Promise<void> => {
      for await (const entry of readSlice(connection, slice, SILENT, this.#stop.signal)) {
        this.entries.push(entry);
        await pause?.();
      }
    };
    this.ended = read();
  }

  get seqs(): number[] {
    return this.entries.map(({ seq }) => seq);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

const publish = async (subject: (n: number) => string, count: number): Promise<number[]> => {
  const seqs: number[] = [];
  for (let at = 0; at < count; at += 100)
    seqs.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(100, count - at) }, async (_, n) => {
          const { seq } = await admin.jetstream().publish(subject(at + n), `${at + n}`);
          return seq;
        }),
      )),
    );
  return seqs.sort((a, b) => a - b);
};

const lane = (partition: number, from = 1): StreamSlice => ({
  stream: "TELEMETRY_eu",
  subject: `telemetry.eu.${partition}`,
  from,
});

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

test("a reader that stops now and then, far behind what is pushed, misses nothing of its lane", async () => {
  const alerting = await world.region("eu").connect("alerting");
  let read = 0;
  const slow = new Reading(alerting, lane(0), async () => {
    read += 1;
    if (read % 700 === 0) await pause(300);
  });
  const quick = new Reading(alerting, lane(0));
  const own: number[] = [];
  for (let round = 0; round < 4; round++) {
    const all = await publish((n) => `telemetry.eu.${n % 2}`, 2_000);
    const kept: number[] = [];
    for (const seq of all) {
      const { subject } = await (
        await admin.jetstreamManager()
      ).streams.getMessage("TELEMETRY_eu", { seq });
      if (subject === "telemetry.eu.0") kept.push(seq);
    }
    own.push(...kept);
  }
  for (const reading of [quick, slow]) {
    await eventually("all are read", () => reading.entries.length >= own.length);
    expect(reading.seqs).toEqual(own);
    expect(new Set(reading.entries.map(({ subject }) => subject))).toEqual(
      new Set(["telemetry.eu.0"]),
    );
    await reading.stop();
  }
}, 60_000);

test("the server is killed twice while frames come: each is read once, in order, with its store time", async () => {
  const alerting = await world.region("eu").connect("alerting");
  const { state } = await (await admin.jetstreamManager()).streams.info("TELEMETRY_eu");
  const reading = new Reading(alerting, lane(1, state.last_seq + 1));
  const stored: number[] = [];
  for (let round = 0; round < 3; round++) {
    stored.push(...(await publish(() => "telemetry.eu.1", 500)));
    if (round < 2) {
      await world.region("eu").process.kill();
      await world.region("eu").process.start();
      await eventually("the server answers", async () => (await admin.rtt()) >= 0);
    }
  }
  await eventually("all are read", () => reading.entries.length >= stored.length);
  expect(reading.seqs).toEqual(stored);
  const { streams } = await admin.jetstreamManager();
  for (const { seq, storeMs } of [reading.entries.at(-1)!, reading.entries[0]!]) {
    const { time } = await streams.getMessage("TELEMETRY_eu", { seq });
    expect(storeMs).toBe(time.getTime());
  }
  await reading.stop();
}, 60_000);

test("a consumer that somebody deleted while its reader waited is missed within seconds", async () => {
  const alerting = await world.region("eu").connect("alerting");
  const { consumers, streams } = await admin.jetstreamManager();
  const { state } = await streams.info("TELEMETRY_eu");
  const reading = new Reading(alerting, lane(1, state.last_seq + 1));
  const [pushed] = await publish(() => "telemetry.eu.1", 1);
  await eventually("it is fed", () => reading.entries.length === 1);
  // Its heartbeat was heard: from now on it trusts the feed.
  await pause(2_500);
  await consumers.delete("TELEMETRY_eu", "alerting-telemetry_eu_1");
  const [missed] = await publish(() => "telemetry.eu.1", 1);
  await eventually("it looks by itself", () => reading.entries.length === 2, 12_000);
  expect(reading.seqs).toEqual([pushed, missed]);
  await reading.stop();
}, 60_000);

test("several readers of one feed, and one that nobody feeds, all say the right subjects", async () => {
  const gateway = await world.region("eu").connect("gateway");
  const other = await world.region("eu").connect("gateway");
  const slice = { stream: "ALERTS_eu", subject: "alerts.eu.>", from: 1 };
  const readings = [gateway, gateway, other, admin].map((of) => new Reading(of, slice));
  const subjects: string[] = [];
  for (let n = 0; n < 60; n++) {
    const subject = `alerts.eu.rule-${n % 7}.key`;
    await admin.jetstream().publish(subject, "{}");
    subjects.push(subject);
    if (n % 20 === 0) await pause(300);
  }
  for (const reading of readings) {
    await eventually("all are read", () => reading.entries.length >= subjects.length);
    expect(reading.entries.map(({ subject }) => subject)).toEqual(subjects);
    await reading.stop();
  }
}, 60_000);

test("what is stored is read as it is: dense, sparse, with holes, from the middle, the latest of each", async () => {
  const { streams } = await admin.jetstreamManager();
  const all = async (from: number, fits: (subject: string) => boolean): Promise<number[]> => {
    const { state } = await streams.info("REPLIES_eu");
    const seqs: number[] = [];
    for (let seq = Math.max(from, state.first_seq); seq <= state.last_seq; seq++) {
      const found = await streams.getMessage("REPLIES_eu", { seq }).catch(() => null);
      if (found && fits(found.subject)) seqs.push(seq);
    }
    return seqs;
  };
  await publish((n) => `replies.eu.d${n % 97 === 0 ? "rare" : n % 3}.c${n}`, 1_500);
  for (let seq = 100; seq < 900; seq += 1)
    if (seq % 7 < 5) await streams.deleteMessage("REPLIES_eu", seq);
  const stored = async (subject: string, from: number): Promise<number[]> => {
    const seqs: number[] = [];
    for await (const { seq } of readStored(admin, { stream: "REPLIES_eu", subject, from }))
      seqs.push(seq);
    return seqs;
  };
  for (const from of [1, 2, 333, 1_499, 1_500, 5_000]) {
    expect(await stored("replies.eu.>", from)).toEqual(await all(from, () => true));
    const rare = await all(from, (subject) => subject.includes("drare"));
    expect(await stored("replies.eu.drare.*", from)).toEqual(rare);
    expect(await stored("replies.eu.nobody.*", from)).toEqual([]);
  }
  const latest: string[] = [];
  const slice = {
    stream: "REPLIES_eu",
    subject: "replies.eu.drare.*",
    from: "last-per-subject",
  } as const;
  for await (const { subject } of readStored(admin, slice)) latest.push(subject);
  expect(new Set(latest).size).toBe(latest.length);
  expect(latest).toHaveLength((await all(1, (subject) => subject.includes("drare"))).length);
}, 60_000);

test("what is no delivery of a consumer is none", () => {
  const ns = "1795831843901017725";
  const read = { seq: 12, delivery: 7, storeMs: 1_795_831_843_901 };
  expect(deliveryOf(`$JS.ACK.S.c.1.12.7.${ns}.0`)).toEqual(read);
  expect(deliveryOf(`$JS.ACK.hub.hash.S.c.1.12.7.${ns}.0`)).toEqual(read);
  expect(deliveryOf(`$JS.ACK.hub.hash.S.c.1.12.7.${ns}.0.random`)).toEqual(read);
  for (const forged of [undefined, "", "_INBOX.x", "$JS.ACK.S.c", "$JS.ACK.S.c.1.x.7.1.0"])
    expect(deliveryOf(forged)).toBeNull();
});
