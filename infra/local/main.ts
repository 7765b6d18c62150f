import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { printableLines } from "../../platform/runtime/printable.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { hasPassword } from "../../platform/runtime/secret-files.ts";
import { createPrivately } from "../../platform/runtime/private-files.ts";
import { configFileOf } from "../../platform/runtime/config-file/read.ts";
import { optionTables } from "../processes/option-tables.ts";
import { launcherProgram } from "./options.ts";
import { makeLocalCertificates } from "./certificates.ts";
import { Demo } from "./demo/demo.ts";
import { planDemo } from "./demo/plan-demo.ts";
import { channelEnv, passedEnv } from "./environment.ts";
import { givenTo, parseSets, withGiven } from "./overrides.ts";
import { withOwnContracts } from "./own-contracts.ts";
import { type Env, type LocalOptions, type ProcessPlan, secretPath } from "./places.ts";
import { mappingsPath, planLocal, startedOf } from "./plan.ts";
import { makeSecrets } from "./secrets.ts";
import { incidentLines } from "./incident.ts";
import { hasDesktop } from "./open-page.ts";
import { checkPorts, outgoingPorts, portBaseWarning, takeDirectory } from "./preflight.ts";
import { ensurePrograms, searchDirectories } from "./prerequisites.ts";
import { type Failure, type Report, problemsOf } from "./report.ts";
import { Session } from "./session.ts";

interface CliOptions extends Omit<LocalOptions, "dataDir" | "channels" | "smtpUrl" | "schemas"> {
  dataDir: string;
  rules?: string;
  demoRules: boolean;
  mappings?: string;
  demoMappings: boolean;
  contracts?: string;
  config?: string;
  set: readonly string[];
  channels?: string;
  smtpUrl?: string;
  open: boolean;
  partitions?: number;
  runFor?: number;
  json?: string;
}

const program = launcherProgram();

/** Bound of the final lines; all of them are in the report. */
const INCIDENTS_SHOWN = 20;

const say = (line: string): void => void process.stderr.write(`skerry: ${printableLines(line)}\n`);

async function main(): Promise<number> {
  program.parse();
  const cli = program.opts<CliOptions>();
  const tables = optionTables(process.env);
  const sets = parseSets(cli.set, tables);
  const file = configFileOf(tables.gateway, {
    env: process.env,
    argv: cli.config === undefined ? [] : ["--config", cli.config],
  });
  const passed = passedEnv(process.env);
  const given = { tables, file, sets, env: passed };
  const notifier = givenTo("notifier", given).env;
  const named = cli.channels ?? notifier["SKERRY_CHANNELS"];
  const channels = named === undefined ? null : resolve(named);
  const smtpUrl = cli.smtpUrl ?? null;
  const { dataDir: directory, rules: _rules, mappings: _mappings, ...rest } = cli;
  const dataDir = resolve(directory);
  const options = { ...rest, dataDir, channels, smtpUrl, ...ownFiles(cli, dataDir) };
  const programs = ensurePrograms({
    directories: searchDirectories(process.env.PATH ?? ""),
    root: process.getuid?.() === 0,
    say,
  });
  createPrivately(); // The servers, too; packages are installed by now.
  if (options.tls) await makeLocalCertificates(options);
  const secret = makeSecrets(options.dataDir);
  const local = planLocal(options, {
    programs,
    node: process.execPath,
    secret,
    runId: new Date().toISOString().replaceAll(":", "-"),
    passedEnv: passed,
    channelEnv: channels === null ? {} : channelEnv(channels, process.env),
  });
  const sendTraces = !Object.keys(process.env).some((name) => name.startsWith("OTEL_"));
  const { portBase } = options;
  const demoPlan = planDemo(local, {
    ...{ portBase, sendTraces, token: secret("demo control") },
    tokenFile: secretPath("demo control", options),
  });
  const typed = typedEnv(options, cli);
  const ignored = new Set<string>();
  const withOptions = (plans: readonly ProcessPlan[]): ProcessPlan[] =>
    withGiven(plans, { ...given, env: { ...passed, ...typed } }, (label) => ignored.add(label));
  const plan = {
    ...demoPlan.plan,
    services: withOptions(demoPlan.plan.services),
    simulator: withOptions([demoPlan.plan.simulator])[0]!,
  };
  if (ignored.size > 0)
    say(`not taken, because skerry up says so itself: ${[...ignored].join(", ")}`);
  if (cli.json !== undefined) checkWritable(cli.json);
  const warning = portBaseWarning(options.portBase, outgoingPorts());
  if (warning !== null) say(`warning: ${warning}`);
  if (smtpUrl !== null && hasPassword(smtpUrl))
    say(
      "warning: --smtp-url holds a password, which everybody on this machine can read: put it into a file and name that in SKERRY_SMTP_PASSWORD_FILE",
    );
  const session = new Session(plan, {
    partitions: cli.partitions ?? null,
    runForMs: cli.runFor ?? null,
    reportWanted: cli.json !== undefined,
    dataDir: options.dataDir,
    terminal: process.stdout.isTTY && process.stdout.columns > 0,
    desktop: cli.open && process.stdout.isTTY && hasDesktop(process.env),
    say,
  });
  const fail = (failed: string): void => write(cli.json, { failed, ...session.incidents });
  try {
    const release = takeDirectory(options.dataDir, process.pid);
    try {
      await checkPorts([...plan.servers, ...startedOf(plan)]);
      await using demo = new Demo(demoPlan, () => session.supervisor);
      await demo.open();
      const report = await session.run(stopSignal());
      if (report) finish(report, cli.json);
      else fail("stopped before there was something to report");
      return report && problemsOf(report).length > 0 ? 1 : 0;
    } finally {
      release();
    }
  } catch (error) {
    fail(messageOf(error));
    const { incidents, incidentsTotal: total } = session.incidents;
    if (total > 0) incidentLines({ incidents, total }, INCIDENTS_SHOWN).forEach(say);
    throw error;
  }
}

