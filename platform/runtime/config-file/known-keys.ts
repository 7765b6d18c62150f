// Keys that a configuration file may hold (pure), from the schema that `npm run docs` makes of the option tables: a
// process has no other's table, and yet says what is wrong in any part of the file.
import { nearest } from "./nearest.ts";
import type { FileProblem, ParsedFile } from "./parse.ts";

/** The section whose keys count for every process that has such an option. */
export const SHARED = "shared";

/** The name of a file that stands for none at all. */
export const NO_FILE = "none";

/** Keys by section. */
export type KnownKeys = ReadonlyMap<string, ReadonlySet<string>>;

/** The part of a JSON Schema that says which keys there are. */
export interface KeySchema {
  readonly properties: Readonly<Record<string, { readonly properties?: object }>>;
}

export const knownKeysOf = ({ properties }: KeySchema): KnownKeys =>
  new Map(
    Object.entries(properties).map(([section, { properties: keys = {} }]) => [
      section,
      new Set(Object.keys(keys)),
    ]),
  );

/** A problem for each section and key that is not known. */
export function unknownIn({ entries, sections }: ParsedFile, known: KnownKeys): FileProblem[] {
  return [
    ...sections
      .filter(({ name }) => !known.has(name))
      .map(({ name, line }) => ({ line, what: unknownSection(name, known) })),
    ...entries
      .filter(({ section, key }) => known.has(section) && !known.get(section)!.has(key))
      .map(({ section, key, line }) => ({ line, what: unknownKey(section, key, known) })),
  ];
}

function unknownSection(name: string, known: KnownKeys): string {
  const names = [...known.keys()];
  const holder = names.find((one) => known.get(one)!.has(name));
  if (holder !== undefined)
    return `${name} stands outside of a section; put it below ${holder}: or a process`;
  const near = nearest(name, names);
  return `there is no section ${name}; ${near === null ? `the sections are ${names.join(", ")}` : `the nearest is ${near}`}`;
}

function unknownKey(section: string, key: string, known: KnownKeys): string {
  const there = section === SHARED ? "no process has an option" : `${section} has no option`;
  const near = nearest(key, [...known.get(section)!]);
  const holders = [...known].filter(([name, keys]) => name !== SHARED && keys.has(key));
  if (near !== null && holders.length === 0)
    return `${section}.${key}: ${there} ${key}; the nearest is ${near}`;
  if (holders.length > 0)
    return `${section}.${key}: ${there} ${key}; it is one of ${holders.map(([name]) => name).join(", ")}`;
  return `${section}.${key}: ${there} ${key}, nor one like it; skerry config schema has all of them`;
}
