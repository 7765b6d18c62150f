import { readFileSync } from "node:fs";
import { type MappingTable, parseMappings } from "../../contracts/mapping.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { Mapper } from "./mapping.ts";

/**
 * Reads and checks the mapping table.
 * @param path of a JSON file.
 * @throws AppError `CONFIG_INVALID` naming the file, and every entry and property at fault.
 */
export function loadMappings(path: string): MappingTable {
  try {
    return parseMappings(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const lines = messageOf(cause).split("\n");
    const message = lines.map((line) => `${path}: ${line}`).join("\n");
    throw new AppError("CONFIG_INVALID", "fatal", message, { cause });
  }
}

/**
 * The mapping table, compiled.
 * @param path as of {@link loadMappings}; empty: no table, only the telemetry topic carries readings.
 */
export const loadMapper = (path: string): Mapper | undefined =>
  path === "" ? undefined : new Mapper(loadMappings(path));
