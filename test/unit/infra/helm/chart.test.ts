// Goal: the chart and the product agree. Method: there is no helm here; its values are held against their schema, and
// the names in its templates against the processes and their options. docs/guides/containers.md says what helm itself has shown.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { AGGREGATOR_OPTIONS } from "../../../../cloud/aggregator/options.ts";
import { CONSOLE_OPTIONS } from "../../../../cloud/console/options.ts";
import { notifierOptions } from "../../../../cloud/notifier/options.ts";
import { STEWARD_OPTIONS } from "../../../../cloud/steward/options.ts";
import { ALERTING_OPTIONS } from "../../../../gateway/alerting/options.ts";
import { GATEWAY_OPTIONS } from "../../../../gateway/options.ts";
import { LINK_OPTIONS } from "../../../../infra/link/options.ts";
import { type OptionTable, settingsOf } from "../../../../platform/runtime/config.ts";
import { isProcessName } from "../../../../infra/processes/processes.ts";

const CHART = join(import.meta.dirname, "../../../../infra/helm/skerry");
const read = (path: string): string => readFileSync(join(CHART, path), "utf8");

const values = parse(read("values.yaml")) as Record<string, Record<string, unknown>>;
const valid = new Ajv({ allowUnionTypes: true, strictRequired: false }).compile(
  JSON.parse(read("values.schema.json")) as object,
);
const templates = readdirSync(join(CHART, "templates")).map((name) => read(`templates/${name}`));
const text = templates.join("\n");
const roles = [...new Set([...text.matchAll(/"role" "(\w+)"/g)].map(([, role]) => role!))];

test("the values are as their schema says", () => {
  expect(valid(values), JSON.stringify(valid.errors)).toBe(true);
});

test.each([
  ["a misspelt key", { gatway: {} }],
  ["a misspelt key of a process", { gateway: { replica: 2 } }],
  ["a password in an address", { region: { nats: "nats://gateway:secret@nats:4222" } }],
  ["a process without a bound of memory", { steward: { resources: {} } }],
  ["a link without a port", { link: { target: "hub.example.com" } }],
  ["a limit that a mirror does not live with", { link: { limit: 100 } }],
  ["no time to drain", { terminationGracePeriodSeconds: 0 }],
])("the schema refuses %s", (_what, wrong) => {
  expect(valid(wrong)).toBe(false);
});

test("every role of the templates is a process, with values of its own", () => {
  expect(roles.toSorted()).toEqual(
    ["aggregator", "alerting", "console", "gateway", "link", "notifier", "steward"].toSorted(),
  );
  for (const role of roles) {
    expect(isProcessName(role), role).toBe(true);
    expect(values[role]).toMatchObject({ resources: { limits: {} }, env: {} });
  }
});

test("every variable is an option of some process", () => {
  const known = [
    GATEWAY_OPTIONS,
    LINK_OPTIONS,
    ALERTING_OPTIONS,
    AGGREGATOR_OPTIONS,
    STEWARD_OPTIONS,
    CONSOLE_OPTIONS,
    notifierOptions({}),
  ].flatMap((table: OptionTable) =>
    Object.entries(table).flatMap(([name, option]) =>
      settingsOf(name, option).map(({ env }) => env),
    ),
  );
  const named = [...new Set(text.match(/SKERRY_[A-Z_]+/g))];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("every value that a template reads is there", () => {
  const paths = [...text.matchAll(/\.Values\.([A-Za-z.]+)/g)].map(([, path]) => path!);
  for (const path of paths) {
    const found = path
      .split(".")
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], values);
    expect(found, path).toBeDefined();
  }
});

test("every password file is a key that its process is given", () => {
  const given = [...text.matchAll(/\(list ("[a-z- "]+")\)/g)].map(([, names]) => names!);
  for (const [, key] of text.matchAll(/\/etc\/skerry\/secrets\/([a-z-]+)"/g))
    expect(
      given.some((names) => names.includes(`"${key}"`)),
      key,
    ).toBe(true);
});
