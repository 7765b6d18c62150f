import { expect, test } from "vitest";
import { applyRules, versionFor } from "../../../../../cloud/operations/rules/apply.ts";
import { addSilence, takeOutSilence } from "../../../../../cloud/operations/rules/silences.ts";
import type { Rule } from "../../../../../contracts/rules/rule.ts";
import { SilenceWindow } from "../../../../../contracts/rules/silence.ts";
import type { Bucket } from "../../../../../platform/nats/client/bucket.ts";
import { catalog, high } from "../../../../support/room-lane.ts";

/** A bucket in memory, and what it holds. */
function bucketOf(...rules: object[]) {
  const held = new Map<string, { revision: number; data: Uint8Array }>();
  let revision = 0;
  const write = (key: string, value: string): number => {
    held.set(key, { revision: (revision += 1), data: Buffer.from(value) });
    return revision;
  };
  for (const rule of rules) write((rule as Rule).id, JSON.stringify(rule));
  const bucket = {
    refuseIfFenced: () => Promise.resolve(),
    get: (key: string) => Promise.resolve(held.has(key) ? { key, ...held.get(key)! } : null),
    records: () => Promise.resolve([...held].map(([key, of]) => ({ key, ...of }))),
    replace: (key: string, value: string, expected: number) =>
      Promise.resolve((held.get(key)?.revision ?? 0) === expected ? write(key, value) : null),
  };
  const rule = (id: string): Rule => JSON.parse(Buffer.from(held.get(id)!.data).toString()) as Rule;
  return { bucket: bucket as unknown as Bucket, rule, write };
}

const AT_MS = Date.UTC(2026, 2, 3, 4, 5, 6);
const NIGHTLY = { cron: "0 2 * * *", for: "1h" };

test("a window is added from now on, the version stays, and one that is past goes", async () => {
  const { bucket, rule } = bucketOf(high("a", 3));
  await addSilence(bucket, "a", { for: "2h" }, AT_MS);
  await addSilence(bucket, "a", NIGHTLY, AT_MS);
  expect(rule("a")).toEqual({
    ...high("a", 3),
    silences: [{ cron: "6 5 4 3 3 * 2026", for: "2h" }, NIGHTLY],
  });
  await addSilence(bucket, "a", { for: "1h" }, AT_MS + 3 * 3_600_000);
  expect(rule("a").silences).toEqual([NIGHTLY, { cron: "6 5 7 3 3 * 2026", for: "1h" }]);
});

test("a window from now on begins now, whatever the time zone", async () => {
  const { bucket, rule } = bucketOf(high("a"));
  await addSilence(bucket, "a", { for: "2h", timezone: "America/New_York" }, AT_MS);
  const [silence] = rule("a").silences!;
  expect(SilenceWindow.of(silence!).endAt(AT_MS + 1)).toBe(AT_MS + 2 * 3_600_000);
});

test("a window is taken out by what it says, the last one without a trace", async () => {
  const { bucket, rule } = bucketOf({ ...high("a", 3), silences: [NIGHTLY] });
  await expect(takeOutSilence(bucket, "a", { ...NIGHTLY, for: "2h" })).rejects.toThrow("has no");
  await takeOutSilence(bucket, "a", { ...NIGHTLY, timezone: "UTC" });
  expect(rule("a")).toEqual(high("a", 3));
});

test("what is no window, or of no rule, is refused, and nothing is written", async () => {
  const { bucket, rule } = bucketOf(high("a"));
  for (const wrong of [{ for: "never" }, { for: "1h", cron: "99 * * * *" }])
    await expect(addSilence(bucket, "a", wrong, AT_MS)).rejects.toThrow();
  await expect(addSilence(bucket, "b", { for: "1h" }, AT_MS)).rejects.toThrow("no saved rule");
  expect(rule("a")).toEqual(high("a"));
});

test("a rule that somebody saved meanwhile is not written over", async () => {
  const { bucket, rule, write } = bucketOf(high("a"));
  const overtaken = {
    ...bucket,
    get: async (key: string) => {
      const record = await bucket.get(key);
      write("a", JSON.stringify(high("a", 2)));
      return record;
    },
  } as unknown as Bucket;
  await expect(addSilence(overtaken, "a", { for: "1h" }, AT_MS)).rejects.toThrow("somebody else");
  expect(rule("a")).toEqual(high("a", 2));
});

test("a file that says nothing of windows keeps those that are saved, in the same version and the next", async () => {
  const { bucket, rule } = bucketOf({ ...high("a"), silences: [NIGHTLY] });
  const apply = (of: object) => applyRules(bucket, [of as Rule], catalog);
  expect(await apply(high("a"))).toEqual(["a v1: as it was"]);
  expect(await apply(high("a", 2, 1_500))).toEqual(["a v2: saved"]);
  expect(rule("a").silences).toEqual([NIGHTLY]);
  expect(await apply({ ...high("a", 2, 1_500), silences: [] })).toEqual(["a v2: saved"]);
  expect(rule("a").silences).toBeUndefined();
  await expect(apply(high("a", 2, 1_700))).rejects.toThrow("raise its version");
});

test("a rule without a version gets the next one, unless only its windows are other", () => {
  const saved = high("a", 4) as unknown as Rule;
  const { version: _, ...content } = high("a", 4);
  expect(versionFor({ ...content, silences: [NIGHTLY] }, saved)).toBe(4);
  expect(versionFor({ ...content, when: "co2 > 1" }, saved)).toBe(5);
  expect(versionFor(content, undefined)).toBe(1);
});
