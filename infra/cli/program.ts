import { Command } from "commander";
import { addAlertsCommand } from "./alerts.ts";
import { addBackupCommand } from "./backup.ts";
import { addCertificatesCommand } from "./certificates.ts";
import { addCommandsCommand } from "./commands.ts";
import { addConfigCommand } from "./config.ts";
import { addConsoleCommand } from "./console.ts";
import { addContractsCommand } from "./contracts.ts";
import { addDevicesCommand } from "./devices.ts";
import { addDoctorCommand } from "./doctor.ts";
import { type Say, optionText } from "./kit/options.ts";
import { addGroupsCommand } from "./groups.ts";
import { addHubCommand } from "./hub.ts";
import { addInfluxCommand } from "./influx.ts";
import { addKeysCommand } from "./keys.ts";
import { addInstallCommands } from "./install.ts";
import { addLaneCommand } from "./lane.ts";
import { addLearnCommand } from "./learn.ts";
import { addLedgerCommand } from "./ledger.ts";
import { addMappingsCommand } from "./mappings.ts";
import { addNotifyCommand } from "./notify.ts";
import { addProcessCommands } from "./processes.ts";
import { addRefillCommand } from "./refill.ts";
import { addRegionCommand } from "./region.ts";
import { addRejectsCommand } from "./rejects.ts";
import { addRestoreCommand } from "./restore.ts";
import { addRulesCommand } from "./rules.ts";
import { addSetAsideCommand } from "./set-aside.ts";
import { addStatusCommand } from "./status.ts";
import { addTopologyCommand } from "./topology.ts";
import { addUpgradeCommand } from "./upgrade.ts";
import { FORMAT_LEVEL } from "../../platform/runtime/format-level.ts";
import { VERSION } from "../../platform/runtime/version.ts";

/**
 * `skerry` with all its commands: each file beside this one is a command, the folder of the same name holds
 * its parts, and `kit/` what all of them share. Commander's own complaints are thrown, not printed and exited with.
 */
export function makeProgram(say: Say): Command {
  const program = new Command("skerry")
    .description("Skerry: its processes, and tools for an installation.")
    .version(`${VERSION} (formats of level ${FORMAT_LEVEL})`, "--version")
    .configureHelp({ optionDescription: optionText })
    .exitOverride();
  addStatusCommand(program, say);
  addDoctorCommand(program, say);
  addLaneCommand(program, say);
  addLedgerCommand(program, say);
  addConsoleCommand(program, say);
  addDevicesCommand(program, say);
  addContractsCommand(program, say);
  addMappingsCommand(program, say);
  addLearnCommand(program, say);
  addRulesCommand(program, say);
  addAlertsCommand(program, say);
  addNotifyCommand(program, say);
  addCommandsCommand(program, say);
  addRejectsCommand(program, say);
  addSetAsideCommand(program, say);
  addGroupsCommand(program, say);
  addTopologyCommand(program, say);
  addUpgradeCommand(program, say);
  addRegionCommand(program, say);
  addHubCommand(program, say);
  addBackupCommand(program, say);
  addRestoreCommand(program, say);
  addRefillCommand(program, say);
  addInfluxCommand(program, say);
  addCertificatesCommand(program, say);
  addConfigCommand(program, say);
  addInstallCommands(program, say);
  addProcessCommands(program);
  addKeysCommand(program, say);
  return program;
}
