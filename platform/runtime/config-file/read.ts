// The configuration file of a process: found, read, and held against what there is.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type OptionTable, invalid, parseFlags, settingsOf } from "../config.ts";
import { messageOf } from "../errors.ts";
import type { Env } from "../secret-files.ts";
import { type KeySchema, NO_FILE, SHARED, knownKeysOf, unknownIn } from "./known-keys.ts";
import type { ConfigSource } from "./layers.ts";
import { type FileProblem, parseConfigFile } from "./parse.ts";

/** The option of every process that names its file. */
export const CONFIG_OPTION = {
  config: {
    env: "SKERRY_CONFIG",
    doc: "configuration file; none: no file; unset: skerry.yaml in the working directory, else /etc/skerry/skerry.yaml",
    fallback: "",
    parse: (raw: string): string => raw,
  },
} satisfies OptionTable;

const DEFAULT_FILES = ["skerry.yaml", "/etc/skerry/skerry.yaml"];
const SCHEMA_FILE = join(import.meta.dirname, "skerry.schema.json");
const OTHERS_MAY = 0o077;

/** A file as it is, right or wrong. */
export interface ReadFile extends ConfigSource {
  /** Lines that name file, line and key, in the order of the file. */
  readonly problems: readonly string[];
  /** True if others than its owner may read or write it. */
  readonly isOpen: boolean;
}

/** @throws AppError `CONFIG_INVALID` if it cannot be read. */
export function readConfigFile(path: string): ReadFile {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, "utf8");
    ({ mode } = statSync(path));
  } catch (error) {
    throw invalid([`the configuration file cannot be read: ${messageOf(error)}`]);
  }
  const parsed = parseConfigFile(text);
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, "utf8")) as KeySchema;
  const unknown = unknownIn(parsed, knownKeysOf(schema));
  const problems = [...unknown, ...parsed.problems.filter(({ line }) => !says(unknown, line))]
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, what }) => `${path}:${line}: ${what}`);
  return { path, entries: parsed.entries, problems, isOpen: (mode & OTHERS_MAY) !== 0 };
}

/** One problem for a line is enough: the rest follows from it. */
const says = (problems: readonly FileProblem[], line: number): boolean =>
  problems.some((one) => one.line === line);

/** The file that counts: one that is named has to be there, one of the usual places may be. Null: there is none. */
export function chosenFile(
  named: string | undefined,
  usual: readonly string[] = DEFAULT_FILES,
): string | null {
  if (named === NO_FILE) return null;
  if (named) return named;
  return usual.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile()) ?? null;
}

/**
 * The configuration file of a process.
 * @throws AppError `CONFIG_INVALID` with a line for each problem, in whichever section: a file counts as a whole.
 */
export function configFileOf(
  table: OptionTable,
  { env, argv }: { env: Env; argv: readonly string[] },
): ReadFile | null {
  const { env: variable } = CONFIG_OPTION.config;
  const path = chosenFile(parseFlags(table, argv)["config"] || env[variable]);
  if (path === null) return null;
  const file = readConfigFile(path);
  if (file.problems.length > 0) throw invalid(file.problems);
  return file;
}

/** A sentence if others may read the secrets in a file. */
export function openSecrets(
  of: { process: string; table: OptionTable },
  { path, entries, isOpen }: ReadFile,
): string[] {
  const secrets = new Set(
    Object.entries(of.table)
      .flatMap(([name, option]) => settingsOf(name, option))
      .flatMap(({ key, isSecret }) => (isSecret ? [key] : [])),
  );
  const [first] = entries.filter(
    ({ section, key, raw }) =>
      [of.process, SHARED].includes(section) && secrets.has(key) && raw !== "",
  );
  if (!isOpen || !first) return [];
  return [
    `${path}:${first.line}: ${first.section}.${first.key} is a secret in a file that others may read: chmod 600, or name a file of its own in ${first.key}-file`,
  ];
}
