// Goal: the most severe alert is told next, whatever flaps, and a channel that asks for time gets it, from all.
// Method: real nats-servers and an HTTP server that answers 429; alerts are raised in both regions.
import { expect, test, vi } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { HookServer, raise } from "../support/notifications.ts";
import { makeNotifier, staying, statusOf, stepOf } from "../support/notifiers.ts";

/** Six messages a minute take their time. */
vi.setConfig({ testTimeout: 120_000 });

test("a critical alert goes before what flaps; Retry-After holds the channel for all regions", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu", "us"] }));
  const hook = stack.use(await HookServer.start());
  const channel = { name: "ops", kind: "webhook", format: "json", url: hook.url };
  const slow = { ...channel, ratePerMinute: 12 };
  const notifier = await makeNotifier(stack, world, [slow], { SKERRY_REGIONS: "eu,us" });
  await notifier.process.start();
  const eu = await world.region("eu").connect();
  const us = await world.region("us").connect();
  const told = () =>
    hook.hooks.map(({ body }) => JSON.parse(body) as { subject: string; alerts: Alert[] });

  // The rate allows two at once; they are used up, and then one device flaps.
  await raise(us, "us", staying(2, "before"));
  await eventually("the rate is used up", () => hook.hooks.length === 2);
  const flaps = Array.from({ length: 36 }, (_, at) => ({
    id: `flap-${Math.floor(at / 2)}`,
    key: "door",
    state: at % 2 === 0 ? ("firing" as const) : ("resolved" as const),
    value: at,
  }));
  const flapping = await raise(eu, "eu", flaps);
  const severe = { rule: "thawed", key: "freezer", severity: "critical" } as const;
  const [critical] = await raise(us, "us", [{ ...severe, id: "critical" }]);
  await eventually("both are told", () => hook.hooks.length === 4, 20_000);
  const [first, second] = told().slice(2);
  expect(first!.alerts.map(stepOf)).toEqual([stepOf(critical!)]);
  expect(second!.alerts.map(stepOf)).toEqual(flapping.map(stepOf));
  expect(second!.subject).toMatch(
    /^RESOLVED: co2-high door, fired and resolved 18 times within \d+ s \(eu\)$/,
  );

  hook.answer = (count) =>
    count === 5 ? { status: 429, headers: { "retry-after": "4" } } : { status: 200 };
  await raise(eu, "eu", [{ id: "asked", key: "hall" }]);
  await eventually("it was asked to wait", () => hook.hooks.length === 5, 20_000);
  await raise(us, "us", [{ ...severe, id: "after", key: "cellar" }]);
  await eventually("both are told", () => hook.hooks.length === 7, 20_000);
  expect(hook.hooks[5]!.atMs - hook.hooks[4]!.atMs).toBeGreaterThanOrEqual(3_950);
  expect(told()[5]!.alerts[0]!.id).toBe("after");
  expect(told()[6]!.alerts[0]!.id).toBe("asked");
  await eventually("all is noted", async () => {
    const [inEu, inUs] = [await statusOf(notifier, "ops"), await statusOf(notifier, "ops", "us")];
    return inEu.doneSeq === 37 && inUs.doneSeq === 4 && inEu.waiting + inUs.waiting === 0;
  });
});

test("six messages a minute: the critical one is the next, whatever flaps in its region, also after Retry-After", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu", "us"] }));
  const hook = stack.use(await HookServer.start());
  const channel = { name: "ops", kind: "webhook", format: "json", url: hook.url, ratePerMinute: 6 };
  const notifier = await makeNotifier(stack, world, [channel], { SKERRY_REGIONS: "eu,us" });
  await notifier.process.start();
  const eu = await world.region("eu").connect();
  const us = await world.region("us").connect();
  // The first message takes the only token; the second attempt is asked to wait while both regions do.
  hook.answer = (count) =>
    count === 2 ? { status: 429, headers: { "retry-after": "4" } } : { status: 200 };
  const crossings = Array.from({ length: 36 }, (_, at) => ({
    id: `cross-${Math.floor(at / 2)}`,
    key: "door",
    state: at % 2 === 0 ? ("firing" as const) : ("resolved" as const),
    value: at,
  }));
  const startMs = performance.now();
  const flapping = await raise(eu, "eu", crossings);
  expect(performance.now() - startMs).toBeLessThan(1_000);
  const [critical] = await raise(eu, "eu", [
    { id: "critical", rule: "thawed", key: "freezer", severity: "critical" },
  ]);
  const [other] = await raise(us, "us", [{ id: "other", key: "hall" }]);
  await eventually("all is told", () => hook.hooks.length === 5, 60_000);
  const told = hook.hooks.map(({ body, atMs }) => {
    const { id, alerts } = JSON.parse(body) as { id: string; alerts: Alert[] };
    return { id, atMs, steps: alerts.map(stepOf) };
  });
  const [first, refused, again, ...rest] = told;
  const firstSteps = first!.steps.length;
  expect(first!.steps).toEqual(flapping.slice(0, firstSteps).map(stepOf));
  expect(refused!.steps).toEqual([stepOf(critical!)]);
  expect(refused!.atMs - first!.atMs).toBeLessThan(11_000);
  expect({ ...again, atMs: 0 }).toEqual({ ...refused, atMs: 0 });
  const heldMs = again!.atMs - refused!.atMs;
  expect(heldMs).toBeGreaterThanOrEqual(3_950);
  expect(heldMs).toBeLessThan(6_000);
  expect(rest.map(({ steps }) => steps)).toEqual([
    flapping.slice(firstSteps).map(stepOf),
    [stepOf(other!)],
  ]);
});
