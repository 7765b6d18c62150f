// Goal: no password has to be typed, and one that is typed is warned of.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { completeUrl } from "../../../../../infra/cli/kit/credentials.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const none = (): void => expect.fail("there is nothing to warn of");

test("the password is taken from a file, from the server's own variable, or from that of all", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "admin");
  writeFileSync(file, "from-file\n");
  const env = { SKERRY_NATS_PASSWORD_FILE: file, SKERRY_NATS_PASSWORD_EU_WEST: "of-eu" };
  const url = "nats://admin@hub:4222";
  expect(completeUrl({ url, domain: "hub" }, env, none)).toBe("nats://admin:from-file@hub:4222");
  expect(completeUrl({ url, domain: "eu-west" }, env, none)).toBe("nats://admin:of-eu@hub:4222");
  expect(completeUrl({ url, passwordFile: file }, {}, none)).toBe(
    "nats://admin:from-file@hub:4222",
  );
  expect(completeUrl({ url: "nats://hub:4222" }, env, none)).toBe("nats://hub:4222");
  expect(completeUrl({ url }, {}, none)).toBe(url);
});

test("one in the URL works, and is warned of without being shown", () => {
  const lines: string[] = [];
  const url = "nats://admin:swordfish@hub:4222";
  expect(completeUrl({ url }, {}, (line) => lines.push(line))).toBe(url);
  expect(lines).toEqual([
    expect.stringMatching(/"admin" is in the arguments.*SKERRY_NATS_PASSWORD_FILE$/),
  ]);
  expect(lines.join()).not.toContain("swordfish");
});

test("a file that cannot be used is named", () => {
  const url = "nats://admin@hub:4222";
  expect(() => completeUrl({ url, passwordFile: "/nowhere/x" }, {}, none)).toThrow(
    /^--nats-password-file names a file that cannot be read: .*\/nowhere\/x/,
  );
  expect(() => completeUrl({ url }, { SKERRY_NATS_PASSWORD_FILE: "/nowhere/x" }, none)).toThrow(
    /^SKERRY_NATS_PASSWORD_FILE names/,
  );
});
