import { parseArgs } from "node:util";
import cron from "node-cron";
import { AppError, messageOf } from "./errors.ts";

export interface Option<T> {
  env: string;
  doc: string;
  /** Absent means required. */
  fallback?: string;
  /** Throws with the rest of a sentence that starts with the option's name. */
  parse: (raw: string) => T;
}

export type OptionTable = Record<string, Option<unknown>>;
export type Resolved<S extends OptionTable> = Readonly<{
  [K in keyof S]: ReturnType<S[K]["parse"]>;
}>;

/** `natsUrl` → `nats-url` */
export const flagOf = (name: string): string =>
  name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/**
 * Resolves every option from `--flag value`, then the environment, then its fallback; an empty
 * value counts as unset. Reports every problem at once: one restart, not five.
 *
 * @throws AppError `CONFIG_INVALID`, one line per problem, each naming its option.
 */
export function loadConfig<S extends OptionTable>(
  spec: S,
  env: Record<string, string | undefined>,
  argv: readonly string[] = [],
): Resolved<S> {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  const flags = parseFlags(spec, argv, problems);
  for (const [name, option] of Object.entries(spec)) {
    const flag = flags[flagOf(name)];
    const raw = flag || env[option.env] || option.fallback;
    const label = flag ? `--${flagOf(name)}` : option.env;
    try {
      if (raw === undefined) throw new Error(`is required: ${option.doc}`);
      config[name] = option.parse(raw);
    } catch (error) {
      problems.push(`${label} ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new AppError("CONFIG_INVALID", "fatal", problems.join("\n"));
  return Object.freeze(config) as Resolved<S>;
}

function parseFlags(
  spec: OptionTable,
  argv: readonly string[],
  problems: string[],
): Record<string, string | undefined> {
  const options = Object.fromEntries(
    Object.keys(spec).map((name) => [flagOf(name), { type: "string" as const }]),
  );
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    problems.push(messageOf(error));
    return {};
  }
}

/** The text of `--help`: one line per option, from the same table that parses them. */
export function helpText(title: string, spec: OptionTable): string {
  const lines = Object.entries(spec).map(([name, { env, doc, fallback }]) => {
    const rest =
      fallback === undefined ? "required" : fallback === "" ? "unset" : `default ${fallback}`;
    return `  --${flagOf(name)}, ${env}\n      ${doc} (${rest})`;
  });
  return `${title}\n\nOptions (flag, environment variable):\n${lines.join("\n")}\n`;
}

/** Parsers for the `parse` field of an {@link Option}. */
export const as = {
  text: (raw: string): string => raw,
  cron: (raw: string): string => {
    if (!cron.validate(raw)) throw new Error(`must be a cron expression, not "${raw}"`);
    return raw;
  },
  flag: (raw: string): boolean => {
    if (raw === "true" || raw === "1") return true;
    if (raw === "false" || raw === "0") return false;
    throw new Error(`must be true or false, not "${raw}"`);
  },
  integer:
    (min: number, max = Number.MAX_SAFE_INTEGER) =>
    (raw: string): number => {
      const value = Number(raw);
      if (!Number.isSafeInteger(value) || value < min || value > max)
        throw new Error(`must be a whole number from ${min} to ${max}, not "${raw}"`);
      return value;
    },
  number:
    (min: number, max = Number.MAX_VALUE) =>
    (raw: string): number => {
      const value = Number(raw);
      if (!Number.isFinite(value) || value < min || value > max)
        throw new Error(`must be a number from ${min} to ${max}, not "${raw}"`);
      return value;
    },
  url: (raw: string): string => {
    if (!URL.canParse(raw)) throw new Error(`must be a URL, not "${raw}"`);
    return raw;
  },
  list: (raw: string): string[] =>
    raw
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  token: (raw: string): string => {
    if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(raw))
      throw new Error(`must be lower-case letters, digits and hyphens, not "${raw}"`);
    return raw;
  },
  /** `250ms`, `30s`, `10m`, `2h`, `7d`; the result is in milliseconds. */
  durationMs: (raw: string): number => {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(raw);
    if (!match) throw new Error(`must be a duration such as 30s or 10m, not "${raw}"`);
    const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  },
};