/** Files of people's own. A directory of contracts is made before anything starts. */
function ownFiles(
  { rules, demoRules, mappings, demoMappings, contracts }: CliOptions,
  dataDir: string,
): Pick<LocalOptions, "rules" | "mappings" | "schemas"> {
  const own = (file: string | undefined, isDemo: boolean): string | null | undefined =>
    file === undefined ? (isDemo ? undefined : null) : resolve(file);
  const schemas =
    contracts === undefined ? undefined : withOwnContracts(resolve(contracts), dataDir);
  return { rules: own(rules, demoRules), mappings: own(mappings, demoMappings), schemas };
}

/** Options of the launcher as variables of the processes: they count before a configuration file. */
const typedEnv = (options: LocalOptions, cli: CliOptions): Env =>
  Object.fromEntries(
    Object.entries({
      SKERRY_RULES: options.rules,
      SKERRY_MAPPINGS: options.mappings === undefined ? null : mappingsPath(options),
      SKERRY_SCHEMAS: options.schemas,
      SKERRY_CHANNELS: cli.channels === undefined ? null : options.channels,
      SKERRY_SMTP_URL: options.smtpUrl,
    }).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );

/** Aborts on the first Ctrl-C or SIGTERM; npm and the terminal may both send one. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (!controller.signal.aborted) say("stopping");
      controller.abort();
    });
  return controller.signal;
}

/** A report that cannot be written is said before the run, not after it. */
function checkWritable(file: string): void {
  try {
    mkdirSync(dirname(resolve(file)), { recursive: true });
    writeFileSync(file, "", { flag: "a" });
  } catch (error) {
    throw new AppError("DIRECTORY_UNWRITABLE", "fatal", `--json ${file}: ${messageOf(error)}`);
  }
}

function write(file: string | undefined, what: Report | Failure): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(what, null, 2)}\n`);
}

function finish(report: Report, file: string | undefined): void {
  write(file, report);
  const { acknowledged, stored, missing, duplicated, rejected, alerts, latencyMs, rollups } =
    report;
  say(
    `acknowledged ${acknowledged}, stored ${stored}, missing ${missing}, duplicated ${duplicated}, ` +
      `rejected ${rejected}; alerts raised ${alerts.raised}, cleared ${alerts.cleared}; ` +
      `rollups compared ${rollups.compared} (final ${rollups.final}), wrong ${rollups.wrong}; ` +
      `device to store p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`,
  );
  for (const problem of problemsOf(report)) say(`not sound: ${problem}`);
  for (const example of rollups.examples) say(`wrong: ${example}`);
  const { incidents, incidentsTotal: total } = report;
  incidentLines({ incidents, total }, INCIDENTS_SHOWN).forEach(say);
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof AppError ? error.message : String((error as Error).stack ?? error));
  process.exitCode = 1;
}
