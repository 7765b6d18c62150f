import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GATEWAY_OPTIONS } from "../../../../../gateway/options.ts";
import {
  CONFIG_OPTION,
  chosenFile,
  configFileOf,
  openSecrets,
  readConfigFile,
} from "../../../../../platform/runtime/config-file/read.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const table = { ...GATEWAY_OPTIONS, ...CONFIG_OPTION };
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => void (directory = await temporaryDirectory()));
afterAll(() => directory[Symbol.asyncDispose]());

function write(text: string, mode = 0o600): string {
  const path = join(directory.path, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test("the file that is named counts before the usual ones, and none is none", () => {
  const usual = [join(directory.path, "nowhere.yaml"), write("")];
  expect(chosenFile("named.yaml", usual)).toBe("named.yaml");
  expect(chosenFile(undefined, usual)).toBe(usual[1]);
  expect(chosenFile("", [])).toBeNull();
  expect(chosenFile("none", usual)).toBeNull();
});

test("a named file that is not there is an error", () =>
  expect(() => configFileOf(table, { env: {}, argv: ["--config", "/nowhere.yaml"] })).toThrow(
    /the configuration file cannot be read: .*\/nowhere.yaml/,
  ));

test("--config counts before SKERRY_CONFIG", () => {
  const [one, two] = [write("gateway: {region: eu}"), write("")];
  const given = { env: { SKERRY_CONFIG: two }, argv: ["--config", one] };
  expect(configFileOf(table, given)?.path).toBe(one);
  expect(configFileOf(table, { ...given, argv: [] })?.path).toBe(two);
});

test("what is unknown is an error in every section, each with its line and the nearest key", () => {
  const path = write(
    "gateway:\n  regoin: eu\n  sink-file: /x\nshared:\n  log-levle: info\nnotifer:\n  a: 1\nregion: eu\n",
  );
  expect(() => configFileOf(table, { env: {}, argv: ["--config", path] })).toThrow(
    [
      `${path}:2: gateway.regoin: gateway has no option regoin; the nearest is region`,
      `${path}:3: gateway.sink-file: gateway has no option sink-file; it is one of aggregator, steward`,
      `${path}:5: shared.log-levle: no process has an option log-levle; the nearest is log-level`,
      `${path}:6: there is no section notifer; the nearest is notifier`,
      `${path}:8: region stands outside of a section; put it below shared: or a process`,
    ].join("\n"),
  );
});

test("a secret in a file that others may read is warned of, by line", () => {
  const text = "gateway:\n  nats-password: swordfish\n";
  const of = { process: "gateway", table };
  expect(openSecrets(of, readConfigFile(write(text)))).toEqual([]);
  expect(openSecrets(of, readConfigFile(write("gateway: {region: eu}", 0o644)))).toEqual([]);
  const [warning = ""] = openSecrets(of, readConfigFile(write(text, 0o644)));
  expect(warning).toMatch(/:2: gateway.nats-password is a secret in a file that others may read/);
  expect(warning).not.toContain("swordfish");
});
