import { printableLines } from "./printable.ts";
import {
  type OptionTable,
  type Resolved,
  as,
  helpText,
  loadConfig,
  secretsInArguments,
} from "./config.ts";
import { layered } from "./config-file/layers.ts";
import { CONFIG_OPTION, configFileOf, openSecrets } from "./config-file/read.ts";
import { AppError, type ErrorCode, messageOf } from "./errors.ts";
import { type Logger, makeLogger } from "./logger.ts";
import { createPrivately } from "./private-files.ts";
import { meetServiceManager, tellStopping } from "./service-manager.ts";

/** Options of every process. */
export const COMMON_OPTIONS = {
  ...CONFIG_OPTION,
  logLevel: {
    env: "SKERRY_LOG_LEVEL",
    doc: "pino level: trace, debug, info, warn, error",
    fallback: "info",
    parse: as.text,
  },
} satisfies OptionTable;

export interface ProcessContext<S extends OptionTable> {
  config: Resolved<S>;
  logger: Logger;
  /** Disposed of when the last line is logged: whoever sends lines elsewhere has them all. */
  ending: AsyncDisposableStack;
  /** Aborts on SIGTERM or SIGINT; `run` then has until the supervisor's deadline to return. */
  signal: AbortSignal;
}

export interface ProcessSpec<S extends OptionTable> {
  name: string;
  title: string;
  options: S;
  env: Record<string, string | undefined>;
  argv: readonly string[];
  run: (context: ProcessContext<S>) => Promise<void>;
}

/** Failures that people have to act on, and no stack helps with. */
const IN_ONE_SENTENCE: ReadonlySet<ErrorCode> = new Set(["CONFIG_INVALID", "FORMAT_NEWER"]);

/**
 * The one way a Skerry process starts and ends: parse the option table, answer `--help`, run until
 * a signal, exit 0; exit 1 with one clear line on an operating failure, with a stack on a bug.
 */
export async function processMain<S extends OptionTable>(spec: ProcessSpec<S>): Promise<void> {
  const table = { ...spec.options, ...COMMON_OPTIONS };
  if (spec.argv.includes("--help") || spec.argv.includes("-h")) {
    process.stdout.write(helpText(spec.title, table));
    return;
  }
  createPrivately();
  let logger = makeLogger({ process: spec.name }, "info");
  const ending = new AsyncDisposableStack();
  const end = async (code: number): Promise<never> => {
    await ending
      .disposeAsync()
      .catch((error: unknown) => logger.error({ err: error }, "not ended in order"));
    process.exit(code);
  };
  try {
    const of = { process: spec.name, table };
    const file = configFileOf(table, spec);
    const { env, labels } = layered(of, spec.env, file);
    const config = loadConfig(table, env, spec.argv, labels);
    const region = (config as Record<string, unknown>).region;
    const bindings = { process: spec.name, ...(typeof region === "string" ? { region } : {}) };
    logger = makeLogger(bindings, config.logLevel);
    if (file) logger.info({ file: file.path }, "configured");
    const warnings = [
      ...secretsInArguments(table, spec.argv),
      ...(file ? openSecrets(of, file) : []),
    ];
    for (const warning of warnings) logger.warn(warning);
    const controller = new AbortController();
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => controller.abort());
    controller.signal.addEventListener("abort", tellStopping);
    meetServiceManager(spec.env, (error) =>
      logger.error({ err: error }, "systemd-notify cannot be run: systemd is told nothing"),
    );
    await spec.run({ config: config, logger, signal: controller.signal, ending });
    logger.info("stopped");
    await end(0);
  } catch (error) {
    if (error instanceof AppError && IN_ONE_SENTENCE.has(error.code))
      process.stderr.write(`${spec.name}: ${printableLines(messageOf(error))}\n`);
    else logger.fatal({ err: error }, messageOf(error));
    await end(1);
  }
}
