// Options, arguments and help that commands share.
import { type Command, InvalidArgumentError } from "commander";
import { as } from "../../../platform/runtime/config.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

/** One line of output. */
export type Say = (line: string) => void;

/** Adds the options that name a nats-server: `--nats`, or else the local installation. */
export const place = (command: Command, whose = "the hub's"): Command =>
  command
    .option("--nats <url>", `${whose} nats-server, nats://user:password@host:port`)
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
