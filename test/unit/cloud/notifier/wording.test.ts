import { expect, test } from "vitest";
import type { Alert } from "../../../../contracts/messages/alert.ts";
import { type MessagePlan, makeMessage } from "../../../../cloud/notifier/message.ts";
import { linesOf, subjectOf } from "../../../../cloud/notifier/wording.ts";
import { anAlert } from "../../../support/an-alert.ts";

const messageOf = (kind: MessagePlan["kind"], alerts: readonly Alert[]) =>
  makeMessage({ channel: "ops", region: "eu" }, { kind, seqs: alerts.map((_, at) => at) }, alerts)!;
/** Fires at every even minute, resolves at every odd one. */
const flaps = (count: number, of: Partial<Alert> = {}): Alert[] =>
  Array.from({ length: count }, (_, at) =>
    anAlert({
      state: at % 2 === 0 ? "firing" : "resolved",
      atMs: 1_700_000_000_000 + at * 60_000,
      value: at,
      ...of,
    }),
  );

test("pairs that are over are one line, with how often, how long and the last value", () => {
  const message = messageOf("merged", flaps(18));
  expect(subjectOf(message)).toBe(
    "RESOLVED: co2-high room-1, fired and resolved 9 times within 17 min (eu)",
  );
  expect(linesOf(message)).toEqual([
    "co2-high: resolved, warning",
    "  room-1: fired and resolved 9 times within 17 min, from 2023-11-14T22:13:20.000Z to " +
      "2023-11-14T22:30:20.000Z, last value 17; resolved: co2 is 1200",
  ]);
});

test("what fires again is told as firing, with what it did meanwhile", () => {
  const message = messageOf("merged", flaps(5).slice(1));
  expect(subjectOf(message)).toBe(
    "FIRING warning: co2-high room-1, fired and resolved 2 times within 3 min (eu)",
  );
  const again = messageOf("merged", flaps(3));
  expect(subjectOf(again)).toBe(
    "FIRING warning: co2-high room-1, fired 2 times, resolved once within 2 min (eu)",
  );
});

test("late alerts are told as what happened while a device was away", () => {
  const late = { late: true } as Partial<Alert>;
  expect(subjectOf(messageOf("single", [anAlert(late)]))).toBe(
    "LATE warning: co2-high room-1, while it was away (eu)",
  );
  const several = messageOf("late", [...flaps(2, late), anAlert({ ...late, key: "room-2" })]);
  expect(subjectOf(several)).toBe(
    "LATE warning: co2-high, 3 alerts of 2, while they were away (eu)",
  );
  expect(linesOf(several)[0]).toBe("co2-high: while it was away, warning");
  expect(linesOf(several)).toHaveLength(3);
});

test("a digest begins with the most severe, and its subject says what is so now", () => {
  const message = messageOf("digest", [
    anAlert({ key: "a" }),
    anAlert({ key: "b", state: "resolved" }),
    anAlert({ rule: "thawed", key: "freezer", severity: "critical", message: "8 C" }),
  ]);
  expect(subjectOf(message)).toBe("3 alerts of 2 rules, firing: 1 critical, 1 warning (eu)");
  expect(linesOf(message).slice(0, 2)).toEqual([
    "thawed: firing, critical",
    "  freezer: 8 C (since 2023-11-14T22:13:20.000Z)",
  ]);
});

test("an alert whose times and values are none is told all the same", () => {
  const odd = { atMs: Number.NaN, sinceMs: 1e300, value: "x" as unknown as number };
  expect(linesOf(messageOf("merged", [anAlert(odd), anAlert(odd)]))[1]).toContain("fired 2 times");
});
