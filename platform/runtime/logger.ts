import { printable } from "./printable.ts";
import { pino, symbols, type DestinationStream, type Logger } from "pino";

export type { Logger };

type Take = (line: string) => void;

/** Stdout, and whoever else wants to see the lines. */
class Lines implements DestinationStream {
  readonly taps: Take[] = [];
  readonly #stdout = pino.destination(1);

  write(line: string): void {
    this.#stdout.write(`${printable(line.slice(0, -1))}\n`); // JSON escapes only those below the space.
    for (const take of this.taps) take(line);
  }
}

/** JSON lines on stdout; `process` and `region` on every line, so that logs can be merged. */
export function makeLogger(bindings: Record<string, string>, level: string): Logger {
  const options = { level, base: bindings, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, new Lines());
}

/** Hands every line that `logger`, its parents and its children log from now on to `take` as well. */
export function tapLines(logger: Logger, take: Take): void {
  const stream = (logger as unknown as Record<symbol, unknown>)[symbols.streamSym];
  if (stream instanceof Lines) stream.taps.push(take);
}
