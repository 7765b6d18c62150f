import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type MappingTable, parseMappings } from "../../contracts/mapping.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { Mapper } from "./mapping.ts";

/**
 * Reads and checks the mapping table.
 * @param path of a JSON file, or of a directory of them; several are separated by commas, and are one table in this order.
 * @throws AppError `CONFIG_INVALID` naming the file, and every entry and property at fault.
 */
export function loadMappings(path: string): MappingTable {
  const files = path
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")
    .flatMap(filesAt);
  const owners = new Map<string, string>();
  return files.flatMap((file) => {
    const table = tableOf(file);
    for (const { name } of table) {
      const owner = owners.get(name);
      if (owner !== undefined)
        throw invalid(file, new Error(`mapping "${name}": /name is taken in ${owner}`));
      owners.set(name, file);
    }
    return table;
  });
}

/** The tables of a directory in the order of their names; schemas of editors are none. */
function filesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).sort();
    return names
      .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
      .map((name) => join(path, name));
  } catch (cause) {
    throw invalid(path, cause);
  }
}

function tableOf(file: string): MappingTable {
  try {
    return parseMappings(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw invalid(file, cause);
  }
}

function invalid(file: string, cause: unknown): AppError {
  const lines = messageOf(cause).split("\n");
  const message = lines.map((line) => `${file}: ${line}`).join("\n");
  return new AppError("CONFIG_INVALID", "fatal", message, { cause });
}

/**
 * The mapping table, compiled.
 * @param path as of {@link loadMappings}; empty: no table, only the telemetry topic carries readings.
 */
export const loadMapper = (path: string): Mapper | undefined =>
  path === "" ? undefined : new Mapper(loadMappings(path));
