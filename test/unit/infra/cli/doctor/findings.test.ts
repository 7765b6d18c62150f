// Goal: each finding says what is wrong, what would be right and what to do, and the exit status goes by the worst.
// Method: the pure parts by hand; files in a temporary directory.
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AggregatorStatus, ProcessStatus } from "../../../../../contracts/messages/status.ts";
import { issue, makeAuthority } from "../../../../../infra/certificates/authority.ts";
import { asked } from "../../../../../infra/cli/doctor/ask.ts";
import {
  backupFinding,
  certificateFindings,
  diskFinding,
  secretFinding,
  validity,
} from "../../../../../infra/cli/doctor/files.ts";
import { type Finding, exitStatusOf, fine } from "../../../../../infra/cli/doctor/finding.ts";
import { aheadByDate, clockFinding } from "../../../../../infra/cli/doctor/network.ts";
import { laneFindings } from "../../../../../infra/cli/doctor/processes.ts";
import { findingLines } from "../../../../../infra/cli/doctor/text.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const DAY_MS = 86_400_000;
const warning = (subject: string): Finding => ({
  ...{ area: "versions", subject, level: "warning", what: "is old", right: "new", next: "do it" },
});

test("the exit status goes by the worst; what was not reached is no better than wrong", () => {
  const level = (level: Finding["level"]): Finding => ({ ...warning("a"), level });
  expect(exitStatusOf([fine("ports", "a", "listens"), level("note")])).toBe(0);
  expect(exitStatusOf([level("warning"), level("note")])).toBe(1);
  expect(exitStatusOf([level("warning"), level("unknown")])).toBe(3);
  expect(exitStatusOf([level("wrong")])).toBe(3);
});

test("people read the worst first, the same of several once, and how much is fine", () => {
  const wrong: Finding = { ...warning("eu"), area: "clocks", level: "wrong", what: "is off" };
  expect(findingLines([warning("hub"), warning("us"), wrong, fine("ports", "x", "y")])).toEqual([
    "Of 4 checks: 1 wrong, 2 to look at.",
    "",
    "✗ eu (clocks): is off",
    "    right: new",
    "    next:  do it",
    "",
    "! hub and us (versions): is old",
    "    right: new",
    "    next:  do it",
    "",
    "✓ fine: ports 1",
  ]);
  expect(findingLines([fine("ports", "x", "y")])[0]).toBe("All is well: 1 check.");
});

test("clocks: two seconds are fine, ten are wrong, whichever way", () => {
  expect(clockFinding("eu", 1_900).level).toBe("fine");
  expect(clockFinding("eu", -5_000)).toMatchObject({
    ...{ level: "warning", what: "its clock is 5.0 s behind this machine's" },
  });
  expect(clockFinding("eu", 60_000).what).toContain("60.0 s ahead of");
  const nowMs = Date.parse("2026-11-28T08:00:00.400Z");
  expect(aheadByDate("Sat, 28 Nov 2026 08:00:00 GMT", nowMs)).toBe(0);
  expect(aheadByDate("Sat, 28 Nov 2026 08:00:30 GMT", nowMs)).toBe(29_600);
  expect(aheadByDate("Sat, 28 Nov 2026 07:59:30 GMT", nowMs)).toBe(-29_400);
  expect(aheadByDate("nonsense", nowMs)).toBeNull();
});

test("certificates: what is expired, expires soon or is none", async () => {
  const nowMs = Date.now();
  const authority = await makeAuthority("test", { nowMs, validMs: 100 * DAY_MS });
  const wanted = { kind: "client", name: "leaf-eu" } as const;
  const { certificate } = await issue(authority, wanted, { nowMs, validMs: 40 * DAY_MS });
  const at = (days: number) =>
    validity("f", new X509Certificate(certificate), nowMs + days * DAY_MS);
  expect([at(0).level, at(20).level, at(41).level]).toEqual(["fine", "warning", "wrong"]);
  expect(at(20).what).toMatch(/the certificate of "leaf-eu" expires in 20 d, on \d{4}-/);
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "none.pem");
  writeFileSync(path, "nothing");
  expect(certificateFindings(path, nowMs)).toMatchObject([{ level: "wrong" }]);
});

test("secrets, backups and disks of this machine", async () => {
  await using directory = await temporaryDirectory();
  const secret = join(directory.path, "secret");
  writeFileSync(secret, "x", { mode: 0o600 });
  expect(secretFinding(secret).level).toBe("fine");
  chmodSync(secret, 0o640);
  const { what, next } = secretFinding(secret);
  expect(what).toBe("holds a secret, and others on this machine may use it (mode 640)");
  expect(next).toContain("chmod 600 ");

  const nowMs = Date.now();
  const backup = () => backupFinding(directory.path, DAY_MS, nowMs);
  expect(backup().level).toBe("wrong");
  mkdirSync(join(directory.path, "2026-11-26"));
  const manifest = join(directory.path, "2026-11-26/manifest.json");
  writeFileSync(manifest, "{}");
  utimesSync(manifest, nowMs / 1_000, nowMs / 1_000 - 3 * 86_400);
  expect(backup().level).toBe("warning");
  expect(backup().what).toContain("3 d old");
  utimesSync(manifest, nowMs / 1_000, nowMs / 1_000 - 60);
  expect(backup().level).toBe("fine");

  expect(diskFinding(directory.path, Number.MAX_SAFE_INTEGER)).toMatchObject({ level: "wrong" });
});

test("lanes: nobody works on it, it waits, it stands, it gets on", () => {
  const lane = { region: "eu", partition: 0 };
  const said = (doneSeq: number, stoppedBy: string | null = null): ProcessStatus[] => {
    const lanes = [{ ...lane, doneSeq, stoppedBy, watermarkMs: 0 }];
    return [{ process: "aggregator", lanes } as unknown as AggregatorStatus];
  };
  const look = (before: ProcessStatus[], after: ProcessStatus[]) => {
    const operators = ["alerting", "aggregator"] as const;
    const facts = { lanes: [lane], operators, before, after, lastSeq: new Map([["eu", 20]]) };
    const found = laneFindings(facts).find(({ subject }) => subject.endsWith("aggregator"))!;
    return `${found.level}: ${found.what}`;
  };
  expect(look([], [])).toBe("wrong: no aggregator that answers works on it");
  expect(look(said(9), said(9, "waits for contract pump v2"))).toContain("wrong: it waits: waits");
  expect(look(said(9), said(9))).toBe("warning: it is at 9 since 3 s, 11 behind the log");
  expect(look(said(9), said(12))).toBe("fine: is at 12");
  expect(look(said(20), said(20))).toBe("fine: is at 20");
});

test("lanes: in a region alone nobody misses the hub's aggregators", () => {
  const lanes = [{ region: "eu", partition: 0 }];
  const found = laneFindings({
    ...{ lanes, operators: ["alerting"], before: [], after: [], lastSeq: new Map([["eu", 20]]) },
  });
  expect(found.map(({ subject }) => subject)).toEqual(["lane eu/0 of alerting"]);
});

test("a look that hangs or throws is a finding with its reason", async () => {
  const failing = await asked("ports", "x", () => Promise.reject(new Error("no route\n  at x")));
  expect(failing).toMatchObject([
    { level: "unknown", what: "it could not be looked at: no route" },
  ]);
  const hanging = await asked("ports", "x", () => new Promise(() => undefined));
  expect(hanging).toMatchObject([{ what: "it could not be looked at: no answer within 5 s" }]);
}, 10_000);
