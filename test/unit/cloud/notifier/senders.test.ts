import { expect, test } from "vitest";
import { outcomeOf } from "../../../../cloud/notifier/email-sender.ts";
import { retryAfter } from "../../../../cloud/notifier/webhook-sender.ts";

test("only what is said about the message itself is final", () => {
  const kindOf = (code: string, responseCode?: number) =>
    outcomeOf(Object.assign(new Error("no"), { code, ...(responseCode ? { responseCode } : {}) }))
      .kind;
  expect(kindOf("EENVELOPE", 550)).toBe("refused");
  expect(kindOf("EMESSAGE", 554)).toBe("refused");
  expect(kindOf("EENVELOPE")).toBe("refused");
  expect(kindOf("EENVELOPE", 450)).toBe("deferred");
  expect(kindOf("EMESSAGE", 451)).toBe("deferred");
  for (const code of ["ECONNECTION", "ETIMEDOUT", "ESOCKET", "EDNS", "ETLS", "ESTREAM"])
    expect(kindOf(code)).toBe("deferred");
  // A login that is refused, a server that takes nothing: that is not about the message.
  expect(kindOf("EAUTH", 535)).toBe("deferred");
  expect(kindOf("EPROTOCOL", 554)).toBe("deferred");
});

test("Retry-After in seconds, as a date, as nonsense", () => {
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  expect(retryAfter("120", nowMs)).toBe(120_000);
  expect(retryAfter("Thu, 01 Jan 2026 00:01:00 GMT", nowMs)).toBe(60_000);
  expect(retryAfter("Wed, 31 Dec 2025 23:00:00 GMT", nowMs)).toBe(0);
  expect(retryAfter("soon", nowMs)).toBeNull();
  expect(retryAfter(null, nowMs)).toBeNull();
});
