// The mapping table: how topics and payloads that devices already send become readings. This checks it;
// the format is in mapping-format.ts, and gateway/ingest/mapping.ts compiles and applies it.
import { deviceIdProblem, relayFilterProblem } from "./device.ts";
import {
  type Condition,
  type FieldMapping,
  type Inputs,
  type MappingEntry,
  type Of,
  foldWord,
  keyPattern,
  namePattern,
  restName,
  stepsOf,
} from "./mapping-format.ts";
import { entryFault, tableFault } from "./mapping-schema.ts";
import { compileMapped } from "./rules/mapped-expression.ts";

export type MappingTable = readonly MappingEntry[];

export class MappingError extends Error {
  override readonly name = "MappingError";
}

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_]*)(?:\|lower)?\}/g;

/**
 * Checks a table: `{"mappings": [entry, …]}`.
 * @throws MappingError with one line per problem, each naming the entry and the property.
 */
export const parseMappings = (table: unknown): MappingTable => parseMappingFile(table).table;

/** The content of a mapping file. */
export interface MappingFile {
  readonly table: MappingTable;
  /** Filters of topics of which neither readings nor rejects are made. */
  readonly ignore: readonly string[];
}

/** The same with `"ignore"`. @throws MappingError as {@link parseMappings} does. */
export function parseMappingFile(file: unknown): MappingFile {
  const fault = tableFault(file);
  if (fault !== null) throw new MappingError(`table: ${fault}`);
  const { mappings: entries, ignore = [] } = file as { mappings: unknown[]; ignore?: string[] };
  const problems = ignore.flatMap((filter) => {
    const problem = relayFilterProblem(filter);
    return problem === null ? [] : [`/ignore: ${problem}`];
  });
  const names = new Set<unknown>();
  entries.forEach((entry, at) => {
    const { name } = entry as { name?: unknown };
    const label = `mapping ${at}${typeof name === "string" ? ` "${name}"` : ""}`;
    if (names.has(name)) problems.push(`${label}: /name is taken by an earlier entry`);
    names.add(name);
    const fault = entryFault(entry);
    if (fault !== null) problems.push(`${label}: ${fault}`);
    else
      for (const problem of problemsOf(entry as MappingEntry))
        problems.push(`${label}: ${problem}`);
  });
  if (problems.length > 0) throw new MappingError(problems.join("\n"));
  return { table: entries as MappingEntry[], ignore };
}

/** Rules of a table that a schema cannot say. */
function problemsOf(entry: MappingEntry): string[] {
  const problems = topicProblems(entry.topic);
  const names = namesIn(entry, problems);
  const template = (property: string, value: string): void => {
    for (const [, name] of value.matchAll(PLACEHOLDER))
      if (!names.has(name!))
        problems.push(`/${property}: the topic has no level {${name}}, and neither each nor names`);
    if (/[{}]/.test(value.replace(PLACEHOLDER, "")))
      problems.push(`/${property}: a placeholder is {level} or {level|lower}`);
  };
  template("device", entry.device ?? "{device}");
  const idProblem = deviceIdProblem((entry.device ?? "").replace(PLACEHOLDER, "x") || "x");
  if (idProblem !== null) problems.push(`/device: ${idProblem}`);
  template("contract", entry.contract);
  const check = new EntryCheck(entry, names);
  check.names(entry.names ?? {});
  entry.when?.forEach((condition, at) => check.condition(`/when/${at}`, condition));
  for (const [name, field] of Object.entries(entry.fields)) check.field(`/fields/${name}`, field);
  const { time, columns } = entry;
  if (typeof time === "object") {
    if (time.zone !== undefined && ![time.format].flat().includes("iso8601"))
      problems.push("/time/zone belongs to iso8601");
    check.of("/time", time.of);
    check.of("/time/base", time.base?.of);
    check.source("/time", time, ["pointer", "level"]);
    const { base } = time;
    if (base && base.zone !== undefined && base.format !== "iso8601")
      problems.push("/time/base/zone belongs to iso8601");
    if (base && [time.format].flat().includes("iso8601"))
      problems.push("/time/format: what counts from a base time is an epoch unit");
  }
  if (columns !== undefined) {
    if (entry.each === undefined) problems.push("/columns has no meaning without each");
    if (typeof columns === "object") check.of("/columns", columns.of);
  }
  const timeProperty = typeof time === "object" ? (time.property ?? "ts") : time && "ts";
  if (timeProperty !== undefined && timeProperty in entry.fields)
    problems.push(`/fields/${timeProperty} is written by time already`);
  return [...problems, ...check.problems];
}

/** The names that stand for text: those of the topic, of keys, and further ones. */
function namesIn(entry: MappingEntry, problems: string[]): ReadonlySet<string> {
  const names = new Set(
    entry.topic.split("/").flatMap((level) => namePattern(level)?.name ?? restName(level) ?? []),
  );
  const add = (at: string, name: string): void => {
    if (names.has(name))
      problems.push(`${at}: {${name}} is a level of the topic already, or another key`);
    names.add(name);
  };
  for (const step of stepsOf(entry)) {
    const name = keyPattern(step)?.name;
    if (name !== undefined) add("/each", name);
  }
  for (const name of Object.keys(entry.names ?? {})) add(`/names/${name}`, name);
  return names;
}

type Source = Pick<FieldMapping, "pointer" | "level" | "expression" | "with">;

/** The faults of the parts of one entry. */
class EntryCheck {
  readonly problems: string[] = [];
  readonly #steps: readonly string[];
  #names: ReadonlySet<string>;

