#!/usr/bin/env node
import { messageOf } from "../../platform/runtime/errors.ts";
import { makeProgram } from "./program.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  await makeProgram(say).parseAsync();
} catch (error) {
  process.stderr.write(`skerry: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
