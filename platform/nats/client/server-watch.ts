// Whether a nats-server does for a process what it needs: it is asked about the alerts of its domain, which every server has and
// every process may ask about, whatever else goes on. A region that has no streams yet makes nobody at the hub unready.
import { alertsStream } from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { HealthCheck } from "../../runtime/health.ts";
import type { NatsConnection } from "./connection.ts";
import { followLink } from "./link.ts";
import { Streams } from "./streams.ts";

const ASK_EVERY_MS = 2_000;
/** Well over the answer of a busy server, and under the patience of who asks for the health of a process. */
const ANSWER_WITHIN_MS = 3_000;

export interface WatchedServer {
  readonly connection: NatsConnection;
  /** `hub` or a region. */
  readonly domain: string;
}

export class ServerWatch {
  readonly #of: WatchedServer;
  #isUp = true;
  #why: string | null = null;

  constructor(of: WatchedServer) {
    this.#of = of;
  }

  get check(): HealthCheck {
    return { name: "nats-server", kind: "ready", why: this.#isUp ? this.#why : this.#lost };
  }

  /** True if it answered last. */
  get answers(): boolean {
    return this.check.why === null;
  }

  /** Asks every two seconds until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { connection } = this.#of;
    followLink(connection, { changed: (up) => (this.#isUp = up), refused: () => undefined });
    const streams = new Streams(connection, { timeoutMs: ANSWER_WITHIN_MS });
    while (!signal.aborted) {
      this.#why = await this.#ask(streams);
      await sleep(ASK_EVERY_MS, signal);
    }
  }

  async #ask(streams: Streams): Promise<string | null> {
    const { domain } = this.#of;
    const stream = alertsStream(domain);
    try {
      if (await streams.find(stream)) return null;
      return `the nats-server of ${domain} has no stream ${stream} (npx skerry topology apply)`;
    } catch (error) {
      return `JetStream of the nats-server of ${domain} does not answer: ${messageOf(error)}`;
    }
  }

  get #lost(): string {
    const { connection, domain } = this.#of;
    return `the connection to the nats-server of ${domain} at ${connection.getServer()} is lost`;
  }
}
