// Goal: a frame is called stored only by its PubAck (commit-log.ts/C1), and every other answer is worth a retry.
// Method: a real nats-server that takes, repeats, refuses, has no stream, hangs and goes away.
import { afterAll, beforeAll, expect, test } from "vitest";
import { StreamPublisher } from "../../platform/nats/client/stream-publisher.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let publisher: StreamPublisher;

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"], logBytesMax: 64 * 1024 }));
  publisher = stack.use(new StreamPublisher(await world.region("eu").connect()));
});

afterAll(() => stack.disposeAsync());

const data = Buffer.from("x");
const subject = "telemetry.eu.0";

test("stored, and the same id again is a duplicate", async () => {
  const message = { subject, data, messageId: "a" };
  expect(await publisher.publish(message)).toEqual({ duplicate: false });
  expect(await publisher.publish(message)).toEqual({ duplicate: true });
});

test("many at once each get their own answer", async () => {
  const ids = Array.from({ length: 500 }, (_, n) => `m${n % 250}`);
  const answers = await Promise.all(
    ids.map((messageId) => publisher.publish({ subject, data, messageId })),
  );
  expect(answers.map(({ duplicate }) => duplicate)).toEqual(ids.map((_, n) => n >= 250));
});

test("a subject that no stream takes is an error worth a retry", async () => {
  const sent = publisher.publish({ subject: "telemetry.eu.99", data, messageId: "b" });
  await expect(sent).rejects.toMatchObject({ code: "NATS_UNAVAILABLE", disposition: "retry" });
});

test("a full stream refuses in words", async () => {
  const large = Buffer.alloc(60 * 1024);
  await expect(publisher.publish({ subject, data: large, messageId: "c" })).rejects.toThrow(
    /maximum bytes exceeded/,
  );
});

test("no answer is an error after the timeout, and the late answer harms nobody", async () => {
  const server = world.region("eu").process;
  server.freeze();
  // SIGSTOP takes a moment to reach every thread of the server: until then it still answers.
  let messageId = "";
  for (let n = 0; ; n++) {
    messageId = `late-${n}`;
    const answer = await publisher
      .publish({ subject, data, messageId })
      .catch((error: Error) => error);
    if (!(answer instanceof Error)) continue;
    expect(answer.message).toMatch(/no answer within/);
    break;
  }
  server.resume();
  expect(await publisher.publish({ subject, data, messageId })).toEqual({ duplicate: true });
});
