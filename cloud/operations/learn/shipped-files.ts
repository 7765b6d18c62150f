// The tables that ship, and those in force, from their files.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { MappingFile } from "../../../contracts/mapping.ts";
import { loadMappingFiles } from "../../../gateway/ingest/load-mappings.ts";
import type { ShippedTable } from "./shipped.ts";

const VENDORS = join(import.meta.dirname, "../../../infra/mappings/vendors");

/** @throws AppError `CONFIG_INVALID` naming the file. */
export const readShippedTables = (): ShippedTable[] =>
  readdirSync(VENDORS)
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({
      name: basename(name, ".json"),
      table: loadMappingFiles(join(VENDORS, name)).table,
    }));

/** The files that gateways have, by their SKERRY_MAPPINGS. @throws AppError `CONFIG_INVALID` naming the file. */
export const readInForce = (path: string): MappingFile => loadMappingFiles(path);
