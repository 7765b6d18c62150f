// Goal: whoever reads the help of a command knows what it does and how to type it.
import type { Command } from "commander";
import { expect, test } from "vitest";
import { makeProgram } from "../../../../infra/cli/program.ts";

const program = makeProgram(() => undefined);

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

/** `lane show`, as it is typed. */
function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}

test("every command says in one sentence what it does, and shows an example of itself", () => {
  const commands = leavesOf(program);
  expect(commands.length).toBeGreaterThan(20);
  for (const command of commands) {
    expect(command.description(), pathOf(command)).toMatch(/^[A-Z][^]*[^.]\.$/);
    expect(helpOf(command)).toMatch(new RegExp(`Examples?:\\n  npx skerry ${pathOf(command)}`));
  }
});

test("a default is told as it may be typed: a duration with its unit, no flag that is not given, no name of this machine's user", () => {
  let durations = 0;
  for (const command of leavesOf(program)) {
    const help = helpOf(command).replaceAll(/\s+/g, " ");
    expect(help, pathOf(command)).not.toContain("default: false");
    for (const { flags, defaultValue, long } of command.options) {
      if (long === "--by") expect(help).toMatch(/--by <name> [^-]*\(default: your user name\)/);
      if (typeof defaultValue !== "number" || !flags.includes("<duration>")) continue;
      durations += 1;
      expect(help).toMatch(new RegExp(`${flags} [^-]*\\(default: \\d+(ms|s|m|h|d)\\)`));
    }
  }
  expect(durations).toBeGreaterThanOrEqual(2);
});

test("what is typed wrong is thrown, for main.ts to choose the exit status", async () => {
  const quiet = makeProgram(() => undefined);
  const silence = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined });
    command.commands.forEach(silence);
  };
  silence(quiet);
  await expect(quiet.parseAsync(["lane", "cat"], { from: "user" })).rejects.toMatchObject({
    code: "commander.missingMandatoryOptionValue",
  });
});
