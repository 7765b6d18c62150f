// The commands of `npx skerry`, from the program that parses them.
import { join } from "node:path";
import type { Command, Option } from "commander";
import { makeProgram } from "../cli/program.ts";
import { GENERATED, code, durationText, page, table } from "./markdown.ts";

const ROOT = `${join(import.meta.dirname, "../..")}/`;

/** A path as seen from the project's root: the pages must not depend on where it is. */
export const relative = (text: string): string => text.replace(ROOT, "");

/** A default that is whoever runs the command. */
const USER = "--by";

function defaultText({ long, flags, defaultValue, mandatory }: Option): string {
  if (long === USER) return "your user name";
  if (typeof defaultValue === "number" && flags.includes("<duration>"))
    return code(durationText(defaultValue).replace(" ", "")); // As it may be typed.
  if (typeof defaultValue === "string" || typeof defaultValue === "number")
    return code(relative(String(defaultValue)));
  return mandatory ? "required" : "";
}

const argumentText = (command: Command): string =>
  command.registeredArguments
    .map((one) => (one.required ? ` <${one.name()}>` : ` [${one.name()}]`))
    .join("");

/** The options of one command as a table. */
export const commandText = (command: Command): string =>
  table(
    ["option", "default", "meaning"],
    command.options.map((option) => [
      code(option.flags),
      defaultText(option),
      option.argChoices
        ? `${option.description} (${option.argChoices.join(", ")})`
        : option.description,
    ]),
  );

/** A command and its path, for every command that does something itself. */
export function leaves(command: Command, path: readonly string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[path.join(" "), command]];
  return command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
}

export const cliPage = (): string =>
  page(
    GENERATED,
    "# Commands of `npx skerry`",
    "`npx skerry` works inside the checkout, and `skerry` where [the package](../guides/operating.md#install-the-command) is installed. `skerry gateway` and so on run [a process](options.md), `skerry up` everything. Its exit status is 0 if it is done, 1 if it failed or was refused, which it " +
      "explains, and 2 if it was called wrongly. " +
      "Without an address it asks the local installation that `npm start` runs, here or in a directory above; " +
      "against any other, name the nats-server with `--nats nats://user@host:port`. Its password is in a file, which `--nats-password-file` " +
      "or the variable `SKERRY_NATS_PASSWORD_FILE` names, or in `SKERRY_NATS_PASSWORD`; where one command speaks to several servers, " +
      "the domain may stand before `_FILE`, as in `…_PASSWORD_HUB_FILE` and `…_PASSWORD_EU_FILE`, which count before. With `tls://` it is TLS or nothing, and `SKERRY_NATS_TLS_CA` and its sisters are as for [every process](options.md). A password in the URL works, with a warning: everybody on the machine can read it.",
    ...makeProgram(() => undefined).commands.flatMap((group) =>
      group.commands.length === 0
        ? [`## ${group.name()}`, ...commandParts(group.name(), group)]
        : [
            `## ${group.name()}`,
            sentence(group.description()),
            ...leaves(group, [group.name()]).flatMap(([path, command]) => [
              `### ${path}`,
              ...commandParts(path, command),
            ]),
          ],
    ),
  );

const commandParts = (path: string, command: Command): string[] => [
  `${code(`npx skerry ${path}${argumentText(command)}`)}: ${sentence(command.description())}`,
  ...(command.options.length > 0 ? [commandText(command)] : []),
];

const sentence = (text: string): string => (text.endsWith(".") ? text : `${text}.`);
