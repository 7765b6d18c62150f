import { Command } from "commander";
import { ingestCommand } from "./ingest/command.ts";
import { profileCommand } from "./profile.ts";

await new Command("npm run bench --")
  .description("Benchmarks of Skerry, each beside what it is compared with, in one run.")
  .addCommand(ingestCommand)
  .addCommand(profileCommand)
  .parseAsync();
