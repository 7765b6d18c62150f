import { sleep } from "../../runtime/backoff.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { type ServerFigures, serverFigures } from "./server-figures.ts";

const LOOK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 2_000;
const STREAMS = "/jsz?accounts=true&streams=true&config=true";

/** Asks a nats-server at its monitoring address how it is, because Prometheus cannot read what it says. */
export class ServerMonitor {
  readonly #url: string;
  readonly #logger: Logger;
  #figures: ServerFigures | null = null;
  #isQuiet = false;

  /** @param url empty: there is no server to ask. */
  constructor(url: string, logger: Logger) {
    this.#url = url;
    this.#logger = logger;
  }

  get isAsking(): boolean {
    return this.#url !== "";
  }

  /** As it said last; null if it does not answer. */
  get figures(): ServerFigures | null {
    return this.#figures;
  }

  /** Asks again and again until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (this.isAsking && !signal.aborted) {
      await this.#look(signal);
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    try {
      const [varz, jsz, leafz] = await Promise.all([
        this.#ask("/varz", signal),
        this.#ask(STREAMS, signal),
        this.#ask("/leafz", signal),
      ]);
      this.#figures = serverFigures(varz, jsz, leafz);
      this.#isQuiet = false;
    } catch (error) {
      this.#figures = null;
      if (!this.#isQuiet && !signal.aborted)
        this.#logger.warn(`no figures of the nats-server at ${this.#url}: ${messageOf(error)}`);
      this.#isQuiet = true;
    }
  }

  async #ask(path: string, signal: AbortSignal): Promise<unknown> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const response = await fetch(new URL(path, this.#url), { signal: within });
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return response.json();
  }
}
