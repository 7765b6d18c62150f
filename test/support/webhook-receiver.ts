// The check of a webhook's signature that a receiver makes, by its own arithmetic: docs/guides/notifications.md.
import { createHmac, timingSafeEqual } from "node:crypto";

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
  const expected = Buffer.from(
    createHmac("sha256", by.secret).update(`${unixSeconds}.${body}`).digest("hex"),
    "hex",
  );
  return timingSafeEqual(expected, Buffer.from(match[2]!, "hex"));
}
