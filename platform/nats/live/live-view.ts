// What was last heard of each process on the live lane, and how long ago.
//
// V2. What a process says of itself around its status is the same in every version: a newer one is not taken for dead.
// V1. Bounded: at most PROCESSES_MAX processes, and none that has been silent for FORGOTTEN_AFTER_MS.
import type { LiveProcess } from "../../../contracts/messages/live.ts";
import { formatProblem } from "../../../contracts/messages/format.ts";
import { liveProcesses } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import { requestsTo } from "../client/requests.ts";

export const PROCESSES_MAX = 1_000;
export const FORGOTTEN_AFTER_MS = 3_600_000;

/** A process, and when its last message came, by the clock of whoever listens. */
export interface HeardProcess extends LiveProcess {
  readonly heardMs: number;
}

/** Calls `heard` with every message of the live lane whose subject fits and that it can read, until `signal` aborts. */
export async function followLive(
  connection: NatsConnection,
  subject: string,
  heard: (message: { readonly v?: unknown }) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const { data } of requestsTo(connection, { subject }, signal)) {
    const message = messageIn(data);
    if (message === null) continue;
    if (formatProblem("live message", message) === null) heard(message);
    else if (isProcess(message)) heard(withoutStatus(message));
  }
}

/** Null for what is no message of the lane: whoever can publish there may send anything. */
function messageIn(data: Uint8Array): { v?: unknown } | null {
  try {
    const message = jsonOf<unknown>(data);
    return typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}

export class LiveView {
  readonly #heard = new Map<string, HeardProcess>();

  /** Every process that was heard, longest silent first. */
  get processes(): HeardProcess[] {
    return [...this.#heard.values()];
  }

  /** Listens to the processes of these domains until `signal` aborts. */
  async run(
    connection: NatsConnection,
    domains: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const heard = (message: { readonly v?: unknown }): void => this.take(message, Date.now());
    await Promise.all(
      domains.map((domain) => followLive(connection, liveProcesses({ domain }), heard, signal)),
    );
  }

  take(message: { readonly v?: unknown }, heardMs: number): void {
    if (!isProcess(message)) return;
    const said = message;
    const key = `${said.domain}/${said.kind}/${said.instance}`;
    // Written again, so that the order is that of the last messages.
    this.#heard.delete(key);
    this.#heard.set(key, { ...said, heardMs });
    for (const [oldest, { heardMs: at }] of this.#heard) {
      const isForgotten = heardMs - at > FORGOTTEN_AFTER_MS || this.#heard.size > PROCESSES_MAX;
      if (!isForgotten) break; // V1
      this.#heard.delete(oldest);
    }
  }
}

const withoutStatus = (message: LiveProcess): LiveProcess => ({ ...message, status: null });

/** V2. */
function isProcess(message: object): message is LiveProcess {
  const said = message as Partial<LiveProcess>;
  return (
    typeof said.kind === "string" &&
    typeof said.instance === "string" &&
    typeof said.domain === "string" &&
    Number.isFinite(said.atMs) &&
    Number.isFinite(said.startedMs) &&
    typeof said.vitals === "object" &&
    said.vitals !== null &&
    typeof said.status === "object"
  );
}
