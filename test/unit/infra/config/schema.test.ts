// Goal: the schema, the check and the tables say the same of a file.
// Method: the file that holds every default of every process, and files with one thing wrong.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { checkConfig } from "../../../../infra/config/check.ts";
import { configFiles, schemaText } from "../../../../infra/config/files.ts";
import { optionTables } from "../../../../infra/processes/option-tables.ts";
import { settingsOf } from "../../../../platform/runtime/config.ts";
import { readConfigFile } from "../../../../platform/runtime/config-file/read.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const isValid = new Ajv({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(schemaText()) as object,
);

/** As it would be written: a number as one, and a text that YAML would read otherwise in quotes. */
const scalarOf = (text: string): unknown =>
  /^[\d.]+$|^(true|false)$/.test(text) ? (parse(text) as unknown) : text;

async function verdictOf(text: string): Promise<readonly string[]> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "skerry.yaml");
  writeFileSync(path, text);
  return checkConfig(readConfigFile(path), {}).problems.map((line) => line.replace(path, "file"));
}

test("the schema beside the reader is what npm run docs would write now", () => {
  for (const [path, text] of configFiles())
    expect(readFileSync(join(ROOT, path), "utf8"), path).toBe(text);
});

test("every default of every option may be written down: for the schema, and for the process", async () => {
  const sections = Object.entries(optionTables({})).map(([name, table]) => [
    name,
    Object.fromEntries(
      Object.entries(table)
        .flatMap(([option, of]) => settingsOf(option, of))
        .filter(({ key, fallback }) => key !== "config" && fallback)
        .map(({ key, fallback }) => [key, scalarOf(fallback!)]),
    ),
  ]);
  const all = Object.fromEntries(sections) as object;
  isValid(all);
  expect(isValid.errors ?? []).toEqual([]);
  expect(await verdictOf(stringify(all))).toEqual([]);
});

test.each([
  [
    "gateway:\n  mqtt-prot: 1883",
    "file:2: gateway.mqtt-prot: gateway has no option mqtt-prot; the nearest is mqtt-port",
  ],
  [
    "gateway:\n  partitions: 0",
    'file:2: gateway.partitions must be a whole number from 1 to 256, not "0"',
  ],
  [
    "notifier:\n  notify-age-max: soon",
    'file:2: notifier.notify-age-max must be a duration such as 30s or 10m, not "soon"',
  ],
  ["gatewy: {}", "file:1: there is no section gatewy; the nearest is gateway"],
])("what the schema refuses the check explains: %j", async (text, problem) => {
  expect(isValid(parse(text))).toBe(false);
  expect(await verdictOf(text)).toEqual([problem]);
});

test("a shared value that is wrong is said once, whoever would have it", async () =>
  expect(await verdictOf("shared:\n  status-port: many")).toEqual([
    'file:2: shared.status-port must be a whole number from 0 to 65535, not "many"',
  ]));

test("every secret may be in a file, in the environment, and named in the configuration", () => {
  let secrets = 0;
  for (const [process, table] of Object.entries(optionTables({})))
    for (const { env, isSecret } of Object.entries(table).flatMap(([name, option]) =>
      settingsOf(name, option),
    )) {
      if (!isSecret) continue;
      secrets += 1;
      const all = Object.entries(table).flatMap(([name, option]) => settingsOf(name, option));
      expect(
        all.map((one) => one.env),
        `${process} ${env}`,
      ).toContain(`${env}_FILE`);
    }
  expect(secrets).toBeGreaterThan(10);
});

test("no two options of a process have one key or one variable", () => {
  for (const [process, table] of Object.entries(optionTables({}))) {
    const all = Object.entries(table).flatMap(([name, option]) => settingsOf(name, option));
    for (const part of ["key", "env"] as const)
      expect(new Set(all.map((one) => one[part])).size, process).toBe(all.length);
  }
});
