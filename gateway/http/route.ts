// What an address of HTTP ingest is given, and what it answers.
import type { Shown } from "./credentials.ts";
import type { Caller } from "./intake.ts";

export interface Call {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly header: (name: string) => string | undefined;
  /** As it was before it was compressed. */
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Media type of the body. */
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Errors as whoever asks there expects them, and the status where that is another one, too. */
export type SayError = (
  status: number,
  detail: string,
) => Pick<Reply, "body" | "type"> & { readonly status?: number };

export interface Route {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** Credentials in another place than the header Authorization; undefined where there are none. */
  readonly shown?: (call: Pick<Call, "params" | "query">) => Shown | undefined;
  /** The device that the address names, as which a client without a record counts. */
  readonly device?: (params: Call["params"]) => string | undefined;
  readonly sayError?: SayError;
  /** Nobody has to say who they are: it tells nothing. */
  readonly open?: true;
  /** @throws Problem for what is refused as a whole. */
  handle(call: Call): Promise<Reply>;
}

export const JSON_TYPE = "application/json; charset=utf-8";
