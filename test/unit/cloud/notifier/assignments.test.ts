import { expect, test } from "vitest";
import { Assignments } from "../../../../cloud/notifier/assignments.ts";
import { UNASSIGNED, moved } from "../../../../contracts/messages/notification.ts";
import { makeLogger } from "../../../../platform/runtime/logger.ts";

const logger = makeLogger({}, "silent");
const both = () => [new Assignments("hub", logger), new Assignments("region", logger)] as const;
const entry = (value: unknown) => ({
  subject: "$KV.notifiers.eu",
  data: Buffer.from(value === null ? "" : JSON.stringify(value)),
});

test("without an entry the hub tells, and a region holds what may still become its own", () => {
  const [hub, region] = both();
  expect(hub.verdict("eu", 1, 0)).toBe("tell");
  expect(region.verdict("eu", 1, 0)).toBe("hold");
});

test("after a move each tells its own and the other passes it over or holds it", () => {
  const [hub, region] = both();
  const value = moved(UNASSIGNED, 10);
  for (const one of [hub, region]) one.apply(entry(value), 0);
  expect([hub.verdict("eu", 10, 0), region.verdict("eu", 10, 0)]).toEqual(["tell", "pass"]);
  expect([hub.verdict("eu", 11, 0), region.verdict("eu", 11, 0)]).toEqual(["hold", "tell"]);
  expect(hub.verdict("us", 11, 0)).toBe("tell");
});

test("while a move is made nothing new is read, unless it is never finished", () => {
  const [hub] = both();
  hub.apply(entry({ ...UNASSIGNED, moving: true }), 1_000);
  expect(hub.verdict("eu", 1, 2_000)).toBe("hold");
  expect(hub.verdict("eu", 1, 31_001)).toBe("tell");
});

test("a deleted entry is none, nonsense changes nothing, and every change is seen", async () => {
  const [hub] = both();
  const { version } = hub;
  hub.apply(entry(moved(UNASSIGNED, 10)), 0);
  hub.apply({ subject: "$KV.notifiers.eu", data: Buffer.from("{") }, 0);
  expect(hub.verdict("eu", 11, 0)).toBe("hold");
  await hub.changed(version, AbortSignal.timeout(10_000));
  hub.apply(entry(null), 0);
  expect(hub.verdict("eu", 11, 0)).toBe("tell");
});
