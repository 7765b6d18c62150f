import { expect, test } from "vitest";
import { isWanted, parseChannels } from "../../../../cloud/notifier/channels.ts";
import { anAlert } from "../../../support/an-alert.ts";

const EMAIL = { name: "ops", kind: "email", from: "a@x", to: ["b@x"] };
const HOOK = { name: "hook", kind: "webhook", url: "$URL", format: "json", secret: "$SECRET" };
const ENV = { URL: "http://127.0.0.1:1/", SECRET: "s3cret" };
const secretOf = (name: string): string | undefined => (ENV as Record<string, string>)[name];
const parse = (...channels: object[]) =>
  parseChannels(JSON.stringify(channels), "c.json", secretOf);

test("what a file leaves out, and variables", () => {
  expect(parse(EMAIL, { ...HOOK, group: "30s", giveUpAfter: "2h", ratePerMinute: 6 })).toEqual([
    { ...EMAIL, groupMs: 0, ratePerMinute: 60, giveUpAfterMs: 86_400_000 },
    {
      ...HOOK,
      url: ENV.URL,
      secret: "s3cret",
      groupMs: 30_000,
      ratePerMinute: 6,
      giveUpAfterMs: 7_200_000,
    },
  ]);
});

test("errors name file, channel and property", () => {
  const cases: [object, string][] = [
    [{ ...EMAIL, to: [] }, 'c.json: channel "ops": /to must NOT have fewer than 1 items'],
    [{ ...EMAIL, name: "Ops" }, 'c.json: channel "Ops": /name must match'],
    [{ ...EMAIL, kind: "sms" }, 'c.json: channel "ops": /kind must be'],
    [{ ...EMAIL, color: 1 }, "must NOT have additional properties (color)"],
    [{ ...EMAIL, severities: ["bad"] }, "/severities/0 must be equal to one of"],
    [{ ...EMAIL, group: "soon" }, "/group must be a duration"],
    [
      { ...HOOK, secret: "$NONE" },
      "/secret names $NONE, but neither NONE nor NONE_FILE is in the environment",
    ],
    [{ ...HOOK, url: "ftp://x" }, "/url must be an http or https URL"],
  ];
  for (const [channel, message] of cases) expect(() => parse(channel)).toThrow(message);
  expect(() => parse(EMAIL, EMAIL)).toThrow('channel "ops": /name is used twice');
  expect(() => parseChannels("{", "c.json", secretOf)).toThrow("c.json: ");
  expect(() => parseChannels("[]", "c.json", secretOf)).toThrow("at least one");
});

test("only firing and resolved alerts that pass every filter", () => {
  const [all] = parse(EMAIL);
  const [some] = parse({
    ...EMAIL,
    rules: ["co2-high"],
    severities: ["critical"],
    regions: ["eu"],
  });
  const wants = (of: Parameters<typeof anAlert>[0], region = "eu") => [
    isWanted(all!, anAlert(of), region),
    isWanted(some!, anAlert(of), region),
  ];
  expect(wants({ severity: "critical" })).toEqual([true, true]);
  expect(wants({ severity: "critical" }, "us")).toEqual([true, false]);
  expect(wants({ severity: "critical", rule: "other" })).toEqual([true, false]);
  expect(wants({ state: "resolved" })).toEqual([true, false]);
  expect(wants({ state: "silenced" })).toEqual([false, false]);
  expect(wants({ state: "acknowledged", severity: "critical" })).toEqual([false, false]);
});
