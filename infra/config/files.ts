import { join } from "node:path";
import { mappingFileSchema } from "../../contracts/mapping-schema.ts";
import { optionTables } from "../processes/option-tables.ts";
import { configSchema } from "./schema.ts";

const ROOT = `${join(import.meta.dirname, "../..")}/`;

/** The schema as text: paths in it as seen from the project's root, because it must not depend on where that is. */
export const schemaText = (): string =>
  `${JSON.stringify(configSchema(optionTables({})), null, 2).replaceAll(ROOT, "")}\n`;

/** Generated files of the configuration by path from the project's root. */
export const configFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ["platform/runtime/config-file/skerry.schema.json", schemaText()],
    ["infra/mappings/mappings.schema.json", `${JSON.stringify(mappingFileSchema(), null, 2)}\n`],
  ]);
