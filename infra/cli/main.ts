#!/usr/bin/env node
import { Command } from "commander";
import { messageOf } from "../runtime/errors.ts";
import { addTopologyCommand } from "./topology.ts";
import { addDevicesCommand } from "./devices.ts";
import { listRejects } from "./rejects.ts";
import { natsTarget } from "./target.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

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
    const lines = await listRejects(
      natsTarget(options, options.region),
      options.region,
      Number(options.limit),
    );
    for (const line of lines) say(line);
    if (lines.length === 0) say("no rejects");
  });

addTopologyCommand(program);

addDevicesCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`skerry: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
