// Goal: what applies is the same whichever way it is asked, and the order is the one that the pages promise.
// Method: one table, one value from every place, and places taken away one after the other.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { as, loadConfig } from "../../../../../platform/runtime/config.ts";
import { explain } from "../../../../../platform/runtime/config-file/explain.ts";
import { layered } from "../../../../../platform/runtime/config-file/layers.ts";
import { parseConfigFile } from "../../../../../platform/runtime/config-file/parse.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const table = {
  token: { env: "SKERRY_TOKEN", doc: "", fallback: "default", parse: as.text, secret: true },
  port: { env: "SKERRY_PORT", doc: "", fallback: "1", parse: as.integer(0, 9) },
  url: { env: "SKERRY_URL", doc: "", fallback: "", parse: as.text, password: "SKERRY_PASSWORD" },
  sink: { env: "SKERRY_SINK", doc: "", fallback: "influx", parse: as.text },
  sinkFile: { env: "SKERRY_SINK_FILE", doc: "", fallback: "", parse: as.text },
} as const;
const of = { process: "gateway", table };
const file = (text: string) => ({ path: "skerry.yaml", entries: parseConfigFile(text).entries });

const resolved = (text: string, env: Record<string, string> = {}, argv: readonly string[] = []) => {
  const given = layered(of, env, file(text));
  return loadConfig(table, given.env, argv, given.labels);
};

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => void (directory = await temporaryDirectory()));
afterAll(() => directory[Symbol.asyncDispose]());

const secretFile = (text: string): string => {
  const path = join(directory.path, text);
  writeFileSync(path, text);
  return path;
};

describe("the order: command line, environment, file of a secret, section, shared, default", () => {
  const own = "gateway: {token: own}\nshared: {token: shared}";
  const steps: readonly (readonly [
    wins: string,
    text: string,
    env: () => Record<string, string>,
    argv: readonly string[],
  ])[] = [
    ["typed", own, () => ({ SKERRY_TOKEN: "environment" }), ["--token", "typed"]],
    ["typed", own, () => ({ SKERRY_TOKEN_FILE: secretFile("in a file") }), ["--token", "typed"]],
    ["environment", own, () => ({ SKERRY_TOKEN: "environment" }), []],
    ["in a file", own, () => ({ SKERRY_TOKEN_FILE: secretFile("in a file") }), []],
    ["own", own, () => ({}), []],
    ["own", own, () => ({ SKERRY_TOKEN: "", SKERRY_TOKEN_FILE: "" }), []],
    ["shared", "shared: {token: shared}\ngateway: {token: ''}", () => ({}), []],
    ["default", "aggregator: {token: other}", () => ({}), []],
  ];
  test.each(steps)("%s counts", (wins, text, env, argv) =>
    expect(resolved(text, env(), argv).token).toBe(wins),
  );
});

test("a secret and the file that holds it are one setting, in whichever place", () => {
  const inFile = `gateway: {token-file: ${secretFile("from the section")}}\nshared: {token: shared}`;
  expect(resolved(inFile).token).toBe("from the section");
  expect(resolved(inFile, { SKERRY_TOKEN: "environment" }).token).toBe("environment");
  const url = "gateway: {url: 'nats://user@host', password: 012345}";
  expect(resolved(url).url).toBe("nats://user:012345@host");
  const env = { SKERRY_PASSWORD_FILE: secretFile("by file") };
  expect(resolved(url, env).url).toBe("nats://user:by%20file@host");
});

test("both of them in one place are an error that names both, and their lines", () => {
  const twice = `gateway:\n  token: a\n  token-file: ${secretFile("b")}`;
  expect(() => resolved(twice)).toThrow(
    "skerry.yaml:2: gateway.token and skerry.yaml:3: gateway.token-file are both given; leave one out",
  );
});

test("an option whose name ends in FILE is no secret of another", () =>
  expect(resolved("gateway: {sink-file: /x}", { SKERRY_SINK: "file" }).sinkFile).toBe("/x"));

test("what is wrong in the file is said of its line and key", () =>
  expect(() => resolved("gateway:\n  port: many")).toThrow(
    'skerry.yaml:2: gateway.port must be a whole number from 0 to 9, not "many"',
  ));

test("what is printed is what counts, with its origin and without secrets", () => {
  const text = "gateway:\n  port: 3\n  token: swordfish\nshared:\n  url: nats://a:secret@b";
  const given = layered(of, { SKERRY_SINK: "file" }, file(text));
  const rows = explain(table, given, ["--sink-file", "/y"]);
  expect(rows.map(({ key, value, from }) => [key, value, from])).toEqual([
    ["token", "***", "skerry.yaml:3: gateway.token"],
    ["port", "3", "skerry.yaml:2: gateway.port"],
    ["url", "nats://a:***@b", "skerry.yaml:5: shared.url"],
    ["sink", "file", "environment"],
    ["sink-file", "/y", "command line"],
  ]);
  const bare = explain(table, layered(of, {}, null), []);
  expect(bare.map(({ from }) => from)).toEqual(Array(5).fill("default"));
});
