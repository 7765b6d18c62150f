// Standard output as commands use it. A reader that has had enough (`| head`) ends the output, never the
// work: what a command changes is changed to the end, and its exit status is that of the work.
import type { Writable } from "node:stream";
import { printable, printableLines } from "../../../platform/runtime/printable.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Say } from "./options.ts";

/** Prints a line of the result. Whatever it holds it stays one line, and cannot rewrite the terminal. */
export const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** Says a text of ours line by line, whether or not its last line ends. */
export function sayText(say: Say, text: string): void {
  for (const line of text.replace(/\n$/, "").split("\n")) say(line);
}

/** Says a value as JSON that people can read. */
export const sayJson = (say: Say, value: unknown): void =>
  sayText(say, JSON.stringify(value, null, 2));

/** Prints a line that is not the result, so that `SECRET=$(npx skerry devices add …)` gets the secret alone. */
export const remark = (line: string): void =>
  void process.stderr.write(`${printableLines(line)}\n`);

/** Outlives a closed pipe; what else prevents output ends the process with one sentence. */
export function outliveClosedPipes(streams: readonly Writable[]): void {
  for (const stream of streams)
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.stderr.write(`skerry: the output cannot be written: ${messageOf(error)}\n`);
      process.exit(1);
    });
}
