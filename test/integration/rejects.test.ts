// Goal: what is refused is kept in full, and a replay after a mend is the reading of the original
// arrival, once, in the gateway's own order (P2, P5).
// Method: ingest, commit log and replay service on a real region server; the command in this process,
// and once as a process of its own.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { type FrameReading, decodeFrame } from "../../contracts/messages/frame.ts";
import { parseMappings } from "../../contracts/mapping.ts";
import { identityOf, slotOf } from "../../contracts/messages/identity.ts";
import { eventTimeMs, pointTimeNs } from "../../contracts/messages/reading.ts";
import type { Reject } from "../../contracts/messages/reject.ts";
import { rejectSubject } from "../../contracts/names/subjects.ts";
import { CommitLog } from "../../gateway/ingest/commit-log.ts";
import { Ingest } from "../../gateway/ingest/ingest.ts";
import type { Refusal } from "../../gateway/ingest/message.ts";
import { Mapper } from "../../gateway/ingest/mapping.ts";
import { NatsFrameStore } from "../../gateway/ingest/nats-store.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { RejectCounts } from "../../cloud/insight/ledger/reject-counts.ts";
import { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import { serveReplay } from "../../gateway/replay/serve-replay.ts";
import { addRejectsCommand } from "../../infra/cli/rejects.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { NO_TRACING } from "../../otel/tracing.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { eventually } from "../support/eventually.ts";

const PROJECT = join(import.meta.dirname, "../..");
const DAY_MS = 86_400_000;
const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const stack = new AsyncDisposableStack();
let world: NatsWorld;
let nats: NatsConnection;

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 4 }));
  nats = await world.region("eu").connect();
});

afterAll(() => stack.disposeAsync());

const THERMOSTAT = {
  name: "thermostat",
  topic: "thermostats/{device}",
  contract: "climate",
  each: "/samples",
  time: "arrival",
  fields: { temperature: { pointer: "/celsius" } },
};

let epochs = 0;

/** A gateway without a broker, on the real log; it runs until disposed of. */
function startGateway(options: { mapper?: Mapper; nowMs: number }) {
  const stop = new AbortController();
  const epoch = `e${(epochs += 1)}`;
  const commitLog = new CommitLog(new NatsFrameStore(nats, "eu"), {
    gateway: "g1",
    epoch,
    partitions: 4,
    clock: Date.now,
    frameCharsMax: 100_000,
  });
  const ingest = new Ingest({
    rules: { catalog, partitions: 4, ageMaxMs: undefined, mapper: options.mapper },
    commitLog,
    rejectLog: new RejectLog(nats, {
      domain: "eu",
      idPrefix: `g1:${epoch}`,
      isKnown: (contract) => catalog.versions(contract).length > 0,
    }),
    notedFields: { add: () => undefined },
    tracing: NO_TRACING,
    clock: () => options.nowMs,
    signal: stop.signal,
  });
  const logger = makeLogger({}, "silent");
  const work = Promise.all([
    commitLog.run(stop.signal),
    serveReplay(
      { connection: nats, region: "eu", ingest, access: { authorizePublish: () => null }, logger },
      stop.signal,
    ),
  ]);
  const publish = (topic: string, payload: string | Buffer): Promise<Refusal | null> =>
    new Promise((resolve) =>
      ingest.publish(
        {
          clientId: "client-1",
          topic,
          payload: Buffer.from(payload as string),
          qos: 1,
          retain: false,
          traceparent: undefined,
          contentType: undefined,
        },
        resolve,
      ),
    );
  const refuse = (topic: string): Promise<Refusal | null> =>
    new Promise((resolve) =>
      ingest.refuse(
        {
          ...{ clientId: "client-1", topic, payload: Buffer.from("{}"), qos: 1, retain: false },
          ...{ traceparent: undefined, contentType: undefined },
        },
        { reason: "not_authorized", detail: "not_authorized: client-1 may not" },
        resolve,
      ),
    );
  return {
    publish,
    refuse,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await work;
    },
  };
}

const mapper = (over: object = {}): Mapper =>
  new Mapper(parseMappings({ mappings: [{ ...THERMOSTAT, ...over }] }));

/** The command as its process runs it, without the third of a second that a process takes. */
async function skerry(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const program = new Command().exitOverride();
  addRejectsCommand(program, (line) => void lines.push(line));
  const where = ["--region", "eu", "--nats", world.region("eu").url];
  try {
    await program.parseAsync(["rejects", ...args, ...where], { from: "user" });
    return { code: Number(process.exitCode ?? 0), lines };
  } catch (error) {
    return { code: 1, lines: [messageOf(error)] };
  } finally {
    process.exitCode = undefined;
  }
}

const sequencesOf = async (device: string): Promise<number[]> => {
  const { lines } = await skerry("list", "--device", device);
  return lines[0] === "no rejects" ? [] : lines.map((line) => Number(line.split(" ")[0]));
};

