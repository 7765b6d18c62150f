// Goal: no text of others rewrites a terminal, forges a line or runs in a spreadsheet, wherever it is shown.
// Method: any Unicode, full of what nobody sees, through each place that shows it.
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { csvOf } from "../../../../cloud/console/series/csv.ts";
import { linesOf, subjectOf } from "../../../../cloud/notifier/wording.ts";
import { csvCell, textOfCell } from "../../../../cloud/operations/csv-cell.ts";
import { parseDeviceRows, secretsCsv } from "../../../../cloud/operations/devices/csv.ts";
import { deviceIdProblem } from "../../../../contracts/device.ts";
import { printable, printableLines } from "../../../../platform/runtime/printable.ts";
import { generateSecret } from "../../../../gateway/identity/secrets.ts";
import { remark, say, sayJson } from "../../../../infra/cli/kit/output.ts";
import { lineOf } from "../../../../infra/cli/rejects/words.ts";
import { anAlert } from "../../../support/an-alert.ts";

/** Control characters of ASCII and of Latin-1, separators of lines and paragraphs, marks of direction, the mark of byte order, tags. */
const HOSTILE = [
  ..."\u0000\u0007\b\t\n\r\u001b\u007f\u0080\u0085\u009b\u009d\u061c\u200b\u200e\u200f\u2028\u2029",
  ..."\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad",
  "\u{e0041}",
  "\ud800",
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" }), fc.constant("key")))
  .map((parts) => parts.join(""));
const holdsUnseen = (text: string): boolean =>
  [...text].some((one) => HOSTILE.includes(one)) || /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);

test("what is printed is one line of visible characters, and JSON stays what it says", () =>
  fc.assert(
    fc.property(hostile, (text) => {
      expect(holdsUnseen(printable(text))).toBe(false);
      expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
    }),
  ));

test("visible text stays as it is", () => {
  for (const text of ["boiler-7", "Büro 3", "温度", "👩\u200d🔬", "می\u200cخواهم", ""])
    expect(printable(text)).toBe(text);
  expect(printable("\u001b[31m\n\u202ex")).toBe("\\u001b[31m\\n\\u202ex");
});

test("of several lines none but the first begins at the margin", () =>
  fc.assert(
    fc.property(hostile, (text) => {
      for (const line of printableLines(text).split("\n").slice(1)) expect(line).toMatch(/^ /);
      expect(holdsUnseen(printableLines(text).replaceAll("\n", ""))).toBe(false);
    }),
  ));

test("mails, their subjects and lists of rejects", () =>
  fc.assert(
    fc.property(hostile, (text) => {
      const alerts = [anAlert({ key: text, message: text, rule: text })];
      const message = { id: "m", kind: "group", channel: "c", region: "eu", alerts } as never;
      const reject = {
        ...{ reason: "too_large", topic: text, clientId: text, detail: text, receivedAtMs: 1 },
        payload: Buffer.from(text).toString("base64"),
      };
      const lines = [
        subjectOf(message),
        ...linesOf({ alerts }),
        lineOf({ seq: 1, reject } as never),
      ];
      for (const line of lines) expect(holdsUnseen(line)).toBe(false);
    }),
  ));

test("whatever a command or npm start prints", () => {
  const lines: string[] = [];
  const take = (text: unknown): boolean => lines.push(String(text)) > 0;
  const streams = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation(take),
  );
  const text = `devices/a${HOSTILE.join("")}b`;
  say(text);
  remark(`devices/a\n99999 a forged line\u001b[2J`);
  sayJson(say, { [text]: text });
  for (const stream of streams) stream.mockRestore();
  for (const line of lines) expect(holdsUnseen(line.replaceAll("\n", ""))).toBe(false);
  const [said = "", remarked, ...json] = lines;
  expect(said.indexOf("\n")).toBe(said.length - 1); // Still one line.
  expect(remarked).toBe("devices/a\n  99999 a forged line\\u001b[2J\n");
  expect(JSON.parse(json.join(""))).toEqual({ [text]: text });
});

const FORMULAS = [
  "=cmd|calc!A1",
  "+1",
  "-1",
  "@SUM(A1)",
  "\t=1",
  " =1",
  "＝1",
  "'=1",
  "''@x",
  "\r=1",
];

test("no cell of CSV begins as a formula, and each is read as it was", () => {
  const cells = fc.oneof(fc.constantFrom(...FORMULAS), hostile, fc.string());
  fc.assert(
    fc.property(
      fc.array(
        cells.filter((text) => text.isWellFormed()),
        { minLength: 1, maxLength: 4 },
      ),
      (texts) => {
        const [row = []] = parse(`${texts.map(csvCell).join(",")}\n`, {
          relax_quotes: false,
        });
        if (texts.length === 1 && texts[0] === "") return; // An empty line.
        expect(row.map(textOfCell)).toEqual(texts);
        for (const cell of row) expect(cell).not.toMatch(/^\s*[=+@\-＝＋－＠]|^[\t\r\n]/);
      },
    ),
  );
});

test("lists of secrets come back as they were, whatever the ids", () =>
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...FORMULAS), fc.string()), { minLength: 1 }),
      (texts) => {
        const ids = [...new Set(texts)].filter((id) => deviceIdProblem(id) === null);
        const secrets = ids.map((id) => ({ id, secret: generateSecret() }));
        const { rows, problems } = parseDeviceRows(secretsCsv(secrets), 8);
        expect(problems).toEqual([]);
        expect(rows.map(({ id, secret }) => ({ id, secret }))).toEqual(secrets);
      },
    ),
  ));

test("a secret begins with nothing that a program takes for an option", () => {
  for (let n = 0; n < 2_000; n++) expect(generateSecret()).not.toMatch(/^-/);
});

test("series as CSV: tags and units of devices", () => {
  const point = { tMs: 0, value: 1, min: 1, max: 1, count: 1, revision: 0, isFinal: true };
  const line = { tags: { device: "=1+1" }, field: "x", unit: "@", points: [point] };
  expect(csvOf([line as never])).toContain("'=1+1");
});
