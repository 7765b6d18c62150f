#!/usr/bin/env node
// Exit status: 0 done, 1 refused or failed, 2 wrong usage.
import { CommanderError } from "commander";
import { isNotPermitted } from "../../platform/nats/client/errors.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { takeEnvironment } from "./kit/credentials.ts";
import { outliveClosedPipes, remark, say } from "./kit/output.ts";
import { UsageError } from "./kit/usage-error.ts";
import { makeProgram } from "./program.ts";

takeEnvironment(process.env);
outliveClosedPipes([process.stdout, process.stderr]);
try {
  await makeProgram(say).parseAsync();
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
