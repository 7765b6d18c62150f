// Goal: each secret may be in a file, and whatever is wrong with one names the option and the file.
// Method: option tables as processes have them, with real files.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CONSOLE_OPTIONS } from "../../../../cloud/console/options.ts";
import { notifierOptions } from "../../../../cloud/notifier/options.ts";
import {
  as,
  helpText,
  loadConfig,
  secretsInArguments,
  settingsOf,
} from "../../../../platform/runtime/config.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const spec = {
  natsUrl: { env: "SKERRY_NATS_URL", doc: "NATS", parse: as.url, password: "SKERRY_NATS_PASSWORD" },
  token: {
    env: "SKERRY_TOKEN",
    doc: "a token",
    fallback: "",
    parse: as.text,
    secret: true as const,
  },
};
const URL_ONLY = { SKERRY_NATS_URL: "nats://admin@hub:4222" };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => void (directory = await temporaryDirectory()));
afterAll(() => directory[Symbol.asyncDispose]());

function file(text: string): string {
  const path = join(directory.path, `s${Math.random()}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

test.each(["swordfish", "swordfish\n", "swordfish\r\n"])("a secret from a file: %j", (text) => {
  expect(loadConfig(spec, { ...URL_ONLY, SKERRY_TOKEN_FILE: file(text) }).token).toBe("swordfish");
  expect(loadConfig(spec, URL_ONLY, ["--token-file", file(text)]).token).toBe("swordfish");
});

test("spaces around a secret are its own", () =>
  expect(loadConfig(spec, { ...URL_ONLY, SKERRY_TOKEN_FILE: file(" a b \n") }).token).toBe(
    " a b ",
  ));

test("the password of a URL's user comes from beside it, whatever characters it has", () => {
  const passwordOf = (env: Record<string, string>, argv: string[] = []): string =>
    decodeURIComponent(new URL(loadConfig(spec, { ...URL_ONLY, ...env }, argv).natsUrl).password);
  for (const password of ["plain", "p@ss:w/rd?#%", "ü 100%25"]) {
    expect(passwordOf({ SKERRY_NATS_PASSWORD: password })).toBe(password);
    expect(passwordOf({ SKERRY_NATS_PASSWORD_FILE: file(`${password}\n`) })).toBe(password);
    expect(passwordOf({}, ["--nats-password-file", file(password)])).toBe(password);
  }
  expect(passwordOf({})).toBe("");
});

test("a file that cannot be used names itself and its option", () => {
  const load = (env: Record<string, string>): (() => unknown) => {
    return () => loadConfig(spec, { ...URL_ONLY, ...env });
  };
  expect(load({ SKERRY_TOKEN_FILE: "/nowhere/token" })).toThrow(
    /^SKERRY_TOKEN_FILE names a file that cannot be read: ENOENT.*\/nowhere\/token/,
  );
  const empty = file("\n");
  expect(load({ SKERRY_NATS_PASSWORD_FILE: empty })).toThrow(
    `SKERRY_NATS_PASSWORD_FILE names ${empty}, which is empty`,
  );
  expect(load({ SKERRY_TOKEN_FILE: file("a\nb\n") })).toThrow(/which must hold one line/);
  expect(load({ SKERRY_TOKEN_FILE: file("a"), SKERRY_TOKEN: "b" })).toThrow(
    "SKERRY_TOKEN and SKERRY_TOKEN_FILE are both given; leave one out",
  );
  expect(load({ SKERRY_NATS_URL: "nats://a:b@h", SKERRY_NATS_PASSWORD: "c" })).toThrow(
    "SKERRY_NATS_URL has a password already, and SKERRY_NATS_PASSWORD another; leave one out",
  );
  expect(load({ SKERRY_NATS_URL: "nats://h", SKERRY_NATS_PASSWORD: "c" })).toThrow(
    /SKERRY_NATS_URL names no user, to whom SKERRY_NATS_PASSWORD would belong: write nats:\/\/user@host/,
  );
});

test("no error shows a secret", () => {
  for (const env of [
    { SKERRY_TOKEN: "swordfish", SKERRY_TOKEN_FILE: file("swordfish") },
    { SKERRY_NATS_URL: "nats://a:swordfish@h", SKERRY_NATS_PASSWORD: "swordfish" },
  ])
    expect(() => loadConfig(spec, { ...URL_ONLY, ...env })).toThrow(/^(?!.*swordfish)/s);
});

test("a secret in the arguments is warned of, without showing it", () => {
  expect(secretsInArguments(spec, ["--nats-url", "nats://admin:pw@hub", "--token", "pw"])).toEqual([
    expect.stringMatching(/^--nats-url holds a secret.*: use SKERRY_NATS_PASSWORD_FILE$/),
    expect.stringMatching(/^--token holds a secret.*: use SKERRY_TOKEN_FILE$/),
  ]);
  expect(secretsInArguments(spec, ["--nats-url", "nats://admin@hub"])).toEqual([]);
});

test("help names the files; a password has no flag of its own", () => {
  const help = helpText("T", spec);
  expect(help).toContain("--token-file, SKERRY_TOKEN_FILE\n      file that holds SKERRY_TOKEN");
  expect(help).toContain("  SKERRY_NATS_PASSWORD\n");
  expect(help).toContain("--nats-password-file, SKERRY_NATS_PASSWORD_FILE");
  expect(help).not.toContain("--nats-password,");
});

test("the secrets of every process have files", () => {
  const options = { ...CONSOLE_OPTIONS, ...notifierOptions({}) };
  const known = Object.entries(options).flatMap(([name, option]) => settingsOf(name, option));
  for (const name of [
    "NATS_PASSWORD",
    "INFLUX_PASSWORD",
    "INFLUX_TOKEN",
    "SMTP_PASSWORD",
    "CONSOLE_OPERATOR_TOKEN",
    "CONSOLE_VIEWER_TOKEN",
    "CONSOLE_LOGIN_CODE",
    "CONSOLE_DEMO_TOKEN",
  ])
    expect(known.map(({ env }) => env)).toContain(`SKERRY_${name}_FILE`);
});

test("a channels file takes a secret from the file of a variable", () => {
  const channels = file(
    JSON.stringify([
      {
        name: "pager",
        kind: "webhook",
        url: "$PAGER_URL",
        format: "json",
        secret: "$PAGER_SECRET",
      },
    ]),
  );
  const read = (env: Record<string, string>) =>
    notifierOptions({ PAGER_URL: "https://pager.example/hook", ...env }).channels.parse(channels);
  expect(read({ PAGER_SECRET_FILE: file("swordfish\n") })).toMatchObject([{ secret: "swordfish" }]);
  expect(() => read({})).toThrow(
    /channel "pager": \/secret names \$PAGER_SECRET, but neither PAGER_SECRET nor PAGER_SECRET_FILE/,
  );
  expect(() => read({ PAGER_SECRET_FILE: "/nowhere/x" })).toThrow(/PAGER_SECRET_FILE names a file/);
});
