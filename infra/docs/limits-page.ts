// Defaults and limits, with the values that the source has.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LIMIT_OPTIONS } from "../../gateway/listener-options.ts";
import type { Limit } from "./limit.ts";
import { LIMITS } from "./limits.ts";
import { GENERATED, bytesText, code, durationText, numberText, page, table } from "./markdown.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Text of every source file, by its path from the root. */
function readSources(): ReadonlyMap<string, string> {
  const paths = globSync("{contracts,gateway,cloud,platform,otel}/**/*.ts", { cwd: ROOT }).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

type Sources = ReturnType<typeof readSources>;

interface Found {
  readonly path: string;
  readonly text: string;
}

const initializer = (name: string, source: string): string | undefined => {
  const [constant = "", property] = name.split(".");
  const declared = new RegExp(`^(?:export )?const ${constant}(?:: [^=]+)? = ([^;]+);`, "m");
  const text = declared.exec(source)?.[1];
  if (property === undefined || text === undefined) return text;
  return new RegExp(`\\b${property}: ([^,}]+)`).exec(text)?.[1];
};

/** The declaration of a constant, and its value. @throws unless that is one place. */
function find(name: string, sources: Sources, file = ""): Found {
  const found: Found[] = [];
  for (const [path, source] of sources) {
    const text = path.endsWith(file) ? initializer(name, source) : undefined;
    if (text !== undefined) found.push({ path, text });
  }
  if (found.length === 1) return found[0]!;
  const where = found.map(({ path }) => path).join(", ") || "nowhere";
  throw new Error(`limits page: ${name}${file && ` (${file})`} is declared in ${where}`);
}

/** The value of a number, a product or a quotient; an identifier is looked up. */
function valueOf(text: string, sources: Sources): number {
  const factors = text.split(/(?<!\*)([*/])(?!\*)/).map((part) => part.trim());
  let value = factorOf(factors[0]!, sources);
  for (let at = 1; at < factors.length; at += 2) {
    const factor = factorOf(factors[at + 1]!, sources);
    value = factors[at] === "*" ? value * factor : value / factor;
  }
  return value;
}

function factorOf(text: string, sources: Sources): number {
  if (text.includes("**")) {
    const [base, exponent] = text.split("**").map((part) => factorOf(part.trim(), sources));
    return base! ** exponent!;
  }
  if (/^[A-Z][A-Z0-9_]*$/.test(text)) return valueOf(find(text, sources).text, sources);
  if (text.includes("+"))
    return text.split("+").reduce((sum, part) => sum + factorOf(part.trim(), sources), 0);
  const value = Number(text.replaceAll("_", ""));
  if (text === "" || Number.isNaN(value)) throw new Error(`limits page: "${text}" is no number`);
  return value;
}

function valueText({ name, unit }: Limit, { text }: Found, sources: Sources): string {
  if (text.startsWith('"')) return code(text.slice(1, -1));
  const value = sumOf(text, sources);
  if (unit === "share") return `${Number((value * 100).toPrecision(3))} %`;
  // A number per millisecond is no time.
  if (/(?:^|_)(?<!PER_)MS(?:_|$)/.test(name)) return durationText(value);
  if (/(?:^|_)BYTES(?:_|$)/.test(name)) return bytesText(value);
  return numberText(value);
}

const sumOf = (text: string, sources: Sources): number =>
  text.split(" + ").reduce((sum, part) => sum + valueOf(part, sources), 0);

export function limitsPage(): string {
  const sources = readSources();
  const rows = (limits: readonly Limit[]): string[][] =>
    limits.map((limit) => {
      const found = find(limit.name, sources, limit.file);
      return [
        valueText(limit, found, sources),
        limit.doc,
        `${code(limit.name)} in [${found.path}](../../${found.path})`,
      ];
    });
  return page(
    GENERATED,
    "# Defaults and limits",
    "Bounds with an option can be changed; the others are constants in the source. " +
      "Bounds of MQTT clients and of all other options are in [options](options.md).",
    "## MQTT clients",
    "Each is an option of the gateway.",
    table(
      ["default", "meaning", "variable"],
      Object.entries(LIMIT_OPTIONS).map(([name, { doc, env, fallback }]) => [
        optionText(name, Number(fallback)),
        doc,
        code(env),
      ]),
    ),
    ...LIMITS.flatMap(([section, limits]) => [
      `## ${section}`,
      table(["value", "meaning", "where"], rows(limits)),
    ]),
  );
}

function optionText(name: string, value: number): string {
  if (/Ms(?:Max)?$/.test(name)) return durationText(value);
  if (/SecondsMax$/.test(name)) return durationText(value * 1_000);
  return /Bytes/.test(name) ? bytesText(value) : numberText(value);
}
