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
  /** The name in a configuration file. */
  readonly key: string;
  readonly doc: string;
  readonly fallback?: string | undefined;
  /** Its value is nobody's business. */
  readonly isSecret: boolean;
}

/** Everything that sets an option: itself, the password of its user, and the files of secrets. */
export function settingsOf(name: string, option: Option<unknown>): Setting[] {
  const { env, doc, fallback, secret, password, passwordFileApart } = option;
  const flag = flagOf(name);
  const setting = { flag, key: flag, isSecret: false, fallback: "" };
  const settings: Setting[] = [{ ...setting, env, doc, fallback, isSecret: secret === true }];
  const fileOf = (variable: string, flag: string): Setting => ({
    ...{ ...setting, env: fileVariable(variable), flag, key: flag },
    doc: `file that holds ${variable}`,
  });
  if (secret) settings.push(fileOf(env, `${flag}-file`));
  if (password !== undefined) {
    const doc = `password of the user in ${env}`;
    const file = passwordFlag(password);
    const key = file.replace(/-file$/, "");
    settings.push({ ...setting, env: password, flag: null, key, doc, isSecret: true });
    if (!passwordFileApart) settings.push(fileOf(password, file));
  }
  return settings;
}

/** A problem of a configuration, as a sentence. */
export interface ConfigProblem {
  readonly text: string;
  /** Nothing was given, where something has to be. */
  readonly isMissing: boolean;
}

/**
 * Resolves every option from `--flag value`, then the environment, then its fallback; an empty
 * value counts as unset. Reports every problem at once: one restart, not five.
 *
 * @param labels name a variable by where its value came from, if that is not the environment.
 * @throws AppError `CONFIG_INVALID`, one line per problem, each naming its option.
 */
export function loadConfig<S extends OptionTable>(
  spec: S,
  env: Env,
  argv: readonly string[] = [],
  labels: Labels = NO_LABELS,
): Resolved<S> {
  const { config, problems } = resolveConfig(spec, { env, argv, labels });
  if (problems.length > 0) throw invalid(problems.map(({ text }) => text));
  return Object.freeze(config) as Resolved<S>;
}

/** The error of a configuration that cannot be used, a line for each problem. */
export const invalid = (lines: readonly string[]): AppError =>
  new AppError("CONFIG_INVALID", "fatal", lines.join("\n"));

type Labels = ReadonlyMap<string, string>;
const NO_LABELS: Labels = new Map();

/** Everything that options are resolved from. */
export interface Given {
  readonly env: Env;
  readonly argv: readonly string[];
  readonly labels: Labels;
}

/** The same as values: the options that could be resolved, and what is wrong with the others. */
export function resolveConfig(
  spec: OptionTable,
  { env, argv, labels }: Given,
): { config: Record<string, unknown>; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const wrong = (text: string, isMissing = false): void => void problems.push({ text, isMissing });
  const config: Record<string, unknown> = {};
  const flags = parseFlags(spec, argv, wrong);
  const of = { flags, env, labels };
  for (const [name, option] of Object.entries(spec)) {
    const flag = flags[flagOf(name)];
    const label = flag ? `--${flagOf(name)}` : (labels.get(option.env) ?? option.env);
    let raw: string | undefined;
    try {
      raw = option.secret ? secretOption(name, option.env, of) : flag || env[option.env];
    } catch (error) {
      wrong(messageOf(error));
      continue;
    }
    raw = raw === undefined || raw === "" ? option.fallback : raw;
    if (raw === undefined) {
      wrong(`${label} is required: ${option.doc}`, true);
      continue;
    }
    try {
      config[name] = option.parse(raw);
    } catch (error) {
      wrong(`${label} ${messageOf(error)}`);
      continue;
    }
    try {
      if (option.password !== undefined && raw !== "")
        config[name] = completed(raw, { label, variable: option.password }, of);
    } catch (error) {
      wrong(messageOf(error));
    }
  }
  return { config, problems };
}

type Flags = Readonly<Record<string, string | undefined>>;

interface From {
  readonly flags: Flags;
  readonly env: Env;
  readonly labels: Labels;
}

function secretOption(
  name: string,
  variable: string,
  { flags, env, labels }: From,
): string | undefined {
  const flag = flagOf(name);
  const typed = secretFrom({
    ...{ label: `--${flag}`, value: flags[flag] },
    ...{ fileLabel: `--${flag}-file`, file: flags[`${flag}-file`] },
  });
  return (typed ?? secretOf(variable, env, labels))?.secret;
}

/** A URL with the password of its user, if that is elsewhere. */
function completed(
  url: string,
  { label, variable }: { label: string; variable: string },
  { flags, env, labels }: From,
): string {
  const flag = passwordFlag(variable);
  const typed = { label: variable, value: undefined, fileLabel: `--${flag}`, file: flags[flag] };
  const password = secretFrom(typed) ?? secretOf(variable, env, labels);
  return password ? withPassword(url, password, label) : url;
}

/** A sentence for each secret in the arguments, where every user of the machine reads it. */
export function secretsInArguments(spec: OptionTable, argv: readonly string[]): string[] {
  const flags = parseFlags(spec, argv);
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

/** Values by flag, of a command line that `wrong` is told of if it cannot be parsed. */
export function parseFlags(
  spec: OptionTable,
  argv: readonly string[],
  wrong: (text: string) => void = () => undefined,
): Flags {
  const options = Object.fromEntries(
    Object.entries(spec)
      .flatMap(([name, option]) => settingsOf(name, option))
      .flatMap(({ flag }) => (flag === null ? [] : [[flag, { type: "string" as const }]])),
  ) as Record<string, { type: "string" }>;
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    wrong(messageOf(error));
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

/** The values that a parser takes, as a JSON Schema of what a configuration file holds. */
export interface Accepts {
  readonly type?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

const accepting = <T>(parse: (raw: string) => T, accepts: Accepts) =>
  Object.assign(parse, { accepts });

/** Values that an option takes, as its parser says; null if it says nothing. */
export const acceptedBy = ({ parse }: Option<unknown>): Accepts | null =>
  (parse as { accepts?: Accepts }).accepts ?? null;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parsers for the `parse` field of an {@link Option}. */
export const as = {
  text: (raw: string): string => raw,
  cron: (raw: string): string => {
    if (!cron.validate(raw)) throw new Error(`must be a cron expression, not "${raw}"`);
    return raw;
  },
  flag: accepting(
    (raw: string): boolean => {
      if (raw === "true" || raw === "1") return true;
      if (raw === "false" || raw === "0") return false;
      throw new Error(`must be true or false, not "${raw}"`);
    },
    { type: "boolean" },
  ),
  integer: (min: number, max = Number.MAX_SAFE_INTEGER) =>
    accepting(
      (raw: string): number => {
        const value = Number(raw);
        if (!Number.isSafeInteger(value) || value < min || value > max)
          throw new Error(`must be a whole number from ${min} to ${max}, not "${raw}"`);
        return value;
      },
      { type: "integer", minimum: min, maximum: max },
    ),
  number: (min: number, max = Number.MAX_VALUE) =>
    accepting(
      (raw: string): number => {
        const value = Number(raw);
        if (!Number.isFinite(value) || value < min || value > max)
          throw new Error(`must be a number from ${min} to ${max}, not "${raw}"`);
        return value;
      },
      { type: "number", minimum: min, maximum: max },
    ),
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
  durationMs: accepting(
    (raw: string): number => {
      const match = DURATION.exec(raw);
      if (!match) throw new Error(`must be a duration such as 30s or 10m, not "${raw}"`);
      return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
    },
    { type: "string", pattern: DURATION.source },
  ),
};
