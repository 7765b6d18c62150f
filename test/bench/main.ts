import { Command } from "commander";
import { drainCommand } from "./drain/command.ts";
import { ingestCommand } from "./ingest/command.ts";
import { profileCommand } from "./profile.ts";

await new Command("npm run bench --")
  .description("Benchmarks of Skerry, each beside what it is compared with, in one run.")
  .addCommand(ingestCommand)
  .addCommand(drainCommand)
  .addCommand(profileCommand)
  .parseAsync();