async function logged(device: string): Promise<FrameReading[]> {
  const { state } = await (await nats.jetstreamManager()).streams.info("TELEMETRY_eu");
  const readings: FrameReading[] = [];
  if (state.messages === 0) return readings;
  const consumer = await nats.jetstream().consumers.get("TELEMETRY_eu");
  for await (const message of await consumer.consume()) {
    readings.push(...decodeFrame(message.data).readings.filter((one) => one.device === device));
    if (message.seq >= state.last_seq) break;
  }
  return readings;
}

/** What makes two readings the same: the identity for rollups, the point for InfluxDB. */
function sameness({ contract, payload, receivedAtMs }: FrameReading): unknown[] {
  const plan = catalog.versions(contract)[0]!;
  const eventMs = eventTimeMs(plan, payload, receivedAtMs);
  const identity = identityOf(plan, payload, eventMs);
  return [identity, pointTimeNs(eventMs, slotOf(identity, 0))];
}

test("list, show, a mended mapping, dry run, replay: stored once, as of its arrival", async () => {
  const arrivedMs = Date.now() - 30 * DAY_MS;
  {
    await using gateway = startGateway({ nowMs: arrivedMs });
    const refusal = await gateway.publish("thermostats/hall", '{"samples":[{"celsius":21.5}]}');
    expect(refusal?.reason).toBe("payload_invalid");
  }
  // Without a mapping nobody knows the device: the client stands for it.
  const [seq] = await sequencesOf("client-1");
  expect((await skerry("list", "--reason", "not_json")).lines).toEqual(["no rejects"]);
  expect((await skerry("list", "--device", "client-1", "--since", "1d")).lines).toEqual([
    "no rejects",
  ]);
  const shown = (await skerry("show", String(seq))).lines;
  expect(shown).toContain("topic     thermostats/hall");
  expect(shown).toContain("reason    unmapped_topic");
  expect(shown).toContain(`arrived   ${new Date(arrivedMs).toISOString()}`);
  expect(shown).toContain('{"samples":[{"celsius":21.5}]}');

  expect((await skerry("replay", "--seq", String(seq))).lines[0]).toContain("no gateway");

  await using _gateway = startGateway({ nowMs: Date.now(), mapper: mapper() });
  const dry = await skerry("replay", "--device", "client-1", "--dry-run");
  expect(dry.code).toBe(0);
  expect(dry.lines[0]).toBe(`${seq} would be stored, 1 reading`);
  expect(dry.lines[1]).toMatch(/^dry run: 1 stored/);
  expect(await logged("hall")).toEqual([]);

  const done = await skerry("replay", "--seq", String(seq));
  expect(done.lines[0]).toBe(`${seq} stored, 1 reading`);
  const [stored, ...more] = await logged("hall");
  expect(more).toEqual([]);
  // The device gave no time: it is the one at which the message arrived.
  expect(stored).toMatchObject({ receivedAtMs: arrivedMs, payload: { temperature: 21.5 } });
  expect(stored!.payload).not.toHaveProperty("ts");
  expect(await sequencesOf("client-1")).toEqual([]);
  const again = await skerry("replay", "--seq", String(seq));
  expect(again.lines[0]).toContain("gone");
});

const keptTwice = (device: string, topic: string, payload: object, arrivedMs: number): Reject => ({
  reason: "unknown_contract",
  detail: "",
  topic,
  clientId: "client-1",
  device,
  contract: null,
  version: null,
  receivedAtMs: arrivedMs,
  payload: Buffer.from(JSON.stringify(payload)).toString("base64"),
});

test.each([
  ["identity sequence, no time of its own", "environment", { seq: 7, humidity: 4 }],
  ["identity time", "machine", { temperature: 3 }],
])(
  "a crash between storing and deleting: replayed again, %s is the same reading",
  async (_n, contract, over) => {
    const device = `crash-${contract}`;
    const arrivedMs = Date.now() - 2 * DAY_MS;
    const room = { temperature: 20, light: 1, co2: 500, occupancy: 0 };
    const payload = contract === "machine" ? { ...over, ts: arrivedMs - 5 } : { ...room, ...over };
    const reject = keptTwice(device, `devices/${device}/telemetry/${contract}`, payload, arrivedMs);
    const subject = rejectSubject({ region: "eu", ...reject });
    await using _gateway = startGateway({ nowMs: Date.now() });
    // The reject is there a second time: as after a delete that never happened.
    for (let time = 0; time < 2; time++)
      await nats.jetstream().publish(subject, Buffer.from(JSON.stringify(reject)));
    expect((await skerry("replay", "--device", device)).code).toBe(0);
    const [first, second, ...more] = await logged(device);
    expect(more).toEqual([]);
    expect(sameness(second!)).toEqual(sameness(first!));
    expect(await sequencesOf(device)).toEqual([]);
  },
);

