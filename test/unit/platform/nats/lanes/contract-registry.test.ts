// Goal: one bad entry of the bucket costs no other contract, and a version never changes. Method: the
// registry is fed with entries as the bucket delivers them; its log is what operators would see.
import { expect, test } from "vitest";
import {
  SCHEMAS_DIRECTORY,
  loadCatalog,
  readSchemas,
} from "../../../../../contracts/schema/catalog.ts";
import {
  ContractRegistry,
  contractSubject,
} from "../../../../../platform/nats/lanes/contract-registry.ts";
import type { Logger } from "../../../../../platform/runtime/logger.ts";

function makeRegistry() {
  const lines: { level: string; problem?: string; contract?: string }[] = [];
  const at =
    (level: string) =>
    (details: object): void =>
      void lines.push({ level, ...details });
  const logger = { info: at("info"), warn: at("warn"), error: at("error") } as unknown as Logger;
  const registry = new ContractRegistry(logger);
  const put = (name: string, version: number, value: unknown): string | null =>
    registry.apply({
      subject: contractSubject(name, version),
      data: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
    });
  return { registry, catalog: registry.catalog, put, lines };
}

const entry = (schema: object) => ({ schema, publishedAtMs: 1, mode: "BACKWARD" });
const schema = (type = "number") => ({
  type: "object",
  properties: { p: { type, "x-role": "field" } },
});

test("shipped and published versions are one catalog, and readers see it grow", async () => {
  const { registry, catalog, put, lines } = makeRegistry();
  registry.addShipped(SCHEMAS_DIRECTORY);
  expect(catalog.names).toEqual(loadCatalog(SCHEMAS_DIRECTORY).names);
  const waiting = catalog.whenKnown("pump", 2, AbortSignal.timeout(5_000));
  put("pump", 1, entry(schema()));
  put("pump", 2, entry(schema()));
  expect(catalog.get("pump", 2)!.version).toBe(2);
  expect(catalog.versions("pump").map(({ version }) => version)).toEqual([2, 1]);
  expect((await waiting)?.version).toBe(2);
  expect(lines.map(({ level }) => level)).toEqual(["info", "info"]);
});

test.each<[string, unknown, RegExp]>([
  ["no JSON", "{", /JSON/],
  ["no schema", { publishedAtMs: 1 }, /holds no schema/],
  ["null", "null", /holds no schema/],
  ["a schema that does not compile", entry({ type: "objekt" }), /contract pump v1/],
  ["a schema without roles", entry({ properties: { p: { type: "number" } } }), /x-role/],
])("an entry with %s is an error and costs no other", (_name, value, problem) => {
  const { catalog, put, lines } = makeRegistry();
  put("pump", 1, value);
  put("pump", 2, entry(schema()));
  expect(catalog.versions("pump").map(({ version }) => version)).toEqual([2]);
  expect(lines[0]).toMatchObject({ level: "error", contract: "pump.v1" });
  expect(lines[0]!.problem).toMatch(problem);
});

test("a key that is no version is an error", () => {
  const { registry, lines } = makeRegistry();
  for (const key of ["pump", "pump.v0", "pump.1", "Pump.v1", "pump.v1.v2"])
    registry.apply({ subject: `$KV.contracts.${key}`, data: Buffer.from("{}") });
  expect(lines.map(({ level }) => level)).toEqual(Array(5).fill("error"));
});

test("other content under a known version is an error and ignored; the same content is nothing", () => {
  const { registry, catalog, put, lines } = makeRegistry();
  registry.addShipped(SCHEMAS_DIRECTORY);
  const shipped = readSchemas(SCHEMAS_DIRECTORY).find(({ name }) => name === "machine")!;
  put("machine", 1, entry(shipped.schema));
  expect(lines).toEqual([]);
  const before = catalog.get("machine", 1);
  put("machine", 1, entry({ ...shipped.schema, title: "Another" }));
  expect(catalog.get("machine", 1)).toBe(before);
  expect(lines).toMatchObject([{ level: "error", contract: "machine.v1" }]);
  expect(lines[0]!.problem).toContain("versions are immutable");
});

test("a version that is deleted from the bucket stays known: its readings are in the logs", () => {
  const { catalog, put, lines } = makeRegistry();
  put("pump", 1, entry(schema()));
  put("pump", 1, "");
  expect(catalog.get("pump", 1)).toBeDefined();
  expect(lines.at(-1)).toMatchObject({ level: "warn", contract: "pump.v1", known: true });
});

test("waiting for a version ends with the signal", async () => {
  const { catalog } = makeRegistry();
  const stop = new AbortController();
  const waiting = catalog.whenKnown("pump", 1, stop.signal);
  stop.abort();
  expect(await waiting).toBeNull();
});
