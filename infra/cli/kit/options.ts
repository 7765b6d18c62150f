// Options, arguments and help that commands share.
import { type Command, Help, InvalidArgumentError, type Option } from "commander";
import { as } from "../../../platform/runtime/config.ts";
import { fileVariable } from "../../../platform/runtime/secret-files.ts";
import { PASSWORD_FLAG, PASSWORD_VARIABLE } from "./password-names.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

/** One line of output. */
export type Say = (line: string) => void;

/**
 * The text of an option in `--help`: a duration as it may be typed, and no default of a flag that is not
 * given. The user's name stands for whoever asks.
 */
export function optionText(option: Option): string {
  const { flags } = option;
  const defaultValue: unknown = option.defaultValue;
  const shown = Object.create(option) as Option;
  if (defaultValue === false) shown.defaultValue = undefined;
  else if (typeof defaultValue === "number" && flags.includes("<duration>"))
    shown.defaultValueDescription = typed(defaultValue);
  else if (option.long === USER) shown.defaultValueDescription = "your user name";
  return new Help().optionDescription(shown);
}

/** An option whose default is whoever runs the command. */
const USER = "--by";

const DURATIONS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
  [1, "ms"],
];

/** A duration in the largest unit that it is whole in, in the spelling that options take. */
function typed(durationMs: number): string {
  const [unitMs, unit] = DURATIONS.find(([ms]) => durationMs % ms === 0)!;
  return `${durationMs / unitMs}${unit}`;
}

/** Adds the options that name a nats-server: `--nats`, or else the local installation. */
export const place = (command: Command, whose = "the hub's"): Command =>
  command
    .option("--nats <url>", `${whose} nats-server, nats://user@host:port`)
    .option(
      `${PASSWORD_FLAG} <file>`,
      `password of that user (default: ${PASSWORD_VARIABLE}, or the file that ${fileVariable(PASSWORD_VARIABLE)} names)`,
    )
    .option("--data-dir <dir>", "local installation (default: .skerry, here or above)");

/** Adds examples to a command's help, each a line as it is typed. */
export const example = (command: Command, ...lines: readonly string[]): Command =>
  command.addHelpText(
    "after",
    `\nExample${lines.length === 1 ? "" : "s"}:\n${lines.map((line) => `  npx skerry ${line}`).join("\n")}`,
  );

/** A parser whose complaint commander puts beside the option's name. */
export const parser =
  <T>(parse: (raw: string) => T) =>
  (raw: string): T => {
    try {
      return parse(raw);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };

export const parseCount = parser(as.integer(1));

export const parseWholeNumber = parser(as.integer(0));

/** Milliseconds. */
export const parseDuration = parser(as.durationMs);

export const parsePositive = parser((raw) => {
  const value = Number(raw);
  if (!(value > 0)) throw new Error("must be a positive number");
  return value;
});

/** A time, or a duration before now; epoch ms. */
export const parseSince = parser((raw) => {
  if (!/^\d{4}-/.test(raw)) return Date.now() - as.durationMs(raw);
  const ms = Date.parse(raw);
  if (Number.isNaN(ms)) throw new Error(`must be a time, not "${raw}"`);
  return ms;
});
