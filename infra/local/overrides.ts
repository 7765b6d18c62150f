// Options that people give to the processes of a local installation: in a configuration file, or with --set.
//
// O1. The launcher wires the processes together: their addresses, users and directories are its own. What a file says
//     of these is said not to count; with --set it is an error, because somebody meant it.
import { type OptionTable, invalid, settingsOf } from "../../platform/runtime/config.ts";
import {
  type KnownKeys,
  SHARED,
  knownKeysOf,
  unknownIn,
} from "../../platform/runtime/config-file/known-keys.ts";
import { type ConfigSource, layered } from "../../platform/runtime/config-file/layers.ts";
import type { FileEntry } from "../../platform/runtime/config-file/parse.ts";
import { fileVariable } from "../../platform/runtime/secret-files.ts";
import { configSchema } from "../config/schema.ts";
import { PROCESSES, PROCESS_NAMES, type ProcessName } from "../processes/processes.ts";
import { asRun } from "../../platform/runtime/as-run.ts";
import { type Env, PROJECT, type ProcessPlan } from "./places.ts";
import { join } from "node:path";

type Tables = Readonly<Record<ProcessName, OptionTable>>;

/** Variables that the launcher says only if nobody else does. */
const YIELDING =
  /^(OTEL_.*|SKERRY_(RULES|MAPPINGS|SCHEMAS|AGE_MAX|ANONYMOUS|ANONYMOUS_LOG|ANONYMOUS_RELAY|ANONYMOUS_SUBSCRIBE|RELAY|IGNORE|SHARED_SUBSCRIPTIONS|LOG_LEVEL|CHANNELS|SMTP_.*|TRACE_.*|OTLP_.*))$/;
/** Told to processes later than their plan is made. */
const TOLD_LATER = ["SKERRY_PARTITIONS"];
const SET = "--set";

/** Entries of `gateway.limit-connections-max=5000` and the like. @throws AppError `CONFIG_INVALID` naming what is none. */
export function parseSets(sets: readonly string[], tables: Tables): FileEntry[] {
  const problems: string[] = [];
  const known: KnownKeys = knownKeysOf(configSchema(tables));
  const entries = sets.flatMap((text) => {
    const [, section, key, raw] = /^([^.=]+)\.([^.=]+)=([^]*)$/.exec(text) ?? [];
    if (section === undefined || key === undefined || raw === undefined) {
      problems.push(`${SET} ${text}: must be process.option=value, or ${SHARED}.option=value`);
      return [];
    }
    const entry = { section, key, raw, line: 0 };
    const of = { entries: [entry], sections: [{ name: section, line: 0 }], problems: [] };
    for (const { what } of unknownIn(of, known)) problems.push(`${SET} ${text}: ${what}`);
    return [entry];
  });
  if (problems.length > 0) throw invalid(problems);
  return entries;
}

export interface Given {
  readonly tables: Tables;
  readonly file: ConfigSource | null;
  readonly sets: readonly FileEntry[];
  /** Variables of the launcher's own environment and options that are for the processes; they count before the file. */
  readonly env: Env;
}

/** The name of the process that a plan runs; null for a server. */
const processOf = ({ args }: ProcessPlan): ProcessName | null =>
  PROCESS_NAMES.find((name) => args.includes(join(PROJECT, asRun(PROCESSES[name].main)))) ?? null;

/** Values by variable for one process, and those of them that were typed. */
export function givenTo(
  process: ProcessName,
  { tables, file, sets, env }: Given,
): { env: Env; typed: ReadonlySet<string>; labels: ReadonlyMap<string, string> } {
  const of = { process, table: tables[process] };
  const typed = layered(of, {}, { path: SET, entries: sets }).env;
  const { env: all, labels } = layered(of, { ...env, ...typed }, file);
  const known = Object.entries(of.table).flatMap(([name, option]) => settingsOf(name, option));
  const values = known.flatMap(({ env: name }) => (all[name] ? [[name, all[name]] as const] : []));
  return { env: Object.fromEntries(values), typed: new Set(Object.keys(typed)), labels };
}

/**
 * Plans with what people give their processes.
 * @param ignored told of each value in the file that does not count (O1).
 * @throws AppError `CONFIG_INVALID` for one that was typed.
 */
export function withGiven(
  plans: readonly ProcessPlan[],
  given: Given,
  ignored: (label: string) => void,
): ProcessPlan[] {
  const problems = new Set<string>();
  const result = plans.map((plan) => {
    const process = processOf(plan);
    if (process === null) return plan;
    const { env, typed, labels } = givenTo(process, given);
    const taken: Env = {};
    for (const [name, value] of Object.entries(env)) {
      if (!isOurs(name, plan)) taken[name] = value;
      else if (typed.has(name))
        problems.add(`${SET} for ${name}: ${process} is told that by skerry up itself`);
      else if (labels.has(name)) ignored(labels.get(name)!);
    }
    return { ...plan, env: { ...plan.env, ...taken } };
  });
  if (problems.size > 0) throw invalid([...problems]);
  return result;
}

/** True of what the launcher wires itself, a secret by its value or its file (O1). */
const isOurs = (name: string, { env }: ProcessPlan): boolean =>
  !YIELDING.test(name) &&
  [name, fileVariable(name), name.replace(/_FILE$/, "")].some(
    (one) => env[one] !== undefined || TOLD_LATER.includes(one),
  );
