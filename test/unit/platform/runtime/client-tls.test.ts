import { expect, test } from "vitest";
import { clearTextWarning } from "../../../../platform/runtime/client-tls.ts";

test("a secret that crosses a network in clear text is warned of, on this machine it is not", () => {
  const warn = (url: string) => clearTextWarning("SKERRY_INFLUX_URL", url, "the password");
  expect(warn("http://writer:swordfish@influx.example:8086")).toBe(
    "SKERRY_INFLUX_URL: the password goes to influx.example:8086 in clear text, and whoever is on the way can read it; use https://",
  );
  expect(warn("smtp://a:b@mail.example:587")).toMatch(/use smtps:\/\/$/);
  for (const url of [
    "http://writer:x@127.0.0.1:8086",
    "http://writer:x@localhost:8086",
    "http://writer:x@[::1]:8086",
    "https://writer:x@influx.example",
    "smtps://a:b@mail.example",
    "",
  ])
    expect(warn(url)).toBeNull();
  expect(warn("http://writer:x@127.0.0.1.evil.example")).not.toBeNull();
});
