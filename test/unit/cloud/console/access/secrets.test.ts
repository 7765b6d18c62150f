import { expect, test } from "vitest";
import { LoginCode, roleOf, sessionKey } from "../../../../../cloud/console/access/secrets.ts";

const tokens = { operator: "operator-token-1234", viewer: "viewer-token-12345" };

test("each token has its role, anything else has none; without a viewer's token nobody is one", () => {
  expect(roleOf(tokens.operator, tokens)).toBe("operator");
  expect(roleOf(tokens.viewer, tokens)).toBe("viewer");
  for (const wrong of ["", "operator-token-123", "operator-token-12345"])
    expect(roleOf(wrong, tokens)).toBeNull();
  expect(roleOf("", { ...tokens, viewer: null })).toBeNull();
});

test("a login code works once", () => {
  const code = new LoginCode("code");
  expect(code.take("cod")).toBe(false);
  expect(code.take("code")).toBe(true);
  expect(code.take("code")).toBe(false);
});

test("another token makes another key, which ends the sessions of the former", () => {
  const key = sessionKey(tokens);
  expect(sessionKey({ ...tokens, viewer: "other" }).equals(key)).toBe(false);
  expect(sessionKey({ ...tokens, operator: "other" }).equals(key)).toBe(false);
});
