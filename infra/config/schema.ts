// The JSON Schema of a configuration file (pure), from the tables that parse the options.
import {
  type Option,
  type OptionTable,
  type Setting,
  acceptedBy,
  settingsOf,
} from "../../platform/runtime/config.ts";
import { type KeySchema, SHARED } from "../../platform/runtime/config-file/known-keys.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Named in the file, it would name the file that it stands in. */
const NOT_IN_FILE = "config";

/** Values of an option whose parser says nothing of them: they are judged as text. */
const ANY = { type: ["string", "number", "boolean", "null"] };

/** @param tables of the processes, by their names. */
export function configSchema(tables: Readonly<Record<string, OptionTable>>): Schema & KeySchema {
  const sections = Object.entries(tables).map(([name, table]) => [name, keysOf(table)] as const);
  const shared: Record<string, Schema> = {};
  for (const [, keys] of sections)
    for (const [key, schema] of Object.entries(keys)) shared[key] ??= schema;
  const section = (keys: Readonly<Record<string, Schema>>, description: string): Schema => ({
    ...{ description, type: ["object", "null"], additionalProperties: false },
    properties: Object.fromEntries(
      Object.entries(keys).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    ),
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Skerry configuration",
    type: ["object", "null"],
    additionalProperties: false,
    properties: {
      [SHARED]: section(
        shared,
        "counts for every process that has the option, unless its section says otherwise",
      ),
      ...Object.fromEntries(
        sections.map(([name, keys]) => [name, section(keys, `skerry ${name}`)]),
      ),
    },
  };
}

const keysOf = (table: OptionTable): Record<string, Schema> =>
  Object.fromEntries(
    Object.entries(table)
      .flatMap(([name, option]) =>
        settingsOf(name, option).map((setting) => [setting, option] as const),
      )
      .filter(([{ key }]) => key !== NOT_IN_FILE)
      .map(([setting, option]) => [setting.key, keySchema(setting, option)]),
  );

function keySchema({ env, doc, fallback }: Setting, option: Option<unknown>): Schema {
  const isOption = env === option.env;
  const accepts = isOption ? acceptedBy(option) : null;
  const value =
    accepts === null
      ? isOption
        ? { anyOf: [ANY, { type: "array", items: { type: ["string", "number", "boolean"] } }] }
        : ANY
      : { ...accepts };
  return {
    description: `${doc} (${env})`,
    ...value,
    ...(fallback === undefined || fallback === "" ? {} : { default: defaultOf(fallback, accepts) }),
  };
}

const defaultOf = (fallback: string, accepts: { type?: string } | null): unknown =>
  accepts?.type === "integer" || accepts?.type === "number"
    ? Number(fallback)
    : accepts?.type === "boolean"
      ? fallback === "true"
      : fallback;
