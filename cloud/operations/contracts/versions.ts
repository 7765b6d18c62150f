// Versions from files, a commit or the bucket, and what is wrong with them, as lines for people.
import { type SchemaFile, compileFile } from "../../../contracts/schema/catalog.ts";
import {
  type CompatibilityMode,
  type ContractVersion,
  checkVersion,
  isRefusal,
} from "../../../contracts/schema/compatibility.ts";
import { unknownKeywords } from "../../../contracts/schema/keywords.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { namesToQuote } from "../../../contracts/schema/quoted-names.ts";
import { reservedNames } from "../../../contracts/schema/reserved-names.ts";
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

export interface Judgement {
  readonly mode: CompatibilityMode;
  /** The version is out in the world: what is wrong with it by itself can only be said. */
  readonly isOut?: boolean;
  /** Earlier versions are not compared: this one was published with mode NONE. */
  readonly since?: number | undefined;
}

/** Judges `newer` by itself and against every earlier version among `known`. */
export function judge(
  newer: Version,
  known: readonly Version[],
  { mode, isOut = false, since = 0 }: Judgement,
): { problems: string[]; warnings: string[] } {
  const lines = { problems: [] as string[], warnings: [] as string[] };
  const add = (isProblem: boolean, property: string | null, text: string): void => {
    const line = `${newer.file.path}: ${property === null ? "" : `${property}: `}${text}`;
    const list = isProblem ? lines.problems : lines.warnings;
    // The same may be wrong in both directions of FULL, or for both versions of a pair.
    if (!list.includes(line)) list.push(line);
  };
  const unknown = unknownKeywords(newer.schema);
  for (const { property, text } of unknown) add(!isOut, property, text);
  const names = namesOf(newer, known);
  for (const { property, text, isOld } of names) add(!isOut && !isOld, property, text);
  if (!isOut)
    for (const { property, text } of newNamesToQuote(newer, known)) add(false, property, text);
  if (unknown.length > 0) return lines;
  const compared = known.filter(({ contract }) => contract.version >= since);
  for (const finding of checkVersion(newer, compared, mode))
    add(isRefusal(finding), finding.property, finding.text);
  return lines;
}

const earlierThan = (contract: Contract, contracts: readonly Contract[]): Contract[] =>
  contracts.filter(({ name, version }) => name === contract.name && version < contract.version);

/** The name of a contract that ships: whoever has it cannot do anything about it. */
const SHIPPED_QUOTED = "measurement";

/** Names that queries have to quote, while they can still be others. */
function newNamesToQuote({ contract }: Version, known: readonly Version[]) {
  const contracts = known.map((version) => version.contract);
  const old = new Set(
    earlierThan(contract, contracts)
      .flatMap(namesToQuote)
      .map(({ text }) => text),
  );
  return namesToQuote(contract).filter(
    ({ property, text }) =>
      !old.has(text) && !(property === null && contract.name === SHIPPED_QUOTED),
  );
}

/** Names that are needed elsewhere; old ones are those of an earlier version too: they cannot be taken back. */
function namesOf({ contract }: Version, known: readonly Version[]) {
  const contracts = known.map((version) => version.contract);
  const earlier = earlierThan(contract, contracts);
  const old = new Set(
    earlier.flatMap((one) => reservedNames(one, contracts)).map(({ text }) => text),
  );
  return reservedNames(contract, contracts).map((problem) => ({
    ...problem,
    isOld: old.has(problem.text),
  }));
}
