import { Command } from "commander";
import { alertsCommand } from "./alerts/command.ts";
import { connectionsCommand } from "./connections/command.ts";
import { consoleCommand } from "./console/command.ts";
import { guardCommand } from "./guard/command.ts";
import { drainCommand } from "./drain/command.ts";
import { httpCommand } from "./http/command.ts";
import { ingestCommand } from "./ingest/command.ts";
import { peersCommand } from "./peers/command.ts";
import { profileCommand } from "./profile.ts";
import { groupsCommand } from "./groups/command.ts";
import { relayCommand } from "./relay/command.ts";
import { recoveryCommand } from "./recovery/command.ts";

await new Command("npm run bench --")
  .description("Benchmarks of Skerry, each beside what it is compared with, in one run.")
  .addCommand(ingestCommand)
  .addCommand(httpCommand)
  .addCommand(drainCommand)
  .addCommand(alertsCommand)
  .addCommand(consoleCommand)
  .addCommand(connectionsCommand)
  .addCommand(guardCommand)
  .addCommand(peersCommand)
  .addCommand(recoveryCommand)
  .addCommand(groupsCommand)
  .addCommand(relayCommand)
  .addCommand(profileCommand)
  .parseAsync();
