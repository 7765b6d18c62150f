// The signature of a webhook (pure): a receiver that knows the secret can tell who sent it, and when.
import { createHmac, timingSafeEqual } from "node:crypto";

export const SIGNATURE_HEADER = "X-Skerry-Signature";

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">` (RFC 2104 over the exact bytes sent). */
export const signatureOf = (body: string, secret: string, unixSeconds: number): string =>
  `t=${unixSeconds},v1=${hmac(body, secret, unixSeconds)}`;

/** The check that a receiver makes; `toleranceSeconds` bounds how long a message can be played again. */
export function isSigned(
  body: string,
  header: string,
  by: { secret: string; nowSeconds: number; toleranceSeconds: number },
): boolean {
  const match = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(header);
  if (!match) return false;
  const unixSeconds = Number(match[1]);
  if (Math.abs(by.nowSeconds - unixSeconds) > by.toleranceSeconds) return false;
  const expected = Buffer.from(hmac(body, by.secret, unixSeconds), "hex");
  return timingSafeEqual(expected, Buffer.from(match[2]!, "hex"));
}

const hmac = (body: string, secret: string, unixSeconds: number): string =>
  createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex");
