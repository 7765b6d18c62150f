import { expect, test } from "vitest";
import { REJECT_REASONS } from "../../../../../../contracts/messages/reject.ts";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/connect/advice.js";
const { adviceOf } = (await import(path)) as {
  adviceOf: (event: object, id: string) => string | null;
};

test("every reason of a reject says what to change, and of a missing right, where one has it", () => {
  for (const reason of REJECT_REASONS)
    expect(adviceOf({ kind: "reject", reason }, "pump-1"), reason).toMatch(/\.$/);
  expect(adviceOf({ kind: "reject", reason: "not_authorized" }, "pump-1")).toContain(
    "devices/pump-1/",
  );
});

test("a refused login says what to change by its detail, or else its reason", () => {
  expect(adviceOf({ kind: "refused", detail: "bad_credentials" }, "a")).toContain("password");
  expect(adviceOf({ kind: "refused", detail: "?", reason: "not_authorized" }, "a")).toContain(
    "no user name",
  );
  expect(adviceOf({ kind: "refused", detail: "?", reason: "?" }, "a")).toBeNull();
});
