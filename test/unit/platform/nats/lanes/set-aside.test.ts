// Goal: a record is kept once, whoever meets it how often, and an outage only makes it wait.
// Method: the real class over a connection that stores in memory.
import { pino } from "pino";
import { expect, test } from "vitest";
import { type SetAsideRecord, checkSetAside } from "../../../../../contracts/messages/set-aside.ts";
import type { NatsConnection } from "../../../../../platform/nats/client/connection.ts";
import { SetAside, entriesSetAside } from "../../../../../platform/nats/lanes/set-aside.ts";
import { AppError, isOfRecord } from "../../../../../platform/runtime/errors.ts";
import { eventually } from "../../../../support/eventually.ts";

/** A server that is away for as many publishes as it is told. */
function start(away = 0) {
  const stored = new Map<string, SetAsideRecord>();
  const purged: string[] = [];
  let left = away;
  const publish = (subject: string, data: Uint8Array): Promise<{ duplicate: boolean }> => {
    if (left-- > 0) return Promise.reject(new AppError("NATS_UNAVAILABLE", "retry", "away"));
    stored.set(subject, checkSetAside(JSON.parse(Buffer.from(data).toString())));
    return Promise.resolve({ duplicate: false });
  };
  const purge = (_stream: string, { filter }: { filter: string }): Promise<{ purged: number }> => {
    purged.push(filter);
    return Promise.resolve({ purged: 1 });
  };
  const connection = {
    jetstream: () => ({ publish }),
    jetstreamManager: () => Promise.resolve({ streams: { purge } }),
  } as unknown as NatsConnection;
  const parts = {
    connection,
    domain: "eu",
    by: "gateway",
    logger: pino({ level: "silent" }),
  } as const;
  const setAside = new SetAside({ ...parts, signal: new AbortController().signal });
  return { setAside, stored, purged };
}

const place = { stream: "COMMANDS", subject: "commands.a.b", seq: 7 };
const torn = { kind: "command", reason: "unreadable", why: "no JSON", place } as const;

test("a record is kept with its reason, its place and its bytes, when the server is there again", async () => {
  const { setAside, stored } = start(3);
  await setAside.put({ ...torn, data: Buffer.from("{") });
  const [[subject, record] = []] = [...stored];
  expect(subject).toMatch(/^setaside\.eu\.gateway\.command\.unreadable\.[0-9a-f]{32}$/);
  expect(record).toMatchObject({
    by: "gateway",
    detail: "no JSON",
    place,
    bytes: 1,
    payload: "ew==",
  });
});

test("the same record is one, met again or spelled in another order; its neighbour is another", async () => {
  const { setAside, stored } = start();
  await setAside.put({ ...torn, data: null });
  const { seq, subject, stream } = place;
  await setAside.put({ ...torn, place: { seq, subject, stream }, data: null });
  expect(stored.size).toBe(1);
  await setAside.put({ ...torn, place: { ...place, seq: 8 }, data: null });
  await setAside.put({ ...torn, place: { ...place, part: 0 }, data: null });
  expect([stored.size, setAside.count]).toEqual([3, 4]);
});

test("a record that fits no message is named, not copied", async () => {
  const { setAside, stored } = start();
  await setAside.put({ ...torn, data: Buffer.alloc(600 * 1024) });
  expect([...stored.values()]).toMatchObject([{ bytes: 600 * 1024, payload: null }]);
});

test("an entry of a bucket is listed until it is right, and only then taken from the list", async () => {
  const { setAside, stored, purged } = start();
  const judged = entriesSetAside("rule", "rules", setAside);
  const entry = { subject: "$KV.rules.hot", data: Buffer.from("{") };
  const at = { stream: "KV_rules", subject: "$KV.rules.hot" };
  judged(entry, null);
  expect(purged).toEqual([]);
  judged(entry, "no JSON");
  await eventually("it is kept", () => stored.size === 1);
  expect(setAside.isNoted("rule", at)).toBe(true);
  judged(entry, null);
  expect(setAside.isNoted("rule", at)).toBe(false);
  await eventually("it is no longer listed", () => purged.length === 1);
  expect(purged[0]).toMatch(/^setaside\.eu\.gateway\.rule\.\*\.[0-9a-f]{32}$/);
});

test("notes are bounded while the server is away, and nobody waits for them", async () => {
  const { setAside, stored } = start(1_000);
  for (let seq = 0; seq < 1_500; seq++)
    setAside.note({ ...torn, place: { ...place, seq }, data: null });
  await eventually("those that wait are kept", () => stored.size === 1_000);
  expect(setAside.count).toBe(1_500);
});

test.for<[what: string, error: unknown, isRecords: boolean]>([
  ["a malformed URI", new URIError("URI malformed"), true],
  ["a bug", new TypeError("undefined is not a function"), true],
  ["JSON that is none", new SyntaxError("Unexpected end"), true],
  ["what a store refuses for good", new AppError("INFLUX_REFUSED", "reject", "400"), true],
  ["an outage", new AppError("INFLUX_UNAVAILABLE", "retry", "away"), false],
  ["a fatal failure", new AppError("POSITION_CONFLICT", "fatal", "another owner"), false],
  ["a full disk", Object.assign(new Error("ENOSPC"), { syscall: "write", code: "ENOSPC" }), false],
  ["SQLite", Object.assign(new Error("disk I/O"), { errcode: 10 }), false],
  ["the NATS client", Object.assign(new Error("TIMEOUT"), { name: "NatsError" }), false],
  ["what is no error", "text", false],
])("%s: is it the record's fault?", ([, error, isRecords]) => {
  expect(isOfRecord(error)).toBe(isRecords);
});
