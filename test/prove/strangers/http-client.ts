// A stranger that sends over HTTP: whoever hears no answer, or that the log takes nothing, sends the same again. It writes
// down what it sends and what it hears, and holds each element's outcome against what has to become of it.
import { telemetryTopic } from "../../../contracts/names/topics.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { REFUSED_FROM } from "../../../device-sim/mqtt-link.ts";
import type { Region } from "../../../infra/local/places.ts";
import type { Fate, Sent } from "./sent.ts";

/** What becomes a message of its own: an element of JSON, or a whole body of another encoding. */
export interface Part {
  readonly payload: string | Buffer;
  /** Of its readings and rejects, in their order. */
  readonly fates: readonly Fate[];
}

export interface Request {
  readonly device: string;
  readonly contract: string;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly parts: readonly Part[];
  readonly headers?: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly outcome: "stored" | "repeated" | "rejected";
  readonly reason?: string;
}

export interface HttpClientParts {
  readonly url: string;
  readonly region: Region;
  readonly ledger: Sent[];
  /** Answers that are none of what was sent, a line each. */
  readonly wrong: string[];
}

/** Requests under way: a device that hears nothing makes no more. */
const UNANSWERED_MAX = 100;
const ANSWERED_WITHIN_MS = 15_000;
const AGAIN_AFTER_MS = 400;
const WRONG_MAX = 20;

export class HttpClient {
  readonly #parts: HttpClientParts;
  readonly #closed = new AbortController();
  #unanswered = 0;

  constructor(parts: HttpClientParts) {
    this.#parts = parts;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /**
   * Sends until it is answered.
   * @returns the answer's text; null if it makes no more, or is closed before there is one.
   */
  async send(request: Request): Promise<string | null> {
    if (this.#unanswered >= UNANSWERED_MAX) return null;
    const { region, ledger, wrong } = this.#parts;
    const topic = telemetryTopic(request.device, request.contract);
    const sent = request.parts.map(({ payload, fates }): Sent => ({
      region,
      topic,
      payload,
      fates,
      attempts: 0,
      answer: null,
    }));
    ledger.push(...sent);
    this.#unanswered += 1;
    try {
      while (!this.#closed.signal.aborted) {
        for (const one of sent) one.attempts += 1;
        const answer = await this.#ask(request);
        if (answer !== null) {
          const fault = judge(answer, sent);
          if (fault !== null && wrong.length < WRONG_MAX)
            wrong.push(`${topic}, ${request.contentType}: ${fault}`);
          return answer.text;
        }
        await sleep(AGAIN_AFTER_MS, this.#closed.signal);
      }
      return null;
    } finally {
      this.#unanswered -= 1;
    }
  }

  /** Null where nothing was answered, or that it shall come again. */
  async #ask({ device, contract, contentType, body, headers }: Request): Promise<Answered | null> {
    const path = `/v1/devices/${encodeURIComponent(device)}/telemetry/${contract}`;
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWERED_WITHIN_MS)]);
    try {
      const answer = await fetch(`${this.#parts.url}${path}`, {
        ...{ method: "POST", body: body as string, signal },
        headers: { "content-type": contentType, ...headers },
      });
      const text = await answer.text();
      return answer.status === 503 || answer.status === 429
        ? null
        : { status: answer.status, text };
    } catch {
      return null; // A gateway that was killed, or is not there.
    }
  }

  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }
}

export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Writes the answer down with each part. @returns what is wrong with it, or null. */
export function judge({ status, text }: Answered, sent: readonly Sent[]): string | null {
  const fates = sent.flatMap((one) => one.fates);
  let outcomes: readonly Outcome[];
  try {
    outcomes = (JSON.parse(text) as { elements: Outcome[] }).elements;
    if (outcomes.length !== fates.length) throw new Error(`${outcomes.length} outcomes`);
  } catch (error) {
    for (const one of sent) one.answer = REFUSED_FROM;
    return `${status} for ${fates.length} elements: ${messageOf(error)}: ${text.slice(0, 200)}`;
  }
  for (const one of sent) one.answer = 0;
  const at = fates.findIndex((fate, n) => !isOf(outcomes[n]!, fate));
  return at === -1
    ? null
    : `element ${at} of ${fates.length} is ${JSON.stringify(outcomes[at])}, and not ${fates[at]!.becomes}`;
}

const isOf = ({ outcome, reason }: Outcome, fate: Fate): boolean =>
  fate.becomes === "reject"
    ? outcome === "rejected" && reason === fate.reason
    : outcome !== "rejected";
