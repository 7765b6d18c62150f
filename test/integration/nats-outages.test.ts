// Goal: whatever is asked while a server is away, not ready or not set up yet fails with the disposition
// retry; a question that failed otherwise would stop the process.
// Method: a real hub and region; every question of platform/nats/client while a server is killed, while
// it starts, beyond a domain that is gone, of streams that are not there, on a closed connection.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { publishExpecting, publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { request } from "../../platform/nats/client/requests.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { Positions } from "../../platform/nats/lanes/positions.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const WITHIN_MS = 300;
const data = Buffer.from("x");
let world: NatsWorld;

beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu"] });
});
afterAll(() => world[Symbol.asyncDispose]());

type Questions = Readonly<Record<string, () => Promise<unknown>>>;

const ofStreams = (streams: Streams, stream: string): Questions => ({
  state: () => streams.state(stream),
  at: () => streams.at(stream, 1),
  newest: () => streams.newest(stream, ">"),
  subjects: () => streams.subjects(stream, ">"),
  remove: () => streams.remove(stream, 1),
  purge: () => streams.purge(stream, { subject: "nobody" }),
});

const ofBucket = (bucket: Bucket): Questions => ({
  get: () => bucket.get("key"),
  put: () => bucket.put("key", "value"),
  replace: () => bucket.replace("other", "value", 0),
  delete: () => bucket.delete("key"),
});

async function readAll(connection: NatsConnection, stream: string): Promise<void> {
  const slice = { stream, subject: "telemetry.eu.0", from: 1 };
  for await (const _entry of readStored(connection, slice));
}

const ofConnection = (connection: NatsConnection): Questions => {
  const publisher = publisherOn(connection);
  const message = { subject: "alerts.eu.rule.key", data, messageId: "" };
  return {
    list: () => new Streams(connection, { timeoutMs: WITHIN_MS }).list(),
    open: () => Bucket.open(connection, "positions", { timeoutMs: WITHIN_MS }),
    positions: () => Positions.open(connection, "somebody"),
    request: () => request(connection, "nobody.listens", data, WITHIN_MS),
    publishOnce: () => publishOnce(publisher, message),
    publishExpecting: () => publishExpecting(publisher, message, { ofSubject: 0 }),
    readStored: () => readAll(connection, "TELEMETRY_eu"),
  };
};

/** What each question fails with: its disposition, or "answered", or the error if it is another. */
async function failures(questions: Questions): Promise<Record<string, unknown>> {
  const named = Object.entries(questions).map(async ([name, ask]) => [
    name,
    await ask().then(
      () => "answered",
      (error: unknown) => (error instanceof AppError ? error.disposition : error),
    ),
  ]);
  return Object.fromEntries(await Promise.all(named)) as Record<string, unknown>;
}

const allRetry = (questions: Questions): Record<string, unknown> =>
  Object.fromEntries(Object.keys(questions).map((name) => [name, "retry"]));

test("streams that are not there yet, and a domain that is gone", async () => {
  const hub = await world.hub.connect();
  const missing = ofStreams(new Streams(hub, { timeoutMs: WITHIN_MS }), "NONE");
  expect(await failures(missing)).toEqual(allRetry(missing));
  expect(await new Streams(hub).find("NONE")).toBeNull();
  const options = { domain: "nowhere", timeoutMs: WITHIN_MS };
  const gone = ofStreams(new Streams(hub, options), "TELEMETRY_eu");
  expect(await failures(gone)).toEqual(allRetry(gone));
});

test("a server that is killed, that starts, and a connection that is closed", async () => {
  const eu = world.region("eu");
  const connection = await eu.connect();
  const options = { timeoutMs: WITHIN_MS };
  const bucket = await Bucket.open(connection, "positions", options);
  const questions = {
    ...ofStreams(new Streams(connection, options), "TELEMETRY_eu"),
    ...ofBucket(bucket),
    ...ofConnection(connection),
  };
  await eu.process.kill();
  expect(await failures(questions)).toEqual(allRetry(questions));

  const soonAnswered = ["state", "get", "open", "put"];
  const early = Object.fromEntries(
    Object.entries(questions).filter(([name]) => soonAnswered.includes(name)),
  );
  const seen: unknown[] = [];
  const started = eu.process.start();
  for (let answered = 0; answered < soonAnswered.length;) {
    const found = Object.values(await failures(early));
    seen.push(...found);
    answered = found.filter((each) => each === "answered").length;
  }
  await started;
  expect(new Set(seen).difference(new Set(["answered", "retry"]))).toEqual(new Set());

  await connection.close();
  expect(await failures(questions)).toEqual(allRetry(questions));
});
