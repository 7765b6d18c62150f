import type { Command } from "commander";
import { PROCESSES, PROCESS_NAMES, UP } from "../processes/processes.ts";
import { example } from "./kit/options.ts";

/**
 * The processes in the list of commands. None of them comes here to run: main.ts becomes the process before there
 * are commands, so that its options are its own.
 */
export function addProcessCommands(program: Command): void {
  program.commandsGroup("Processes:");
  const up = program
    .command(UP.command)
    .description("Run everything on this machine, as npm start does; `skerry up --help` has more.");
  example(up, "up --devices 0", "up --help");
  for (const name of PROCESS_NAMES) {
    // The console's command is there already: it has one more below it.
    if (program.commands.some((one) => one.name() === name)) continue;
    example(program.command(name), `${name} --help`).description(
      `Run one: ${PROCESSES[name].does}`,
    );
  }
}
