// The file with what was learned: a mapping file, which grows by what people confirm.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { MappingEntry } from "../../../contracts/mapping-format.ts";
import { type MappingFile, parseMappingFile } from "../../../contracts/mapping.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";

const NOTHING: MappingFile = { table: [], ignore: [] };

/** @throws AppError `CONFIG_INVALID` naming the file. */
export function readLearned(path: string): MappingFile {
  if (!existsSync(path)) return NOTHING;
  try {
    return parseMappingFile(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw refused(`${path}: ${messageOf(error)}`, error);
  }
}

/**
 * Adds entries and ignored topics. A gateway that looks meanwhile reads the old file or the new one.
 * @throws AppError `CONFIG_INVALID` if it cannot be written, or would be no mapping file.
 */
export function addLearned(
  path: string,
  entries: readonly MappingEntry[],
  ignore: readonly string[],
): void {
  const { table, ignore: ignored } = readLearned(path);
  const file = {
    mappings: [...table, ...entries],
    ignore: [...new Set([...ignored, ...ignore])],
  };
  try {
    parseMappingFile(file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw refused(`${path}: ${messageOf(error)}`, error);
  }
}
