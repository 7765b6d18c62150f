import { readFileSync } from "node:fs";
import { parseMappings } from "../../contracts/mapping.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { Mapper } from "./mapping.ts";

/**
 * Reads and compiles the mapping table.
 * @param path of a JSON file; empty: no table, only the telemetry topic carries readings.
 * @throws AppError `CONFIG_INVALID` naming the file, and every entry and property at fault.
 */
export function loadMapper(path: string): Mapper | undefined {
  if (path === "") return undefined;
  try {
    return new Mapper(parseMappings(JSON.parse(readFileSync(path, "utf8"))));
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", "fatal", `${path}: ${messageOf(cause)}`, { cause });
  }
}
