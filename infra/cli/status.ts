import type { Command } from "commander";
import { sayJson } from "./kit/output.ts";
import { findInstallation } from "./kit/addresses.ts";
import { type Say, example } from "./kit/options.ts";
import { readInstallation } from "./status/installation.ts";
import { problemsOf, verdictOf } from "./status/problems.ts";
import { screenLines } from "./status/screen.ts";

/** `skerry status`: what runs, and what is wrong. */
export function addStatusCommand(program: Command, say: Say): void {
  example(program.command("status"), "status", "status --json")
    .description(
      "Show what runs and what is wrong, on one screen; exit status 1 if anything is wrong.",
    )
    .option("--data-dir <dir>", "local installation (default: .skerry, here or above)")
    .option("--json", "as a JSON object", false)
    .action(async (flags: { dataDir?: string; json: boolean }) => {
      const report = await readInstallation(findInstallation(flags.dataDir));
      const problems = problemsOf(report);
      if (flags.json) sayJson(say, { verdict: verdictOf(report, problems), problems, ...report });
      else for (const line of screenLines(report)) say(line);
      if (problems.length > 0) process.exitCode = 1;
    });
}
