// `skerry contracts …`: versions of contracts, checked before anybody has to live with them.
import { type Command, Option } from "commander";
import { SCHEMAS_DIRECTORY, readSchemas } from "../../contracts/schema/catalog.ts";
import {
  COMPATIBILITY_MODES,
  type CompatibilityMode,
} from "../../contracts/schema/compatibility.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { checkContracts } from "../../cloud/operations/contracts/check.ts";
import { listContracts, publishContracts } from "../../cloud/operations/contracts/publish.ts";
import { nameProblem } from "../../contracts/names/text.ts";
import type { Report } from "../../cloud/operations/contracts/versions.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { remark } from "./kit/output.ts";
import { UsageError } from "./kit/usage-error.ts";
import { refused } from "../../cloud/operations/refused.ts";

/** One line of `contracts list`. */
const REASON_BYTES_MAX = 500;

interface SchemaOptions {
  schemas: string;
  mode: CompatibilityMode;
}

export function addContractsCommand(program: Command, say: Say): void {
  const contracts = program.command("contracts").description("Versioned schemas of readings.");
  const mode = (): Option =>
    new Option(
      "--mode <mode>",
      "what every version must keep to all earlier ones; NONE: what breaks is a warning",
    )
      .choices(COMPATIBILITY_MODES)
      .default("BACKWARD");

  example(contracts.command("check"), "contracts check --against main")
    .description("Compare every version with all earlier ones; exit status 1 if one breaks them.")
    .option("--against <git-ref>", "versions that exist there must be unchanged")
    .addOption(mode())
    .option("--schemas <dir>", "{name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action((options: SchemaOptions & { against?: string }) => show(checkContracts(options), say));

  example(
    place(contracts.command("publish")),
    "contracts publish --schemas my-schemas",
    'contracts publish --schemas my-schemas --mode NONE --reason "no pump sends v1 any more"',
  )
    .description("Write new versions to the hub, from where every region gets them; all or none.")
    .addOption(mode())
    .option("--schemas <dir>", "{name}/v{number}.json", SCHEMAS_DIRECTORY)
    .option("--reason <text>", "with --mode NONE: why; it is kept, and contracts list shows it")
    .action(async (options: SchemaOptions & Place & { reason?: string }) => {
      const reason = reasonOf(options);
      const wanted = { files: readSchemas(options.schemas), mode: options.mode };
      const all = reason === undefined ? wanted : { ...wanted, reason };
      show(await withNats(options, HUB, (hub) => publishContracts(hub, all)), say);
    });

  example(place(contracts.command("list"), "the hub's or a region's"), "contracts list")
    .description("List published versions, and shipped ones that are not published.")
    .action(async (options: Place) => {
      for (const line of await withNats(options, HUB, listContracts)) say(line);
    });
}

/** A version may break earlier ones only for a reason that others can read later. */
function reasonOf(options: { mode: CompatibilityMode; reason?: string }): string | undefined {
  const reason = options.reason?.trim();
  if (options.mode !== "NONE") {
    if (reason !== undefined) throw new UsageError("--reason belongs to --mode NONE");
    return undefined;
  }
  if (reason === undefined)
    throw new UsageError(
      "--mode NONE needs --reason: why readings of earlier versions may be refused or mean something else",
    );
  const problem = nameProblem(reason, REASON_BYTES_MAX);
  if (problem !== null) throw refused(`--reason ${problem}`);
  return reason;
}

/** Findings go to stderr, one line each; a refusal is exit status 1. */
function show({ problems, warnings, summary }: Report, say: Say): void {
  for (const warning of warnings) remark(`warning: ${warning}`);
  for (const problem of problems) remark(problem);
  if (problems.length > 0) process.exitCode = 1;
  say(summary);
}
