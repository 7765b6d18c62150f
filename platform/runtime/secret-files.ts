// Secrets from files. Each variable that holds one has a sister, `{NAME}_FILE`, that names a file with it: a file has
// an owner and a mode, while an environment goes to every child and into many a report.
import { readFileSync } from "node:fs";
import { messageOf } from "./errors.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** The variable that names the file of a secret. */
export const fileVariable = (name: string): string => `${name}_FILE`;

/**
 * The secret in a file, without the newline at its end.
 * @param label what named the file: the beginning of the sentence if it cannot be used.
 */
function readSecretFile(path: string, label: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${label} names a file that cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`${label} names ${path}, which is empty`);
  if (/[\r\n]/.test(secret))
    throw new Error(`${label} names ${path}, which must hold one line, the secret`);
  return secret;
}

/** One place that a secret may come from. */
interface SecretSource {
  readonly label: string;
  readonly value: string | undefined;
  readonly fileLabel: string;
  readonly file: string | undefined;
}

/** A secret, and the label of what it came from. */
export interface Secret {
  readonly secret: string;
  readonly from: string;
}

/** The secret of a source, from its value or its file; undefined if it has neither. @throws Error that names what is wrong. */
export function secretFrom(source: SecretSource): Secret | undefined {
  const { label, value, fileLabel, file } = source;
  if (value && file) throw new Error(`${label} and ${fileLabel} are both given; leave one out`);
  if (file) return { secret: readSecretFile(file, fileLabel), from: fileLabel };
  return value ? { secret: value, from: label } : undefined;
}

/**
 * The secret that `{name}` holds, or the file that `{name}_FILE` names; undefined if there is neither.
 * @param labels name a variable by where its value came from, if that is not the environment.
 */
export const secretOf = (
  name: string,
  env: Env,
  labels: ReadonlyMap<string, string> = new Map(),
): Secret | undefined =>
  secretFrom({
    label: labels.get(name) ?? name,
    value: env[name],
    fileLabel: labels.get(fileVariable(name)) ?? fileVariable(name),
    file: env[fileVariable(name)],
  });

/**
 * A URL whose user has this password.
 * @param label names the URL if they do not go together.
 */
export function withPassword(url: string, { secret, from }: Secret, label: string): string {
  const parsed = new URL(url);
  if (parsed.password !== "")
    throw new Error(`${label} has a password already, and ${from} another; leave one out`);
  if (parsed.username === "")
    throw new Error(
      `${label} names no user, to whom ${from} would belong: write ${parsed.protocol}//user@host`,
    );
  parsed.password = encodeURIComponent(secret);
  return parsed.href;
}

/** True for a URL that holds a password. */
export const hasPassword = (raw: string): boolean =>
  URL.canParse(raw) && new URL(raw).password !== "";
