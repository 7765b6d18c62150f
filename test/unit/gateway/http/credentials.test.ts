// Goal: every form of the header Authorization that programs send is read, and others are told what is right.
import { expect, test } from "vitest";
import { readAuthorization } from "../../../../gateway/http/credentials.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test.each([
  [undefined, undefined, undefined],
  ["", undefined, undefined],
  [basic("boiler:s:e"), "boiler", "s:e"],
  [basic(":secret"), "", "secret"],
  ["Bearer secret", undefined, "secret"],
  ["bearer boiler:secret", "boiler", "secret"],
  ["Token boiler:secret", "boiler", "secret"],
])("%s", (header, username, password) => {
  const shown = readAuthorization(header);
  expect(shown).toEqual({
    username,
    password: password === undefined ? undefined : Buffer.from(password),
  });
});

test.each(["Basic", "Digest x", basic("no colon"), `Bearer ${"x".repeat(3_000)}`])(
  "%s is told what is right",
  (header) => {
    expect(readAuthorization(header)).toMatch(/^Authorization/);
  },
);
