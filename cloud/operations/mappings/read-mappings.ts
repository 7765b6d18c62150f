import type { MappingTable } from "../../../contracts/mapping.ts";
import { loadMappings } from "../../../gateway/ingest/load-mappings.ts";

/** The table of a file, judged as a gateway judges it. @throws AppError `CONFIG_INVALID` naming entry and property. */
export const readMappings = (path: string): MappingTable => loadMappings(path);
