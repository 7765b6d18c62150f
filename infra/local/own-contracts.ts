import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SCHEMAS_DIRECTORY, loadCatalog, readSchemas } from "../../contracts/schema/catalog.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { makePrivateDirectory } from "../../platform/runtime/private-files.ts";

/**
 * Puts contracts of one's own beside those that ship, into a directory that every process reads.
 * @returns the directory. @throws AppError `CONTRACT_INVALID` naming the file that cannot be used.
 */
export function withOwnContracts(own: string, dataDir: string): string {
  const all = join(dataDir, "contracts");
  try {
    for (const { name, version, path } of readSchemas(own))
      if (existsSync(join(SCHEMAS_DIRECTORY, name, `v${version}.json`)))
        throw new Error(`${path}: ${name} v${version} ships with Skerry; choose another version`);
    rmSync(all, { recursive: true, force: true });
    makePrivateDirectory(all);
    for (const directory of [SCHEMAS_DIRECTORY, own]) cpSync(directory, all, { recursive: true });
    loadCatalog(all);
  } catch (error) {
    throw new AppError("CONTRACT_INVALID", "fatal", `--contracts ${own}: ${messageOf(error)}`);
  }
  return all;
}
