import { parseArgs } from "node:util";
import cron from "node-cron";
import { AppError, messageOf } from "./errors.ts";
import {
  type Env,
  fileVariable,
  hasPassword,
  secretFrom,
  secretOf,
  withPassword,
} from "./secret-files.ts";

export interface Option<T> {
  env: string;
  doc: string;
  /** Absent means required. */
  fallback?: string;
  /** Throws with the rest of a sentence that starts with the option's name. */
  parse: (raw: string) => T;
  /** Its value may also be in a file, which `{env}_FILE` or `--{flag}-file` names. */
  secret?: true;
  /** The variable with the password of the user in a URL. It is a secret, and no flag takes its value. */
  password?: string;
  /** The file of that password is an option of its own in the same table. */
  passwordFileApart?: true;
}

export type OptionTable = Record<string, Option<unknown>>;
export type Resolved<S extends OptionTable> = Readonly<{
  [K in keyof S]: ReturnType<S[K]["parse"]>;
}>;

/** `natsUrl` → `nats-url` */
export const flagOf = (name: string): string =>
  name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

const PREFIX = "SKERRY_";

/** `SKERRY_NATS_PASSWORD` → `nats-password-file`, the only flag of a password */
const passwordFlag = (variable: string): string =>
  `${variable.replace(PREFIX, "").toLowerCase().replaceAll("_", "-")}-file`;

/** One variable of an option, with its flag if a command line may hold it. */
export interface Setting {
  readonly env: string;
  readonly flag: string | null;
  readonly doc: string;
  readonly fallback?: string | undefined;
}

/** Everything that sets an option: itself, the password of its user, and the files of secrets. */
export function settingsOf(name: string, option: Option<unknown>): Setting[] {
  const { env, doc, fallback, secret, password, passwordFileApart } = option;
  const flag = flagOf(name);
  const settings: Setting[] = [{ env, flag, doc, fallback }];
  if (secret)
    settings.push({
      ...{ env: fileVariable(env), flag: `${flag}-file`, fallback: "" },
      doc: `file that holds ${env}`,
    });
  if (password !== undefined)
    settings.push({
      env: password,
      flag: null,
      fallback: "",
      doc: `password of the user in ${env}`,
    });
  if (password !== undefined && !passwordFileApart)
    settings.push({
      ...{ env: fileVariable(password), flag: passwordFlag(password), fallback: "" },
      doc: `file that holds ${password}`,
    });
  return settings;
}

/**
 * Resolves every option from `--flag value`, then the environment, then its fallback; an empty
 * value counts as unset. Reports every problem at once: one restart, not five.
 *
 * @throws AppError `CONFIG_INVALID`, one line per problem, each naming its option.
 */
export function loadConfig<S extends OptionTable>(
  spec: S,
  env: Env,
  argv: readonly string[] = [],
): Resolved<S> {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  const flags = parseFlags(spec, argv, problems);
  for (const [name, option] of Object.entries(spec)) {
    const flag = flags[flagOf(name)];
    const label = flag ? `--${flagOf(name)}` : option.env;
    let raw: string | undefined;
    try {
      raw = option.secret
        ? secretOption(name, option.env, flags, env)
        : flag || env[option.env] || undefined;
    } catch (error) {
      problems.push(messageOf(error));
      continue;
    }
    raw ??= option.fallback;
    try {
      if (raw === undefined) throw new Error(`is required: ${option.doc}`);
      config[name] = option.parse(raw);
    } catch (error) {
      problems.push(`${label} ${messageOf(error)}`);
      continue;
    }
    try {
      if (option.password !== undefined && raw !== "")
        config[name] = completed(raw, { label, variable: option.password }, flags, env);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length > 0) throw new AppError("CONFIG_INVALID", "fatal", problems.join("\n"));
  return Object.freeze(config) as Resolved<S>;
}

type Flags = Readonly<Record<string, string | undefined>>;

function secretOption(name: string, variable: string, flags: Flags, env: Env): string | undefined {
  const flag = flagOf(name);
  const typed = secretFrom({
    ...{ label: `--${flag}`, value: flags[flag] },
    ...{ fileLabel: `--${flag}-file`, file: flags[`${flag}-file`] },
  });
  return (typed ?? secretOf(variable, env))?.secret;
}

/** A URL with the password of its user, if that is elsewhere. */
function completed(
  url: string,
  { label, variable }: { label: string; variable: string },
  flags: Flags,
  env: Env,
): string {
  const flag = passwordFlag(variable);
  const typed = { label: variable, value: undefined, fileLabel: `--${flag}`, file: flags[flag] };
  const password = secretFrom(typed) ?? secretOf(variable, env);
  return password ? withPassword(url, password, label) : url;
}

/** A sentence for each secret in the arguments, where every user of the machine reads it. */
export function secretsInArguments(spec: OptionTable, argv: readonly string[]): string[] {
  const flags = parseFlags(spec, argv, []);
  return Object.entries(spec).flatMap(([name, { env, secret, password }]) => {
    const value = flags[flagOf(name)];
    const shown = `--${flagOf(name)}`;
    if (value === undefined) return [];
    if (secret) return [exposed(shown, fileVariable(env))];
    if (password !== undefined && hasPassword(value))
      return [exposed(shown, fileVariable(password))];
    return [];
  });
}

const exposed = (flag: string, variable: string): string =>
  `${flag} holds a secret, which everybody on this machine can read in the list of processes: use ${variable}`;

function parseFlags(
  spec: OptionTable,
  argv: readonly string[],
  problems: string[],
): Record<string, string | undefined> {
  const options = Object.fromEntries(
    Object.entries(spec)
      .flatMap(([name, option]) => settingsOf(name, option))
      .flatMap(({ flag }) => (flag === null ? [] : [[flag, { type: "string" as const }]])),
  ) as Record<string, { type: "string" }>;
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    problems.push(messageOf(error));
    return {};
  }
}

/** The text of `--help`: one line per option, from the same table that parses them. */
export function helpText(title: string, spec: OptionTable): string {
  const settings = Object.entries(spec).flatMap(([name, option]) => settingsOf(name, option));
  const lines = settings.map(({ env, flag, doc, fallback }) => {
    const rest =
      fallback === undefined ? "required" : fallback === "" ? "unset" : `default ${fallback}`;
    return `  ${flag === null ? "" : `--${flag}, `}${env}\n      ${doc} (${rest})`;
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
