import { expect, test } from "vitest";
import { Channel } from "../../../../cloud/notifier/channel.ts";
import { makeMessage } from "../../../../cloud/notifier/message.ts";
import type { Outcome } from "../../../../cloud/notifier/sender.ts";
import { anAlert } from "../../../support/an-alert.ts";

const SPEC = {
  kind: "webhook",
  name: "ops",
  url: "http://127.0.0.1/",
  format: "json",
  groupMs: 0,
  ratePerMinute: 60_000,
  giveUpAfterMs: 86_400_000,
} as const;
const MESSAGE = makeMessage({ channel: "ops", region: "eu" }, { kind: "single", seqs: [1] }, [
  anAlert(),
])!;
const NEVER = new AbortController().signal;
const channelThat = (...outcomes: Outcome[]) =>
  new Channel(SPEC, { send: () => Promise.resolve(outcomes.shift() ?? { kind: "delivered" }) });
const waiter = (rank: number, arrivedMs = 0) => ({ urgency: () => ({ rank, arrivedMs }) });

test("the turn goes to the most severe, then to the oldest, and to one at a time", async () => {
  const channel = channelThat();
  await channel.turn(waiter(0), NEVER);
  const order: string[] = [];
  const wait = async (name: string, of: ReturnType<typeof waiter>): Promise<void> => {
    await channel.turn(of, NEVER);
    order.push(name);
    channel.release();
  };
  const all = [
    wait("info", waiter(0, 1)),
    wait("newer", waiter(1, 3)),
    wait("older", waiter(1, 2)),
    wait("critical", waiter(2, 9)),
  ];
  channel.release();
  await Promise.all(all);
  expect(order).toEqual(["critical", "older", "newer", "info"]);
});

test("who has nothing to tell any more, or is stopped, does not wait on", async () => {
  const channel = channelThat();
  await channel.turn(waiter(0), NEVER);
  let urgency: { rank: number; arrivedMs: number } | null = { rank: 2, arrivedMs: 0 };
  const gone = channel.turn({ urgency: () => urgency }, NEVER);
  const stop = new AbortController();
  const stopped = channel.turn(waiter(1), stop.signal);
  urgency = null;
  stop.abort();
  channel.release();
  expect(await Promise.all([gone, stopped])).toEqual([false, false]);
  expect(await channel.turn(waiter(0), NEVER)).toBe(true);
});

test("Retry-After holds the whole channel", async () => {
  const channel = channelThat({ kind: "deferred", reason: "HTTP 429", retryAfterMs: 700 });
  await channel.turn(waiter(0), NEVER);
  await channel.send(MESSAGE, null);
  const fromMs = performance.now();
  channel.release();
  await channel.turn(waiter(2), NEVER);
  expect(performance.now() - fromMs).toBeGreaterThanOrEqual(690);
  await channel.send(MESSAGE, null);
  expect(channel.failures).toBe(0);
});
