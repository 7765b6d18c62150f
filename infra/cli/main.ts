#!/usr/bin/env node
import { Command } from "commander";
import { messageOf } from "../../platform/runtime/errors.ts";
import { addAlertsCommand } from "./alerts.ts";
import { addCommandsCommand } from "./commands.ts";
import { addContractsCommand } from "./contracts.ts";
import { addRegionCommand } from "./region.ts";
import { addTopologyCommand } from "./topology.ts";
import { addDevicesCommand } from "./devices.ts";
import { addRejectsCommand } from "./rejects-command.ts";
import { addRulesCommand } from "./rules.ts";
import { addNotifyCommand } from "./notify.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

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

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`skerry: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
