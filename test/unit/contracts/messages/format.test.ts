// Goal: no reader guesses at what a newer program has written, and the page of formats says what each does. Method: the
// readers that need no server get records of the next version, and of this one with a member more; the page is held
// against the calls in the source.
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { parseLetter } from "../../../../cloud/notifier/retry-loop.ts";
import { parseAlert } from "../../../../cloud/notifier/parse-alert.ts";
import { checkDevice } from "../../../../contracts/device.ts";
import { parseAudit } from "../../../../contracts/messages/audit.ts";
import { checkCommand } from "../../../../contracts/messages/command.ts";
import {
  FORMATS,
  type Format,
  formatProblem,
  inKnownFormat,
} from "../../../../contracts/messages/format.ts";
import { parseAssignment } from "../../../../contracts/messages/notification.ts";
import { checkSetAside } from "../../../../contracts/messages/set-aside.ts";
import { parseRule } from "../../../../contracts/rules/rule.ts";
import { Acknowledgements } from "../../../../gateway/alerting/acknowledgements.ts";
import { DeviceBook } from "../../../../gateway/identity/device-book.ts";
import { DESCRIBED_FORMATS, versionOf } from "../../../../infra/docs/formats.ts";
import { parseContractEntry } from "../../../../platform/nats/lanes/contract-registry.ts";
import { anAlert } from "../../../support/an-alert.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const described = Object.values(DESCRIBED_FORMATS).flat();
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test("a record without a version is of the first; a newer one is named, and so is what is no version", () => {
  expect(formatProblem("rule", {})).toBeNull();
  expect(formatProblem("rule", { v: 1 })).toBeNull();
  expect(formatProblem("rule", { v: 2 })).toBe(
    "it is a rule of version 2, and this program reads 1: upgrade the program",
  );
  for (const v of ["2", 0, -1, 1.5, null, {}, Infinity])
    expect(formatProblem("rule", { v })).toMatch(/^\/v is .*, which is no version of a rule/);
  for (const none of [null, "text", 7]) expect(formatProblem("rule", none)).toBeNull();
  expect(() => inKnownFormat("device", { v: 3 })).toThrow("a device of version 3");
});

describe("the page of formats", () => {
  const sources = globSync("{contracts,gateway,cloud,platform,infra}/**/*.ts", { cwd: ROOT });
  const asked = (record: Format): string[] =>
    sources.filter((path) =>
      new RegExp(`(?:formatProblem|inKnownFormat)\\(\\s*"${record}"`).test(
        readFileSync(join(ROOT, path), "utf8"),
      ),
    );

  test.each(Object.keys(FORMATS) as Format[])(
    "names every reader that asks about a %s",
    (record) => {
      const readers = described.filter((of) => of.record === record).flatMap((of) => of.readers);
      expect(readers.toSorted()).toEqual(asked(record).toSorted());
      expect(readers).not.toEqual([]);
    },
  );

  test.each(described)("has files and a version for $name", (of) => {
    for (const path of [...of.writers, ...of.readers])
      expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(versionOf(of)).toMatch(/^v?\d+$/);
  });
});

const DEVICE = { id: "a", role: "device", credentials: [], createdAtMs: 1 };
const COMMAND = { id: "c", device: "a", payload: 1, issuedAtMs: 1, expiresAtMs: 2, by: "x" };

test("a member that a newer console has added costs a device nothing, and outlives a change by an older one", () => {
  const newer = { ...DEVICE, label: "pump", credentials: [{ kind: "certificate", since: 7 }] };
  expect(checkDevice(newer)).toEqual(newer);
  expect(checkDevice({ ...checkDevice(newer), revokedAtMs: 9 })).toMatchObject({ label: "pump" });
  const book = new DeviceBook();
  expect(book.apply("a", JSON.stringify(newer)).kind).toBe("registered");
  expect(book.active("a")).not.toBeNull();
});

test("a device of a newer version lets nobody in, and says why", () => {
  const book = new DeviceBook();
  expect(book.apply("a", JSON.stringify({ ...DEVICE, v: 2 }))).toMatchObject({
    kind: "unreadable",
    problem: expect.stringContaining("a device of version 2") as string,
  });
  expect(book.active("a")).toBeNull();
  expect(book.has("a")).toBe(true);
});

test("newer commands, rules, contracts, acknowledgements are refused with the sentence; more members are none's trouble", () => {
  expect(checkCommand({ ...COMMAND, more: 1 })).toMatchObject({ id: "c" });
  expect(() => checkCommand({ ...COMMAND, v: 2 })).toThrow("a command of version 2");
  expect(() => parseRule({ id: "a", v: 2 })).toThrow("a rule of version 2");
  const entry = (value: object) => ({ subject: "$KV.contracts.room.v1", data: bytes(value) });
  expect(parseContractEntry(entry({ schema: {}, more: 1 })).published).toMatchObject({ more: 1 });
  expect(() => parseContractEntry(entry({ schema: {}, v: 2 }))).toThrow("a contract of version 2");
  const seen = new Acknowledgements("eu", pino({ level: "silent" }));
  const subject = "$KV.acknowledgements.eu.a.b";
  const one = { rule: "a", key: "b", id: "c", by: "d", atMs: 1 };
  const take = (value: object) => seen.apply({ subject, data: bytes(value), isDeletion: false });
  expect(take({ ...one, more: 1 })).toBeNull();
  expect(take({ ...one, v: 2 })).toContain("acknowledgement of version 2");
});

test("newer alerts, letters and assignments are none for a notifier; more members are none's trouble", () => {
  const alert = anAlert();
  const letter = { channel: "a", region: "eu", kind: "single", seqs: [1], alerts: [alert] };
  expect(parseAlert(bytes({ ...alert, more: 1 }))).not.toBeNull();
  expect(parseAlert(bytes({ ...alert, v: 2 }))).toBeNull();
  expect(parseLetter(bytes({ ...letter, more: 1 }))).not.toBeNull();
  expect(parseLetter(bytes({ ...letter, v: 2 }))).toBeNull();
  const assignment = { at: "region", sinceSeq: 0, before: [] };
  expect(parseAssignment(JSON.stringify({ ...assignment, more: 1 }))).toEqual(assignment);
  expect(parseAssignment(JSON.stringify({ ...assignment, v: 2 }))).toBeNull();
});

test("an audit record of a newer console is shown as one, with its time and author", () => {
  expect(parseAudit(bytes({ v: 2, atMs: 7, who: "ada", deeds: [] }))).toMatchObject({
    v: 2,
    atMs: 7,
    who: "ada",
    action: expect.stringContaining("audit record of version 2") as string,
  });
});

test("what a newer process set aside for a reason of its own is listed", () => {
  const record = {
    by: "gateway",
    kind: "twin",
    reason: "expired",
    place: { stream: "S", subject: "s" },
  };
  expect(checkSetAside(record)).toEqual(record);
  expect(() => checkSetAside({ ...record, reason: "no. token" })).toThrow("/reason");
});
