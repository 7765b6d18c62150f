#!/usr/bin/env node
// Exit status: 0 done, 1 refused or failed, 2 wrong usage.
import { pathToFileURL } from "node:url";
import { CommanderError } from "commander";
import { programOf } from "../processes/processes.ts";
import { isNotPermitted } from "../../platform/nats/client/errors.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { takeEnvironment } from "./kit/credentials.ts";
import { outliveClosedPipes, remark, say } from "./kit/output.ts";
import { UsageError } from "./kit/usage-error.ts";

/** Runs a process of the installation in place of this one: it reads the arguments behind its name as its own. */
async function becomeProgram(program: string): Promise<void> {
  process.argv.splice(1, 2, program);
  await import(pathToFileURL(program).href);
}

async function runCommand(): Promise<void> {
  takeEnvironment(process.env);
  outliveClosedPipes([process.stdout, process.stderr]);
  // Read when it is needed: a process would hold all of it for as long as it runs.
  const { makeProgram } = await import("./program.ts");
  await makeProgram(say).parseAsync();
}

const program = programOf(process.argv.slice(2));
try {
  await (program === null ? runCommand() : becomeProgram(program));
} catch (error) {
  // Commander has said what is wrong, or printed the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    remark(`skerry: ${messageOf(error)}`);
    if (isNotPermitted(error))
      remark("skerry: this user may not do that: log in as operator, or as admin");
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
