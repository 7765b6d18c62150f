import { expect, test } from "vitest";
import { LoginCodes, roleOf, sessionKey } from "../../../../../cloud/console/access/secrets.ts";

const tokens = { operator: "operator-token-1234", viewer: "viewer-token-12345" };

test("each token has its role, anything else has none; without a viewer's token nobody is one", () => {
  expect(roleOf(tokens.operator, tokens)).toBe("operator");
  expect(roleOf(tokens.viewer, tokens)).toBe("viewer");
  for (const wrong of ["", "operator-token-123", "operator-token-12345"])
    expect(roleOf(wrong, tokens)).toBeNull();
  expect(roleOf("", { ...tokens, viewer: null })).toBeNull();
});

test("a login code works once, and not after its time", () => {
  let nowMs = 0;
  const codes = new LoginCodes({ ageMs: 600_000, now: () => nowMs });
  codes.add("code");
  const { code: second, untilMs } = codes.add();
  expect(untilMs).toBe(600_000);
  expect(codes.take("cod")).toBe(false);
  expect(codes.take("code")).toBe(true);
  expect(codes.take("code")).toBe(false);
  nowMs = 599_999;
  const { code: third } = codes.add();
  nowMs = 600_000;
  expect(codes.take(second)).toBe(false);
  expect(codes.take(third)).toBe(true);
});

test("codes that nobody uses do not pile up: the oldest goes", () => {
  const codes = new LoginCodes({ ageMs: 1_000, now: () => 0 });
  const [first, ...others] = Array.from({ length: 21 }, () => codes.add().code);
  expect(codes.take(first!)).toBe(false);
  expect(others.every((code) => codes.take(code))).toBe(true);
});

test("another token makes another key, which ends the sessions of the former", () => {
  const key = sessionKey(tokens);
  expect(sessionKey({ ...tokens, viewer: "other" }).equals(key)).toBe(false);
  expect(sessionKey({ ...tokens, operator: "other" }).equals(key)).toBe(false);
});
