// The command line of `npx skerry`, apart from running it: the reference pages are made from it.
import { Command } from "commander";
import { addAlertsCommand } from "./alerts.ts";
import { addCommandsCommand } from "./commands.ts";
import { addContractsCommand } from "./contracts.ts";
import { addRegionCommand } from "./region.ts";
import { addTopologyCommand } from "./topology.ts";
import { addDevicesCommand } from "./devices.ts";
import { addRejectsCommand } from "./rejects-command.ts";
import { addRulesCommand } from "./rules.ts";
import { addNotifyCommand } from "./notify.ts";

/** @param say prints one line. */
export function makeProgram(say: (line: string) => void): Command {
  const program = new Command("skerry").description("Tools for a Skerry installation.");
  addRejectsCommand(program, say);
  addRulesCommand(program, say);
  addAlertsCommand(program, say);
  addNotifyCommand(program, say);
  addRegionCommand(program, say);
  addTopologyCommand(program, say);
  addDevicesCommand(program);
  addContractsCommand(program);
  addCommandsCommand(program, say);
  return program;
}
