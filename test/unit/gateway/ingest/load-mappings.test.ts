// A table is a file, a directory of files, or several; what is wrong names the file.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadMappings } from "../../../../gateway/ingest/load-mappings.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const entry = (name: string) => ({
  ...{ name, topic: "a/{device}", contract: "measurement" },
  fields: { value: { pointer: "" } },
});

test("files and directories are one table, in their order; schemas are no tables", async () => {
  await using directory = await temporaryDirectory();
  const write = (name: string, ...names: string[]): string => {
    const path = join(directory.path, name);
    writeFileSync(path, JSON.stringify({ mappings: names.map(entry) }));
    return path;
  };
  const vendors = join(directory.path, "vendors");
  mkdirSync(vendors);
  write("vendors/b.json", "b");
  write("vendors/a.json", "a1", "a2");
  writeFileSync(join(vendors, "x.schema.json"), "{}");
  const own = write("own.json", "own");
  const namesOf = (path: string) => loadMappings(path).map(({ name }) => name);
  expect(namesOf(own)).toEqual(["own"]);
  expect(namesOf(`${own}, ${vendors}`)).toEqual(["own", "a1", "a2", "b"]);
  expect(() => namesOf(`${vendors},${own},${own}`)).toThrow(
    `${own}: mapping "own": /name is taken in ${own}`,
  );
  expect(() => namesOf(`${own},${join(directory.path, "none.json")}`)).toThrow(
    /none\.json: ENOENT/,
  );
});

test("each line of what is wrong names the file, the entry and the field", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "wrong.json");
  writeFileSync(path, JSON.stringify({ mappings: [{ ...entry("e"), topic: "devices/#" }] }));
  expect(() => loadMappings(path)).toThrow(
    [
      `${path}: mapping 0 "e": /topic: "devices" is not to be mapped`,
      `${path}: mapping 0 "e": /device: the topic has no level {device}, and neither each nor names`,
    ].join("\n"),
  );
});
