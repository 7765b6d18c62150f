import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { PARTS, type Part, measureRecovery } from "./measure-recovery.ts";
import { render } from "./render.ts";

interface Flags {
  readonly rounds: string;
  readonly only?: Part;
  readonly json?: string;
}

export const recoveryCommand = new Command("recovery")
  .description(
    "How long clusters of three nats-servers take to go on, and a restart of everything.",
  )
  .option("--rounds <n>", "kills of each kind, and restarts of each process", "5")
  .addOption(new Option("--only <part>", "one part").choices(PARTS))
  .option("--json <file>", "write every figure there")
  .action(async (flags: Flags) => {
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const figures = await measureRecovery(
      Number(flags.rounds),
      flags.only ? [flags.only] : PARTS,
      say,
    );
    process.stdout.write(`\n${render(figures)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(figures, null, 2)}\n`);
    if (figures.lost !== 0) process.exitCode = 1;
  });