  constructor(entry: MappingEntry, names: ReadonlySet<string>) {
    this.#steps = stepsOf(entry);
    this.#names = names;
  }

  /** A name may be made of those before it, so that none leads to itself. */
  names(names: Readonly<Record<string, FieldMapping>>): void {
    const all = this.#names;
    const own = Object.keys(names);
    own.forEach((name, at) => {
      const later = new Set(own.slice(at));
      this.#names = new Set([...all].filter((one) => !later.has(one)));
      this.field(`/names/${name}`, names[name]!);
    });
    this.#names = all;
  }

  #add(problem: string): void {
    this.problems.push(problem);
  }

  of(at: string, of: Of | undefined): void {
    if (of === undefined) return;
    if (this.#steps.length === 0) this.#add(`${at}/of has no meaning without each`);
    else if (typeof of === "number" && of > this.#steps.length)
      this.#add(`${at}/of: each has ${this.#steps.length} pointers`);
  }

  condition(at: string, condition: Condition): void {
    const { pointer, of, equals, type, absent, expression } = condition;
    this.of(at, of);
    if (absent && (equals !== undefined || type !== undefined || expression !== undefined))
      this.#add(`${at}: what is absent has no type and equals nothing`);
    if (pointer === undefined && expression === undefined)
      this.#add(`${at} needs a pointer, or an expression`);
    if (pointer === undefined && (equals !== undefined || type !== undefined || absent))
      this.#add(`${at}: equals, type and absent say something of what is at a pointer`);
    this.#expression(at, condition, pointer !== undefined);
  }

  /** @param kinds the sources of which there is exactly one, unless an expression makes its value of inputs alone. */
  source<T extends Source>(at: string, from: T, kinds: readonly (keyof T & string)[]): void {
    const given = kinds.filter((kind) => from[kind] !== undefined);
    const hasExpression = from.expression !== undefined;
    if (given.length > 1 || (given.length === 0 && !hasExpression))
      this.#add(`${at} needs one of ${kinds.join(", ")}, expression`);
    if (from.level !== undefined && !this.#names.has(from.level))
      this.#add(`${at}/level: the topic has no level {${from.level}}, and neither each nor names`);
    if ([from.pointer ?? ""].flat().some(hasIndex) && !this.#isInArray())
      this.#add(`${at}/pointer: {index} is the place in the array of each`);
    this.#expression(at, from, given.length > 0);
  }

  field(at: string, field: FieldMapping): void {
    const { index, as, decimal, units, optional, invalid, of } = field;
    this.of(at, of);
    this.source(at, field, ["pointer", "level", "index", "constant", "client"]);
    if (index !== undefined && !this.#isInArray())
      this.#add(`${at}/index is the place in the array of each`);
    if ((decimal !== undefined || units !== undefined) && as !== "number")
      this.#add(`${at}/${decimal === undefined ? "units" : "decimal"} belongs to "as": "number"`);
    if (typeof as === "object") {
      const words = Object.keys(as).map(foldWord);
      const twice = words.find((word, place) => words.indexOf(word) < place);
      if (twice !== undefined)
        this.#add(`${at}/as has "${twice}" twice: case and space at the ends do not count`);
    }
    if (invalid === "omit" && optional !== true)
      this.#add(`${at}/invalid: only what is optional is left out`);
    if (optional === true && field.default !== undefined)
      this.#add(`${at}/default stands for what is not there, so optional says nothing`);
  }

  #isInArray(): boolean {
    const last = this.#steps.at(-1);
    return last !== undefined && !keyPattern(last);
  }

  #expression(
    at: string,
    { expression, with: inputs }: { readonly expression?: string; readonly with?: Inputs },
    hasValue: boolean,
  ): void {
    if (expression === undefined) {
      if (inputs) this.#add(`${at}/with belongs to an expression`);
      return;
    }
    const names = Object.keys(inputs ?? {});
    if (names.includes("value") && hasValue) this.#add(`${at}/with: value is there already`);
    for (const [name, input] of Object.entries(inputs ?? {})) {
      if (typeof input === "string") {
        this.source(`${at}/with/${name}`, { pointer: input }, ["pointer"]);
      } else if (input.expression !== undefined)
        this.#add(`${at}/with/${name}: an input has no expression of its own`);
      else this.field(`${at}/with/${name}`, input);
    }
    try {
      compileMapped(expression, hasValue ? [...names, "value"] : names);
    } catch (error) {
      this.#add(`${at}/expression: ${(error as Error).message}`);
    }
  }
}

const hasIndex = (pointer: string): boolean => pointer.split("/").includes("{index}");

function topicProblems(topic: string): string[] {
  const levels = topic.split("/");
  const problems: string[] = [];
  const seen = new Set<string>();
  if (["devices", "alerts"].includes(levels[0]!) || topic.startsWith("$"))
    problems.push(`/topic: "${levels[0]}" is not to be mapped`);
  levels.forEach((level, at) => {
    const rest = restName(level);
    const name = namePattern(level)?.name ?? rest ?? undefined;
    if (rest !== null && at < levels.length - 1) problems.push(`/topic: ${level} comes last`);
    if (name !== undefined && seen.has(name)) problems.push(`/topic: two levels {${name}}`);
    if (name !== undefined) seen.add(name);
    else if (level === "#" && at < levels.length - 1) problems.push("/topic: # comes last");
    else if (/[{}+#]/.test(level) && level !== "+" && level !== "#")
      problems.push(
        `/topic: "${level}" is neither text, {name}, text with one {name}, +, nor # or {name#} at the end`,
      );
  });
  return problems;
}
