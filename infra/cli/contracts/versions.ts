// Versions from files, a commit or the bucket, and what is wrong with them, as lines for people.
import { type SchemaFile, compileFile } from "../../../contracts/schema/catalog.ts";
import {
  type CompatibilityMode,
  type ContractVersion,
  checkVersion,
  isRefusal,
} from "../../../contracts/schema/compatibility.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

export interface Report {
  /** Anything here is a refusal; each line names file and property. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly summary: string;
}

export interface Version extends ContractVersion {
  readonly file: SchemaFile;
}

export const versionKey = ({ name, version }: Pick<SchemaFile, "name" | "version">): string =>
  `${name} v${version}`;

/** Compiles what can be compiled; the rest becomes problems. */
export function compileAll(files: readonly SchemaFile[]): {
  versions: Version[];
  problems: string[];
} {
  const versions: Version[] = [];
  const problems: string[] = [];
  for (const file of files)
    try {
      versions.push({ contract: compileFile(file), schema: file.schema, file });
    } catch (error) {
      problems.push(messageOf(error));
    }
  return { versions, problems };
}

/** Judges `newer` against every earlier version among `known`. */
export function judge(
  newer: Version,
  known: readonly Version[],
  mode: CompatibilityMode,
): { problems: string[]; warnings: string[] } {
  const lines = { problems: [] as string[], warnings: [] as string[] };
  for (const finding of checkVersion(newer, known, mode)) {
    const at = finding.property === null ? "" : `${finding.property}: `;
    const line = `${newer.file.path}: ${at}${finding.text}`;
    const list = isRefusal(finding) ? lines.problems : lines.warnings;
    // The same may be wrong in both directions of FULL, or for both versions of a pair.
    if (!list.includes(line)) list.push(line);
  }
  return lines;
}
