// What applies of a configuration file beside the environment.
//
// G1. A flag counts before the environment, the environment before the file of a secret that it names, both before the
//     configuration file, and that before the default. In the file the section of the process counts before `shared`.
// G2. A secret and the file that holds it are one setting: what the environment says of either, the configuration file
//     says nothing of any more. Both in one place are an error, because nobody knows which was meant.
import { type OptionTable, settingsOf } from "../config.ts";
import { type Env, fileVariable } from "../secret-files.ts";
import { SHARED } from "./known-keys.ts";
import type { FileEntry } from "./parse.ts";

/** The environment as if the configuration file were part of it. */
export interface Layered {
  readonly env: Env;
  /** Whatever came from the file, by variable: `skerry.yaml:3: gateway.region`. */
  readonly labels: ReadonlyMap<string, string>;
}

/** A configuration file that could be read, and how it is called. */
export interface ConfigSource {
  readonly path: string;
  readonly entries: readonly FileEntry[];
}

export function layered(
  of: { process: string; table: OptionTable },
  env: Env,
  file: ConfigSource | null,
): Layered {
  if (file === null) return { env, labels: new Map() };
  const sections = [of.process, SHARED].map(
    (name) =>
      new Map(
        file.entries
          .filter(({ section, raw }) => section === name && raw !== "")
          .map((entry) => [entry.key, entry]),
      ),
  );
  const merged: Record<string, string | undefined> = { ...env };
  const labels = new Map<string, string>();
  for (const group of groupsOf(of.table)) {
    if (group.some(({ variable }) => env[variable])) continue; // G1, G2
    const section = sections.find((one) => group.some(({ key }) => one.has(key)));
    for (const { key, variable } of group) {
      const entry = section?.get(key);
      if (!entry) continue;
      merged[variable] = entry.raw;
      labels.set(variable, `${file.path}:${entry.line}: ${entry.section}.${key}`);
    }
  }
  return { env: merged, labels };
}

interface Name {
  readonly key: string;
  readonly variable: string;
}

/** Settings that are given together or not at all: each alone, but for a secret and its file (G2). */
function groupsOf(table: OptionTable): readonly (readonly Name[])[] {
  const secrets = Object.values(table).flatMap(({ env, secret, password }) => [
    ...(secret ? [env] : []),
    ...(password === undefined ? [] : [password]),
  ]);
  const groupOf = new Map(secrets.map((secret) => [fileVariable(secret), secret]));
  const groups = new Map<string, Name[]>();
  for (const [name, option] of Object.entries(table))
    for (const { key, env: variable } of settingsOf(name, option)) {
      const of = groupOf.get(variable) ?? variable;
      groups.set(of, [...(groups.get(of) ?? []), { key, variable }]);
    }
  return [...groups.values()];
}
