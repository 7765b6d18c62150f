// `skerry mappings …`: a mapping table judged without a gateway.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { loadMappings } from "../../gateway/ingest/load-mappings.ts";
import { type Say, example, parseSince } from "./kit/options.ts";
import { remark } from "./kit/output.ts";
import { UsageError } from "./kit/usage-error.ts";
import { count } from "../../cloud/operations/words.ts";
import { contractProblems } from "../../cloud/operations/mappings/contract-problems.ts";
import { tryMapping } from "../../cloud/operations/mappings/try-mapping.ts";

interface TryOptions {
  topic: string;
  payload?: string;
  file?: string;
  contentType?: string;
  at?: number;
  schemas: string;
}

export function addMappingsCommand(program: Command, say: Say): void {
  const mappings = program
    .command("mappings")
    .description("Tables that make readings of what existing devices send.");

  example(mappings.command("check"), "mappings check my-mappings.json")
    .description("Check a table, and its fields against contracts; exit status 1 if it is wrong.")
    .argument("<table>", "JSON file, as a gateway's SKERRY_MAPPINGS names it")
    .option("--schemas <dir>", "contracts, {name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action((path: string, { schemas }: { schemas: string }) => {
      const table = loadMappings(path);
      const problems = contractProblems(table, loadCatalog(schemas));
      for (const problem of problems) remark(problem);
      if (problems.length > 0) process.exitCode = 1;
      say(`${count(table.length, "mapping")}, ${count(problems.length, "problem")}`);
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
    .option("--payload <text>", "the payload as text")
    .option("--file <path>", "the payload as a file, for bytes that are no text")
    .option("--content-type <type>", "content type of MQTT 5, for payloads that are not JSON")
    .option("--at <time>", "time of arrival, or a duration before now (default: now)", parseSince)
    .option("--schemas <dir>", "contracts, {name}/v{number}.json", SCHEMAS_DIRECTORY)
    .action((path: string, options: TryOptions) => {
      const { lines, isRefused } = tryMapping(loadMappings(path), loadCatalog(options.schemas), {
        topic: options.topic,
        payload: payloadOf(options),
        contentType: options.contentType,
        receivedAtMs: options.at ?? Date.now(),
      });
      for (const line of lines) say(line);
      if (isRefused) process.exitCode = 1;
    });
}

function payloadOf({ payload, file }: TryOptions): Buffer {
  if ((payload === undefined) === (file === undefined))
    throw new UsageError("mappings try needs one of --payload and --file");
  return file === undefined ? Buffer.from(payload!) : readFileSync(file);
}
