// `skerry contracts …`: versions of contracts, checked before anybody has to live with them.
import { type Command, Option } from "commander";
import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import {
  COMPATIBILITY_MODES,
  type CompatibilityMode,
} from "../../contracts/schema/compatibility.ts";
import { checkContracts } from "./contracts-check.ts";
import { listContracts, publishContracts } from "./contracts-publish.ts";
import type { Report } from "./contracts-versions.ts";
import { natsTarget } from "./target.ts";

interface NatsOptions {
  nats?: string;
  dataDir: string;
}

interface SchemaOptions {
  schemas: string;
  mode: CompatibilityMode;
}

export function addContractsCommand(program: Command): void {
  const contracts = program.command("contracts").description("versioned schemas of readings");
  const mode = (): Option =>
    new Option("--mode <mode>", "what every version must keep to all earlier ones")
      .choices(COMPATIBILITY_MODES)
      .default("BACKWARD");
  const atNats = (command: Command, whose: string): Command =>
    command
      .option("--nats <url>", `${whose} nats-server, nats://user:password@host:port`)
      .option("--data-dir <dir>", "of the local installation", ".skerry");

  contracts
    .command("check")
    .description("compare every version with all earlier ones; exit 1 if one breaks them")
    .option("--against <git-ref>", "versions that exist there must be unchanged")
    .addOption(mode())
    .option("--schemas <dir>", "{name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action((options: SchemaOptions & { against?: string }) => show(checkContracts(options)));

  atNats(contracts.command("publish"), "the hub's")
    .description("write new versions to the hub, from where every region gets them; all or none")
    .addOption(mode())
    .option("--schemas <dir>", "{name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action(async (options: SchemaOptions & NatsOptions) =>
      show(await publishContracts(natsTarget(options, "hub"), options)),
    );

  atNats(contracts.command("list"), "the hub's or a region's")
    .description("published versions, and shipped ones that are not published")
    .action(async (options: NatsOptions) => {
      for (const line of await listContracts(natsTarget(options, "hub"))) say(line);
    });
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Findings go to stderr, one line each; a refusal is exit status 1. */
function show({ problems, warnings, summary }: Report): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
  say(summary);
}
