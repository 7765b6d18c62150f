import { pino } from "pino";
import { expect, test } from "vitest";
import {
  Catalog,
  SCHEMAS_DIRECTORY,
  loadCatalog,
} from "../../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import type { Rule } from "../../../../../contracts/rules/rule.ts";
import { RuleBook } from "../../../../../gateway/alerting/rules/rule-book.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const silent = pino({ level: "silent" });

const rule = (id: string, version = 1): Rule => ({
  id,
  version,
  kind: "threshold",
  contract: "environment",
  when: "co2 > 1000",
});

const entry = (id: string, value: unknown) => ({
  subject: `$KV.rules.${id}`,
  data: value === null ? new Uint8Array() : Buffer.from(JSON.stringify(value)),
});

test("a saved rule replaces a configured one; deleted, that is back; what is unusable changes nothing", () => {
  const book = new RuleBook([rule("a"), rule("b")], catalog, silent);
  book.apply(entry("a", rule("a", 2)));
  book.apply(entry("c", rule("c")));
  const ids = () => book.rules.map(({ id, version }) => `${id}${version}`).sort();
  expect(ids()).toEqual(["a2", "b1", "c1"]);
  const before = book.rules;
  book.apply(entry("a", { ...rule("a", 3), when: 7 }));
  book.apply(entry("b", rule("another")));
  expect(book.rules).toBe(before);
  book.apply(entry("a", null));
  expect(ids()).toEqual(["a1", "b1", "c1"]);
});

test("a rule that cannot be read at the start is one that lanes go on with, until it can be, or is deleted", () => {
  const book = new RuleBook([], catalog, silent);
  const newer = { ...rule("a", 2), v: 2 };
  expect(book.apply(entry("a", newer))).toContain("a rule of version 2");
  expect(book.apply(entry("b", { ...rule("b"), more: 1 }))).toContain("/more is unknown");
  expect([...book.unusable]).toEqual(["a", "b"]);
  book.apply(entry("a", rule("a", 3)));
  book.apply(entry("b", null));
  expect([...book.unusable]).toEqual([]);
  book.apply(entry("a", newer));
  // It is in memory as it was: that goes on.
  expect([...book.unusable]).toEqual([]);
  expect(book.rules.map(({ version }) => version)).toEqual([3]);
});

test("a rule whose contract is not known yet waits for it and costs the others nothing", () => {
  const growing = new Catalog([...catalog.versions("environment")]);
  const pumps: Rule = { ...rule("pumps"), contract: "pump", when: "flow < 1.0" } as Rule;
  const book = new RuleBook([rule("a"), pumps], growing, silent);
  expect(book.rules.map(({ id }) => id)).toEqual(["a"]);
  expect(book.waiting).toEqual([expect.stringContaining('pumps: contract "pump" is unknown')]);
  // Lanes go by the array: another rule that waits is no change for them.
  const before = book.rules;
  book.apply(entry("wells", { ...pumps, id: "wells" }));
  expect(book.waiting).toHaveLength(2);
  expect(book.rules).toBe(before);
  book.apply(entry("wells", null));
  expect(book.rules).toBe(before);
  const flow = { type: "number", "x-role": "field" };
  growing.add(
    compileContract({ name: "pump", version: 1 }, { type: "object", properties: { flow } }),
  );
  expect(book.rules.map(({ id }) => id)).toEqual(["a", "pumps"]);
  expect(book.waiting).toEqual([]);
});
