// The signature of a webhook (pure): a receiver that knows the secret can tell who sent it, and when.
import { createHmac } from "node:crypto";

export const SIGNATURE_HEADER = "X-Skerry-Signature";

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">` (RFC 2104 over the exact bytes sent). */
export const signatureOf = (body: string, secret: string, unixSeconds: number): string =>
  `t=${unixSeconds},v1=${hmac(body, secret, unixSeconds)}`;

const hmac = (body: string, secret: string, unixSeconds: number): string =>
  createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex");
