// Everything that is wrong with a configuration file, said without starting anything.
import { resolveConfig } from "../../platform/runtime/config.ts";
import { SHARED } from "../../platform/runtime/config-file/known-keys.ts";
import { layered } from "../../platform/runtime/config-file/layers.ts";
import { type ReadFile, openSecrets } from "../../platform/runtime/config-file/read.ts";
import type { Env } from "../../platform/runtime/secret-files.ts";
import { optionTables } from "../processes/option-tables.ts";
import { PROCESS_NAMES, type ProcessName } from "../processes/processes.ts";

export interface Verdict {
  /** Lines in the order of the file; none if it is right. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Processes that the file has a section for. */
  readonly processes: readonly ProcessName[];
}

/** @param env holds the variables that a channels file names: nothing else of it counts. */
export function checkConfig(file: ReadFile, env: Env): Verdict {
  const tables = optionTables(env);
  const problems = new Set(file.problems);
  const warnings = new Set<string>();
  const sections = new Set(file.entries.map(({ section }) => section));
  for (const process of PROCESS_NAMES) {
    if (!sections.has(process) && !sections.has(SHARED)) continue;
    const of = { process, table: tables[process] };
    const given = layered(of, {}, file);
    // What is not there may be in the environment.
    for (const { text, isMissing } of resolveConfig(of.table, { ...given, argv: [] }).problems)
      if (!isMissing) problems.add(text);
    for (const warning of openSecrets(of, file)) warnings.add(warning);
  }
  const lineOf = (text: string): number => Number(/:(\d+)/.exec(text.slice(file.path.length))?.[1]);
  return {
    problems: [...problems].toSorted((a, b) => lineOf(a) - lineOf(b)),
    warnings: [...warnings],
    processes: PROCESS_NAMES.filter((name) => sections.has(name)),
  };
}
