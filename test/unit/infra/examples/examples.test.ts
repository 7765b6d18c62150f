// Goal: what the examples show works. Method: they are read as the product reads them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseChannels } from "../../../../cloud/notifier/channels.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../../contracts/rules/compile-rule.ts";
import { RULE_KINDS } from "../../../../contracts/rules/kinds/table.ts";
import { parseRules } from "../../../../contracts/rules/rule.ts";

const INFRA = join(import.meta.dirname, "../../../../infra");
const read = (path: string): string => readFileSync(join(INFRA, path), "utf8");

test("the rules: one of every kind, over contracts that ship", () => {
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const compiled = ["examples/rules.json", "local/rules.json"].map((path) =>
    parseRules(JSON.parse(read(path))).map((rule) => compileRule(rule, catalog)),
  );
  const kinds = new Set<string>(compiled[0]!.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(Object.keys(RULE_KINDS).sort());
  expect(compiled[1]!.length).toBeGreaterThan(0);
});

test("the channels", () => {
  const env: Record<string, string> = {
    SLACK_URL: "https://hooks.example.org/x",
    PAGER_SECRET: "secret",
  };
  const channels = parseChannels(
    read("examples/channels.json"),
    "channels.json",
    (name) => env[name],
  );
  expect(channels.map(({ kind }) => kind)).toEqual(["email", "webhook", "webhook"]);
});
