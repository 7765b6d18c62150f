import { expect, test } from "vitest";
import { REJECT_REASONS } from "../../../../../../contracts/messages/reject.ts";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/rejects/reasons.js";
const { REASONS, saysOf } = (await import(path)) as {
  REASONS: Record<string, { says: string; next: string }>;
  saysOf: (reason: string) => string;
};

test("every reason that there is has its words, and what to do next; one of a newer gateway is told as it is", () => {
  expect(Object.keys(REASONS).sort()).toEqual([...REJECT_REASONS].sort());
  for (const { next } of Object.values(REASONS)) expect(next).toMatch(/\.$/);
  expect(saysOf("not_json")).toBe("the payload is no JSON object");
  expect(saysOf("newer")).toBe("newer");
});
