// Goal: what the pages say exists, exists. Method: everything a page names is looked up, examples are
// given to the parsers that users' files meet, and generated pages are generated again and compared.
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseMappings } from "../contracts/mapping.ts";
import { compileRule } from "../contracts/rules/compile-rule.ts";
import { parseRules } from "../contracts/rules/rule.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../contracts/schema/catalog.ts";
import { compileContract } from "../contracts/schema/contract.ts";
import { generatedPages } from "../infra/docs/pages.ts";
import { ROOT, problemsIn } from "./support/named-in-docs.ts";

const README_BYTES_MAX = 12 * 1024;

const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "gateway/identity/README.md"],
  ...globSync("docs/**/*.md", { cwd: ROOT }).sort(),
];
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

test.each(pages)("%s names only what there is", (path) => {
  expect(problemsIn(path, read(path))).toEqual([]);
});

test("README is a page, not a book", () => {
  expect(statSync(join(ROOT, "README.md")).size).toBeLessThanOrEqual(README_BYTES_MAX);
});

test("every page is reached from README", () => {
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, target = ""] of read(path).matchAll(/\]\(([^)\s#:]+\.md)/g))
      follow(join(path, "..", target));
  };
  follow("README.md");
  expect(pages.filter((path) => !reached.has(path))).toEqual([]);
});

test("generated pages are what npm run docs would write now", () => {
  for (const [path, text] of generatedPages()) expect(read(path), path).toBe(text);
});

test("every dependency has its reason", () => {
  const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
    "dependencies" | "devDependencies",
    Record<string, string>
  >;
  const page = read("docs/reference/dependencies.md");
  for (const name of Object.keys({ ...dependencies, ...devDependencies }))
    expect(page).toContain(`\`${name}\``);
});

describe("examples", () => {
  const examplesIn = (path: string): unknown[] =>
    [...read(path).matchAll(/^```json\n([\s\S]*?)^```/gm)].map(
      ([, json = ""]) => JSON.parse(json) as unknown,
    );

  test("of contracts compile", () => {
    const examples = examplesIn("docs/reference/contracts.md");
    expect(examples.length).toBeGreaterThan(0);
    for (const schema of examples)
      compileContract({ name: "example", version: 1 }, schema as object);
  });

  test("of mappings are valid", () => {
    const examples = examplesIn("docs/reference/mappings.md");
    expect(examples.length).toBeGreaterThan(0);
    for (const table of examples) parseMappings(table);
  });

  test("of rules compile", () => {
    const catalog = loadCatalog(SCHEMAS_DIRECTORY);
    const examples = examplesIn("docs/reference/rules.md");
    expect(examples.length).toBeGreaterThan(0);
    for (const rules of examples) for (const rule of parseRules(rules)) compileRule(rule, catalog);
  });
});

test.each([
  ["`gateway/nowhere.ts`", "path gateway/nowhere.ts does not exist"],
  ["`cloud/nowhere/{name}.ts`", "path cloud/nowhere/{name}.ts does not exist"],
  ["[page](docs/nowhere.md)", "link to docs/nowhere.md, which does not exist"],
  ["[part](#nowhere)", "link to README.md#nowhere: there is no such heading"],
  ["`npm run nowhere`", "npm script nowhere does not exist"],
  ["`npx skerry devices teleport`", 'skerry devices teleport: there is no "teleport"'],
  [
    "```\nnpx skerry devices list --nowhere\n```",
    "skerry devices list --nowhere: there is no option --nowhere",
  ],
  ["`--nowhere`", "option --nowhere does not exist"],
  ["`SKERRY_NOWHERE`", "variable SKERRY_NOWHERE is read by nothing"],
  ["`NATS_NOWHERE`", "variable NATS_NOWHERE is in no server configuration"],
  [
    "`skerry_gateway_nowhere_total`",
    "skerry_gateway_nowhere_total is no metric and no measurement",
  ],
  ["`environment_7m`", "measurement environment_7m does not exist"],
  ["`{field}_mode`", "rollups have no {field}_mode"],
  ["`NOWHERE_MS_MAX`", "NOWHERE_MS_MAX is nowhere in the source"],
  ["`lane.ts/L9`", "lane.ts/L9 is declared nowhere"],
  ["`nowhere.ts`", "there is no file nowhere.ts"],
  ['```ts\nimport { x } from "./nowhere.ts";\n```', "there is no file nowhere.ts"],
])("a page that says %s is found out", (text, problem) => {
  expect(problemsIn("README.md", text)).toEqual([problem]);
});
