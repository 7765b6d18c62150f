import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const linesPath: string = "../../../../../../cloud/console/page/connect/lines.js";
const samplePath: string = "../../../../../../cloud/console/page/connect/sample.js";
interface Language {
  readonly name: string;
  readonly lines: (of: object) => string;
}
const { LANGUAGES } = (await import(linesPath)) as { LANGUAGES: readonly Language[] };
const { SEQUENCE, TIME_MS } = (await import(samplePath)) as Record<string, symbol>;

const HOSTILE = "$(touch gone) `touch gone` \"'\\ %n $HOME";
const sample = { seq: SEQUENCE, ts: TIME_MS, [HOSTILE]: HOSTILE };
const of = { host: "h", port: 1, id: HOSTILE, secret: HOSTILE, topic: HOSTILE, sample };
const linesOf = (name: string): string =>
  LANGUAGES.find((language) => language.name === name)!.lines(of);

test("what a contract or a device is named runs nothing in the shell of whoever copies the lines", () => {
  const show = 'mosquitto_pub() { printf "%s\\0" "$@"; }';
  const shown = execFileSync("/bin/sh", ["-c", `${show}\n${linesOf("mosquitto")}`]).toString();
  const given = shown.split("\0");
  expect(given.filter((one) => one === HOSTILE)).toHaveLength(4); // Client, user, password, topic.
  const payload = JSON.parse(given[given.indexOf("-m") + 1]!) as Record<string, unknown>;
  expect(payload).toEqual({
    seq: expect.any(Number) as number,
    ts: expect.any(Number) as number,
    [HOSTILE]: HOSTILE,
  });
});

test("nor is it a place for an argument in a format of C", () => {
  const [, format] = /snprintf\(payload, sizeof payload, "(.*?[^\\])", /.exec(linesOf("arduino"))!;
  expect(format!.replaceAll("%%", "").match(/%\w+/g)).toEqual(["%lu", "%lld"]);
});
