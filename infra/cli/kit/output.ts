// Standard output as commands use it. A reader that has had enough (`| head`) ends the output, never the
// work: what a command changes is changed to the end, and its exit status is that of the work.
import type { Writable } from "node:stream";
import { messageOf } from "../../../platform/runtime/errors.ts";

/** Prints a line of the result. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Prints a line that is not the result, so that `SECRET=$(npx skerry devices add …)` gets the secret alone. */
export const remark = (line: string): void => void process.stderr.write(`${line}\n`);

/** Outlives a closed pipe; what else prevents output ends the process with one sentence. */
export function outliveClosedPipes(streams: readonly Writable[]): void {
  for (const stream of streams)
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.stderr.write(`skerry: the output cannot be written: ${messageOf(error)}\n`);
      process.exit(1);
    });
}
