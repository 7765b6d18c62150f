import { pino, type Logger } from "pino";

export type { Logger };

/** JSON lines on stdout; `process` and `region` on every line, so that logs can be merged. */
export function makeLogger(bindings: Record<string, string>, level: string): Logger {
  return pino({ level, base: bindings, timestamp: pino.stdTimeFunctions.isoTime });
}
