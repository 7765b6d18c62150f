import { expect, test } from "vitest";

type Written = Record<string, unknown>;
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/rules/saving.js";
const { savingOf } = (await import(path)) as {
  savingOf: (rule: Written, saved: Written | null) => { rule: Written; change: string | null };
};

const window = { cron: "0 2 * * *", for: "1h" };
const saved = { id: "hot", version: 3, kind: "threshold", when: "a > 1", silences: [window] };

test("a rule that is other than before gets the next version, and a first one is the first", () => {
  const first = savingOf({ id: "hot", kind: "threshold", when: "a > 1" }, null);
  expect(first).toMatchObject({ rule: { version: 1 }, change: "rule" });
  const next = savingOf({ ...saved, when: "a > 2" }, saved);
  expect(next).toMatchObject({ rule: { version: 4, silences: [window] }, change: "rule" });
});

test("maintenance windows that change leave the version, and those taken out are told", () => {
  const more = savingOf({ ...saved, version: 4, silences: [window, window] }, saved);
  expect(more).toMatchObject({ rule: { version: 3 }, change: "silences" });
  const { silences: _, ...without } = saved;
  expect(savingOf(without, saved)).toMatchObject({
    ...{ rule: { version: 3, silences: [] }, change: "silences" },
  });
});

test("the same in another order is no change", () => {
  const { id, ...rest } = saved;
  expect(savingOf({ ...rest, id }, saved).change).toBeNull();
});
