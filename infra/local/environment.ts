// The part of the launcher's environment that the processes get.
import { readFileSync } from "node:fs";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { fileVariable } from "../../platform/runtime/secret-files.ts";

/** Variables that every process gets: those of OpenTelemetry and tracing, the log level, the time zone. */
export const passedEnv = (
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        (/^(OTEL|SKERRY_TRACE|SKERRY_OTLP)_/.test(entry[0]) ||
          ["SKERRY_LOG_LEVEL", "TZ"].includes(entry[0])) &&
        entry[1] !== undefined,
    ),
  );

/** Also handed to the notifier: the password of the user in `--smtp-url`, and the authorities of whom it tells. */
const NOTIFIER_VARIABLES = ["SKERRY_SMTP_PASSWORD", "SKERRY_SMTP_TLS_CA", "SKERRY_WEBHOOK_TLS_CA"];

/** The variables that a channels file names as `"$NAME"`, or their files; a file that cannot be read is said before anything runs. */
export function channelEnv(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError("CHANNELS_INVALID", "fatal", `--channels ${file}: ${messageOf(error)}`);
  }
  const named = [...text.matchAll(/"\$(\w+)"/g)].map(([, name]) => name!);
  const names = [...named, ...NOTIFIER_VARIABLES].flatMap((name) => [name, fileVariable(name)]);
  return Object.fromEntries(
    names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}
