// Goal: reading what a stream holds ends, and says where to go on, also when the message that was to be
// the last one is gone before it is reached.
// Method: a real stream of more messages than a reader is sent ahead; one test deletes the newest while
// the first is being applied.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applyStored, newestSequence } from "../../platform/nats/client/stored.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const logger = makeLogger({}, "silent");
const COUNT = 450;
let world: NatsWorld;
let hub: NatsConnection;

beforeAll(async () => {
  world = await startHubAndRegions({ regions: [] });
  hub = await world.hub.connect();
  const jetstream = hub.jetstream();
  const subjects = Array.from({ length: COUNT }, (_, n) => `commands.d${n % 2}.c${n}`);
  for (const subject of subjects) await jetstream.publish(subject, subject);
});

afterAll(() => world[Symbol.asyncDispose]());

const slice = (subject: string) => ({ stream: "COMMANDS", subject, from: 1 });
const never = new AbortController().signal;

async function sequences(subject: string, onFirst?: () => Promise<unknown>) {
  const seen: number[] = [];
  const next = await applyStored(
    { connection: hub, logger },
    slice(subject),
    async ({ seq }) => {
      if (seen.push(seq) === 1) await onFirst?.();
    },
    never,
  );
  return { seen, next };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

test("everything, one subject, nothing", async () => {
  expect(await sequences("commands.>")).toEqual({ seen: upTo(COUNT), next: COUNT + 1 });
  expect(await sequences("commands.d1.c7")).toEqual({ seen: [8], next: 9 });
  expect(await sequences("commands.nobody.*")).toEqual({ seen: [], next: 1 });
  expect(await newestSequence({ connection: hub, logger }, slice("commands.d0.*"), never)).toBe(
    COUNT - 1,
  );
});

test("the newest is deleted meanwhile: reading ends with the one before", async () => {
  const { streams } = await hub.jetstreamManager();
  const { seen, next } = await sequences("commands.>", () =>
    streams.deleteMessage("COMMANDS", COUNT),
  );
  expect({ last: seen.at(-1), next }).toEqual({ last: COUNT - 1, next: COUNT + 1 });
});

test("a stream that does not exist is waited for until the signal aborts", async () => {
  const missing = { stream: "NONE", subject: "none.>" };
  const soon = AbortSignal.timeout(300);
  await expect(newestSequence({ connection: hub, logger }, missing, soon)).rejects.toThrow(
    "stopped before stream NONE was read",
  );
});