test("of an array only what was refused is replayed; what still does not fit stays, once", async () => {
  {
    await using gateway = startGateway({ nowMs: Date.now(), mapper: mapper() });
    const samples = [{ celsius: 1 }, { celsius: "2" }, { celsius: "warm" }, { celsius: 4 }];
    const refusal = await gateway.publish("thermostats/attic", JSON.stringify({ samples }));
    expect(refusal?.detail).toMatch(/^2 of 4 readings refused; contract_violation/);
  }
  const values = async () =>
    (await logged("attic")).map(({ payload }) => payload["temperature"]).sort();
  expect(await values()).toEqual([1, 4]);
  const [seq] = await sequencesOf("attic");
  const mended = mapper({ fields: { temperature: { pointer: "/celsius", as: "number" } } });
  await using _gateway = startGateway({ nowMs: Date.now(), mapper: mended });
  const partly = await skerry("replay", "--device", "attic");
  expect(partly.code).toBe(1);
  expect(partly.lines[0]).toMatch(new RegExp(`^${seq} partly, 1 reading: 1 of 2 readings refused`));
  expect(await values()).toEqual([1, 2, 4]);
  const [rest, ...more] = await sequencesOf("attic");
  expect(more).toEqual([]);
  expect((await skerry("show", String(rest))).lines).toContain("elements  2");
  const still = await skerry("replay", "--seq", String(rest));
  expect(still).toMatchObject({ code: 1 });
  expect(still.lines[0]).toMatch(/ rejected: unmappable/);
  expect(await sequencesOf("attic")).toEqual([rest]);
});

test("bytes that are no text are shown as a hex dump", async () => {
  await using gateway = startGateway({ nowMs: Date.now() });
  await gateway.publish("devices/raw/telemetry/machine", Buffer.from([0xff, 0x00, 0x41]));
  const [seq] = await sequencesOf("raw");
  expect((await skerry("show", String(seq))).lines.at(-1)).toMatch(
    /^00000000 {2}ff 00 41 .*\|\.\.A\|$/,
  );
});

test("rejects are found by contract, also where only topic or mapping tell it; `?` where nobody knows", async () => {
  const device = "by-contract";
  const own = `devices/${device}/telemetry`;
  await using gateway = startGateway({ nowMs: Date.now(), mapper: mapper() });
  await gateway.publish(`${own}/environment`, '{"temperature":"warm"}');
  await gateway.publish(`${own}/environment`, "no JSON");
  await gateway.publish(`${own}/weather`, "{}");
  await gateway.publish("nobody/maps/this", "{}");
  await gateway.refuse(`${own}/machine`);
  await gateway.refuse("thermostats/by-contract");
  const listed = async (...args: string[]): Promise<number> => {
    const { lines } = await skerry("list", "--since", "1m", ...args);
    return lines[0] === "no rejects" ? 0 : lines.length;
  };
  expect(await listed("--contract", "environment", "--device", device)).toBe(2);
  expect(await listed("--contract", "machine", "--reason", "not_authorized")).toBe(1);
  expect(await listed("--contract", "weather")).toBe(0);
  expect(await listed("--contract", "?", "--device", device)).toBe(1);
  expect(await listed("--contract", "?", "--reason", "unmapped_topic")).toBe(1);
  const mapped = (await skerry("list", "--since", "1m", "--reason", "not_authorized")).lines;
  expect(mapped).toHaveLength(2);
  expect(await listed("--contract", THERMOSTAT.contract, "--reason", "not_authorized")).toBe(1);

  const counts = await new RejectCounts(nats).of("eu");
  const { messages } = await new Streams(nats).state("REJECTS_eu");
  const sum = Object.values(counts).reduce((all, { refused }) => all + refused, 0);
  expect(sum).toBe(messages);
  expect(counts["weather"]).toBeUndefined();
  for (const contract of ["environment", "machine", THERMOSTAT.contract, "?"])
    expect(counts[contract]?.refused, contract).toBeGreaterThan(0);
});

test("npx skerry rejects: the same as a process", async () => {
  const main = join(PROJECT, "infra/cli/main.ts");
  const { url } = world.region("eu");
  const args = [main, "rejects", "list", "--region", "eu", "--nats", url, "--device", "nobody"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toBe("no rejects\n");
});

test("a replay without a clear choice is refused; an unknown reason too", async () => {
  for (const args of [[], ["--all", "--seq", "1"], ["--all", "--device", "x"]]) {
    const { code, lines } = await skerry("replay", ...args);
    expect(code).toBe(1);
    expect(lines[0]).toMatch(/say what to replay/);
  }
  expect((await skerry("list", "--reason", "weather")).lines[0]).toMatch(/none of not_authorized/);
});

test("many rejects: the newest are found, all are replayed", async () => {
  const device = "many";
  const arrivedMs = Date.now() - DAY_MS;
  const bodies = Array.from({ length: 900 }, (_, n) =>
    keptTwice(
      device,
      `devices/${device}/telemetry/machine`,
      { ts: arrivedMs - n, temperature: n },
      arrivedMs,
    ),
  );
  const subject = rejectSubject({ region: "eu", ...bodies[0]! });
  await Promise.all(
    bodies.map((body) => nats.jetstream().publish(subject, Buffer.from(JSON.stringify(body)))),
  );
  expect((await skerry("list", "--device", device, "--limit", "3")).lines).toHaveLength(3);
  await using _gateway = startGateway({ nowMs: Date.now() });
  const { lines } = await skerry("replay", "--device", device);
  expect(lines.at(-1)).toMatch(/^900 stored, 0 partly/);
  await eventually("all are in the log", async () => (await logged(device)).length === 900);
});
