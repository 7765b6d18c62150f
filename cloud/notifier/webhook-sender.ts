import { once } from "node:events";
import { type IncomingMessage, type RequestOptions, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ClientTls } from "../../platform/runtime/client-tls.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { WebhookChannelSpec } from "./channels.ts";
import type { Message } from "./message.ts";
import { ATTEMPT_WITHIN_MS, type Outcome, type Sender } from "./sender.ts";
import { SIGNATURE_HEADER, signatureOf } from "./signature.ts";
import { webhookBody } from "./webhook-body.ts";

/** The same for every attempt of a message. */
export const DELIVERY_HEADER = "X-Skerry-Delivery";
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;
/** Characters of an answer's text in a reason. */
const REASON_MAX = 200;

export class WebhookSender implements Sender {
  readonly #spec: Pick<WebhookChannelSpec, "url" | "format" | "secret">;
  readonly #attemptWithinMs: number;
  readonly #tls: ClientTls | undefined;

  constructor(
    spec: Pick<WebhookChannelSpec, "url" | "format" | "secret">,
    {
      attemptWithinMs = ATTEMPT_WITHIN_MS,
      tls,
    }: { attemptWithinMs?: number; tls?: ClientTls } = {},
  ) {
    this.#spec = spec;
    this.#attemptWithinMs = attemptWithinMs;
    this.#tls = tls;
  }

  async send(message: Message, traceparent: string | null): Promise<Outcome> {
    const { url, format, secret } = this.#spec;
    const body = webhookBody(message, format);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "Skerry-Notifier/1",
      [DELIVERY_HEADER]: message.deliveryId,
      ...(traceparent === null ? {} : { traceparent }),
    };
    if (format === "json" && secret !== undefined)
      headers[SIGNATURE_HEADER] = signatureOf(body, secret, Math.floor(Date.now() / 1000));
    try {
      const signal = AbortSignal.timeout(this.#attemptWithinMs);
      const response = await posted(url, { headers, signal, ...this.#tls }, body);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        response.destroy();
        return { kind: "delivered" };
      }
      return failureOf(status, response.headers["retry-after"], await beginningOf(response));
    } catch (error) {
      return { kind: "deferred", reason: reasonOf(error) };
    }
  }
}

/** One POST. A redirect is not followed: it would turn into a GET, and the signature into somebody else's. */
async function posted(
  url: string,
  options: RequestOptions,
  body: string,
): Promise<IncomingMessage> {
  const request = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, {
    ...options,
    method: "POST",
  });
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  request.end(body);
  const [response] = await answered;
  // What goes wrong with the rest of the answer is told to whoever reads it.
  request.on("error", (error) => response.destroy(error));
  return response;
}

/** Each address of a name may have a reason of its own. */
const reasonOf = (error: unknown): string =>
  error instanceof AggregateError && messageOf(error) === ""
    ? messageOf(error.errors[0])
    : messageOf((error as Error).cause ?? error);

function failureOf(status: number, retryAfterHeader: string | undefined, text: string): Outcome {
  const reason = `HTTP ${status}${text === "" ? "" : `: ${text}`}`;
  if (status >= 500 || status === REQUEST_TIMEOUT || status === TOO_MANY_REQUESTS) {
    const retryAfterMs = retryAfter(retryAfterHeader ?? null, Date.now());
    return { kind: "deferred", reason, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  }
  return { kind: "refused", reason };
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3), as a wait in ms; null if it is neither. */
export function retryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** Enough to know what went wrong; an endless answer is not read to its end. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  for await (const chunk of response)
    return (chunk as Buffer).toString("utf8").trim().slice(0, REASON_MAX);
  return "";
}
