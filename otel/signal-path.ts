// How one signal gets to a receiver, whichever it is.
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";

/** Spans and log records are sent at the latest this long after they were made. */
export const BATCH_DELAY_MS = 500;
/** An answer that takes longer is none. */
export const TIMEOUT_MS = 5_000;

/** Everything that sending one signal takes. */
export interface SignalPath {
  readonly resource: Resource;
  readonly scope: { readonly name: string; readonly version: string; readonly schemaUrl: string };
  readonly options: {
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly timeoutMillis: number;
  };
  /** Has an exporter tell its outcomes. */
  readonly tellOutcomes: <Items>(exporter: Exporter<Items>) => void;
}

interface Exporter<Items> {
  export(items: Items, done: (result: ExportResult) => void): void;
}

/** A processor is told that all is well: it would complain of every batch. */
export function tellOutcomes<Items>(
  exporter: Exporter<Items>,
  answered: (problem: string | null) => void,
): void {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      answered(result.code === ExportResultCode.SUCCESS ? null : problemOf(result));
      done({ code: ExportResultCode.SUCCESS });
    });
}

const ANSWER_SHOWN_CHARS = 200;

/** The problem in words, with the HTTP status and what the receiver said. */
function problemOf({ error }: ExportResult): string {
  const { message = "", code, data } = (error ?? {}) as Failure;
  const status = typeof code === "number" ? ` (HTTP ${code})` : "";
  const said = data ? `: ${data.slice(0, ANSWER_SHOWN_CHARS)}` : "";
  return message === "" ? String(code ?? "no answer") : `${message}${status}${said}`;
}

/** Errors of the exporters, of Node's sockets, and of nobody. */
interface Failure {
  readonly message?: string;
  readonly code?: string | number;
  readonly data?: string;
}
