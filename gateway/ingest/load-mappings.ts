import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type MappingFile, type MappingTable, parseMappingFile } from "../../contracts/mapping.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";

/**
 * Reads and checks the mapping table.
 * @param path of a JSON file, or of a directory of them; several are separated by commas, and are one table in this order.
 * @throws AppError `CONFIG_INVALID` naming the file, and every entry and property at fault.
 */
export const loadMappings = (path: string): MappingTable => loadMappingFiles(path).table;

/** The same with the topics that the files ignore. @throws AppError as {@link loadMappings} does. */
export function loadMappingFiles(path: string): MappingFile {
  const owners = new Map<string, string>();
  const ignore: string[] = [];
  const whole = mappingFiles(path).flatMap((file) => {
    const { table, ignore: ignored } = fileAt(file);
    ignore.push(...ignored);
    for (const { name } of table) {
      const owner = owners.get(name);
      if (owner !== undefined)
        throw invalid(file, new Error(`mapping "${name}": /name is taken in ${owner}`));
      owners.set(name, file);
    }
    return table;
  });
  return { table: whole, ignore };
}

/** The files that a path stands for, in their order. @throws AppError `CONFIG_INVALID` naming what is not there. */
export const mappingFiles = (path: string): string[] =>
  path
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")
    .flatMap(filesAt);

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

function fileAt(file: string): MappingFile {
  try {
    return parseMappingFile(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw invalid(file, cause);
  }
}

function invalid(file: string, cause: unknown): AppError {
  const lines = messageOf(cause).split("\n");
  const message = lines.map((line) => `${file}: ${line}`).join("\n");
  return new AppError("CONFIG_INVALID", "fatal", message, { cause });
}
