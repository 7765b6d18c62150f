#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { AppError, messageOf } from "../runtime/errors.ts";
import type { Addresses } from "../local/plan.ts";
import { listRejects } from "./rejects.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The region's nats-server: given, or that of the local installation that runs now. */
function natsUrl(options: { region: string; nats?: string; dataDir: string }): string {
  if (options.nats !== undefined) return options.nats;
  const path = join(options.dataDir, "addresses.json");
  try {
    const { nats } = JSON.parse(readFileSync(path, "utf8")) as Addresses;
    const url = (nats as Record<string, string>)[options.region];
    if (url === undefined) throw new Error(`it has no region "${options.region}"`);
    return url;
  } catch (error) {
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `${path}: ${messageOf(error)}; is npm start running? Otherwise say --nats URL`,
    );
  }
}

const program = new Command("skerry").description("Tools for a Skerry installation.");

program
  .command("rejects")
  .description("what gateways refused and kept")
  .command("list")
  .description("the newest rejects of a region, one line each")
  .requiredOption("--region <name>", "eu, us, …")
  .option("--limit <n>", "how many", "50")
  .option("--nats <url>", "the region's nats-server, nats://user:password@host:port")
  .option("--data-dir <dir>", "of the local installation", ".skerry")
  .action(async (options: { region: string; limit: string; nats?: string; dataDir: string }) => {
    const lines = await listRejects(natsUrl(options), options.region, Number(options.limit));
    for (const line of lines) say(line);
    if (lines.length === 0) say("no rejects");
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`skerry: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
