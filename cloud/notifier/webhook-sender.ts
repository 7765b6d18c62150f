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

  constructor(
    spec: Pick<WebhookChannelSpec, "url" | "format" | "secret">,
    attemptWithinMs = ATTEMPT_WITHIN_MS,
  ) {
    this.#spec = spec;
    this.#attemptWithinMs = attemptWithinMs;
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
      // A redirect would turn the POST into a GET, and the signature into somebody else's.
      const options = { method: "POST", headers, body, signal, redirect: "manual" } as const;
      const response = await fetch(url, options);
      if (response.ok) {
        await response.body?.cancel();
        return { kind: "delivered" };
      }
      return failureOf(response, await beginningOf(response));
    } catch (error) {
      const cause = (error as Error).cause;
      return { kind: "deferred", reason: cause ? messageOf(cause) : messageOf(error) };
    }
  }
}

function failureOf({ status, headers }: Response, text: string): Outcome {
  const reason = `HTTP ${status}${text === "" ? "" : `: ${text}`}`;
  if (status >= 500 || status === REQUEST_TIMEOUT || status === TOO_MANY_REQUESTS) {
    const retryAfterMs = retryAfter(headers.get("retry-after"), Date.now());
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
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const { value } = (await reader.read()) as { value?: Uint8Array };
  await reader.cancel();
  return Buffer.from(value ?? [])
    .toString("utf8")
    .trim()
    .slice(0, REASON_MAX);
}
