// Goal: what a notifier set aside, or had no room for, is told after all.
// Method: a record as an earlier notifier left it, of an alert that this one can read; more alerts than wait in
// memory; a webhook that notes what it gets.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alertSubject, alertsStream, setAsideSubject } from "../../contracts/names/subjects.ts";
import type { SetAsideRecord } from "../../contracts/messages/set-aside.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { anAlert } from "../support/an-alert.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { HookServer, raise } from "../support/notifications.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("an alert that was set aside is told after set-aside retry; what is still none stays", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const hook = stack.use(await HookServer.start());
  const channels = join(directory.path, "channels.json");
  const channel = { name: "hook", kind: "webhook", format: "json", url: hook.url };
  await writeFile(channels, JSON.stringify([channel]));
  const notifier = await startService("cloud/notifier/main.ts", {
    SKERRY_REGIONS: "eu",
    SKERRY_NATS_URL: world.hub.urlOf("notifier"),
    SKERRY_CHANNELS: channels,
  });
  stack.use(notifier.process);
  const hub = await world.hub.connect();
  const leave = async (seq: number, alert: string): Promise<void> => {
    const subject = alertSubject({ region: "eu", rule: "co2-high", key: "room-1" });
    const place = { stream: alertsStream("eu"), subject, seq };
    const data = Buffer.from(alert);
    const record: SetAsideRecord = {
      ...{ by: "notifier", kind: "alert", reason: "unreadable", detail: "no alert", place },
      ...{ atMs: Date.now(), bytes: data.length, payload: data.toString("base64") },
    };
    const of = { ...record, domain: "hub" };
    const message = { subject: setAsideSubject(of), data: Buffer.from(JSON.stringify(record)) };
    await publishOnce(publisherOn(hub), { ...message, messageId: `${seq}` });
  };
  await leave(7, JSON.stringify(anAlert({ message: "told after all" })));
  await leave(8, "{");
  const run = (...args: string[]) =>
    skerry(["set-aside", ...args, "--at", "hub", "--nats", world.hub.url]);
  const retried = await run("retry", "--all");
  expect(retried.out).toMatch(/^1 handled, 1 still set aside$/m);
  await eventually("it is told", () =>
    hook.hooks.some(({ body }) => body.includes("told after all")),
  );
  expect((await run("list")).out.trim().split("\n")).toHaveLength(1);
});

test("more alerts than have room: a severe one goes first, and each of the others is told once", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const hook = stack.use(await HookServer.start());
  const channels = join(directory.path, "channels.json");
  const channel = { name: "hook", kind: "webhook", format: "json", url: hook.url };
  await writeFile(channels, JSON.stringify([{ ...channel, ratePerMinute: 60_000 }]));
  const notifier = await startService("cloud/notifier/main.ts", {
    SKERRY_REGIONS: "eu",
    SKERRY_NATS_URL: world.hub.urlOf("notifier"),
    SKERRY_CHANNELS: channels,
  });
  stack.use(notifier.process);
  const eu = await world.region("eu").connect();
  // The receiver asks the channel to wait; meanwhile more comes than is kept in memory.
  hook.answer = (count) =>
    count === 1 ? { status: 429, headers: { "retry-after": "8" } } : { status: 200 };
  const alerts = Array.from({ length: 1_300 }, (_, at) => ({ id: `a${at}`, key: `place-${at}` }));
  await raise(eu, "eu", alerts);
  await raise(eu, "eu", [{ id: "severe", rule: "thawed", key: "freezer", severity: "critical" }]);
  const told = (): string[] =>
    hook.hooks.slice(1).flatMap(({ body }) => {
      const { alerts: own } = JSON.parse(body) as { alerts: { id: string }[] };
      return own.map(({ id }) => id);
    });
  await eventually("all are told", () => told().length >= alerts.length + 1, 45_000);
  expect(told()[0]).toBe("severe");
  expect(told().toSorted()).toEqual([...alerts.map(({ id }) => id), "severe"].toSorted());
}, 90_000);
