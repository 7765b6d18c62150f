// `skerry mappings …`: a mapping table judged without a gateway.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { type Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { loadMappings } from "../../gateway/ingest/load-mappings.ts";
import { type Say, example, parseSince } from "./kit/options.ts";
import { remark } from "./kit/output.ts";
import { UsageError } from "./kit/usage-error.ts";
import { count } from "../../cloud/operations/words.ts";
import { contractProblems } from "../../cloud/operations/mappings/contract-problems.ts";
import { explainMapping } from "../../cloud/operations/mappings/explain-mapping.ts";
import { TRIED_CLIENT, tryMapping } from "../../cloud/operations/mappings/try-mapping.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";

interface TryOptions {
  topic: string;
  payload?: string;
  file?: string;
  contentType?: string;
  clientId: string;
  at?: number;
  schemas: string;
}

export function addMappingsCommand(program: Command, say: Say): void {
  const mappings = program
    .command("mappings")
    .description("Tables that make readings of what existing devices send.");

  example(
    mappings.command("check"),
    "mappings check my-mappings.json",
    "mappings check infra/mappings/*.json",
  )
    .description("Check tables, and their fields against contracts; exit status 1 if one is wrong.")
    .argument("<tables...>", "JSON files, as a gateway's SKERRY_MAPPINGS names one")
    .option("--schemas <dir>", "contracts, {name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action((paths: string[], { schemas }: { schemas: string }) => {
      const catalog = loadCatalog(schemas);
      for (const path of paths) {
        const { entries, problems } = checkFile(path, catalog);
        for (const problem of problems) remark(problem);
        if (problems.length > 0) process.exitCode = 1;
        const which = paths.length === 1 ? "" : `${path}: `;
        const held = entries === null ? "no table" : count(entries, "mapping");
        say(`${which}${held}, ${count(problems.length, "problem")}`);
      }
    });

  example(
    mappings.command("try"),
    `mappings try my-mappings.json --topic tele/plug/SENSOR --payload '{"Time":"2026-01-31T12:00:00","ENERGY":{"Power":5}}' --at 2026-01-31T12:00:01Z`,
  )
    .description(
      "Say what a gateway with this table would make of a message; exit status 1 if it refuses any of it.",
    )
    .argument("<table>", "JSON file, as a gateway's SKERRY_MAPPINGS names it")
    .requiredOption("--topic <topic>", "the topic that the device publishes on")
    .option(
      "--payload <text>",
      "the payload as text, @FILE for a file's bytes, or - for what is piped in",
    )
    .option("--file <path>", "the payload as a file, for bytes that are no text")
    .option("--client-id <id>", "client id of the sender, for tables that name it", TRIED_CLIENT)
    .option("--content-type <type>", "content type of MQTT 5, for payloads that are not JSON")
    .option("--at <time>", "time of arrival, or a duration before now (default: now)", parseSince)
    .option("--schemas <dir>", "contracts, {name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action((path: string, options: TryOptions) => {
      const table = loadMappings(path);
      const { topic, contentType, clientId } = options;
      const receivedAtMs = options.at ?? Date.now();
      const message = { topic, payload: payloadOf(options), contentType, receivedAtMs };
      const catalog = loadCatalog(options.schemas);
      const { lines, isRefused } = tryMapping(table, catalog, message, clientId);
      for (const line of [...explainMapping(table, { ...message, clientId }), ...lines]) say(line);
      if (isRefused) process.exitCode = 1;
    });
}

/** A table of a file, and what is wrong with it; null for what is no table. */
function checkFile(
  path: string,
  catalog: Catalog,
): { entries: number | null; problems: readonly string[] } {
  try {
    const table = loadMappings(path);
    const problems = contractProblems(table, catalog).map((problem) => `${path}: ${problem}`);
    return { entries: table.length, problems };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { entries: null, problems: error.message.split("\n") };
  }
}

/** The file descriptor of what is piped in. */
const STANDARD_INPUT = 0;

function payloadOf({ payload, file }: TryOptions): Buffer {
  if ((payload === undefined) === (file === undefined))
    throw new UsageError("mappings try needs one of --payload and --file");
  if (file !== undefined) return readFileSync(file);
  if (payload === "-") return readFileSync(STANDARD_INPUT);
  if (!payload!.startsWith("@")) return Buffer.from(payload!);
  try {
    return readFileSync(payload!.slice(1));
  } catch (error) {
    throw new UsageError(`--payload ${payload!}: ${messageOf(error)}`);
  }
}
