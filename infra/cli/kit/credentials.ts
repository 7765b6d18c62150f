// Passwords of nats-servers that the command line names: from a file or the environment, because everybody on the
// machine reads what is typed.
import { messageOf } from "../../../platform/runtime/errors.ts";
import {
  type Env,
  type Secret,
  hasPassword,
  secretFrom,
  secretOf,
  withPassword,
} from "../../../platform/runtime/secret-files.ts";
import { refused } from "../../../cloud/operations/refused.ts";
import { remark } from "./output.ts";
import { PASSWORD_FLAG, PASSWORD_VARIABLE } from "./password-names.ts";

let environment: Env = {};

/** Takes what main.ts was started with: every command looks there for passwords. */
export function takeEnvironment(env: Env): void {
  environment = env;
}

/** The environment of the command line. */
export const environmentOf = (): Env => environment;

/** The variable of one server's password: `SKERRY_NATS_PASSWORD_EU`. */
const passwordVariableOf = (domain: string): string =>
  `${PASSWORD_VARIABLE}_${domain.toUpperCase().replaceAll("-", "_")}`;

export interface TypedAddress {
  readonly url: string;
  /** The JetStream domain, whose own password counts before that of all. */
  readonly domain?: string;
  /** The file that `--nats-password-file` names. */
  readonly passwordFile?: string;
}

/** The URL with its password. @param warn told of one that was typed. @throws AppError `CONFIG_INVALID` naming what cannot be used. */
export function completeUrl(
  { url, domain, passwordFile: file }: TypedAddress,
  env: Env = environment,
  warn: (line: string) => void = remark,
): string {
  const { username } = new URL(url);
  try {
    if (hasPassword(url)) {
      warn(
        `skerry: warning: the password of "${username}" is in the arguments, where everybody on this machine can read it; ` +
          `put it into a file and name that in ${PASSWORD_VARIABLE}_FILE`,
      );
      if (file === undefined) return url;
    }
    const typed: Secret | undefined =
      file === undefined
        ? undefined
        : secretFrom({ label: PASSWORD_FLAG, value: undefined, fileLabel: PASSWORD_FLAG, file });
    const own = domain === undefined ? undefined : secretOf(passwordVariableOf(domain), env);
    const password = typed ?? own ?? secretOf(PASSWORD_VARIABLE, env);
    // Who needs no user needs no password either.
    if (!password || (username === "" && !typed)) return url;
    return withPassword(url, password, url.replace(/\/\/.*@/, "//…@"));
  } catch (error) {
    throw refused(messageOf(error), error);
  }
}
