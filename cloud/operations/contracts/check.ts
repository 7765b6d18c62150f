import { execFileSync } from "node:child_process";
import { relative } from "node:path";
import {
  type SchemaFile,
  parseSchema,
  readSchemas,
  versionOfFile,
} from "../../../contracts/schema/catalog.ts";
import { type CompatibilityMode, isSameSchema } from "../../../contracts/schema/compatibility.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";
import { count } from "../words.ts";
import { type Report, type Version, compileAll, judge, versionKey } from "./versions.ts";

const GIT_OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Every version in the directory against all earlier ones; with `against`, also what exists at that
 * commit: it must be there unchanged, and new versions must be newer and compatible with it.
 */
export function checkContracts(options: {
  schemas: string;
  mode: CompatibilityMode;
  against?: string;
}): Report {
  const files = readSchemas(options.schemas).map((file) => ({
    ...file,
    path: relative(process.cwd(), file.path),
  }));
  const { versions, problems } = compileAll(files);
  const warnings: string[] = [];
  let known = versions;
  let out: ReadonlySet<string> = new Set();
  if (options.against !== undefined) {
    const before = readSchemasAt(options.schemas, options.against);
    problems.push(...immutabilityProblems(files, before, options.against));
    const now = new Map(files.map((file) => [versionKey(file), file.schema]));
    out = new Set(before.map(versionKey));
    const gone = before.filter((file) => {
      const schema = now.get(versionKey(file));
      return !schema || !isSameSchema(schema, file.schema);
    });
    known = merge(compileAll(gone).versions, versions);
  }
  for (const version of versions) {
    const isOut = out.has(versionKey(version.file));
    const found = judge(version, known, { mode: options.mode, isOut });
    problems.push(...found.problems);
    warnings.push(...found.warnings);
  }
  const names = new Set(files.map(({ name }) => name)).size;
  const what = `${count(files.length, "version")} of ${count(names, "contract")}`;
  const verdict =
    problems.length === 0
      ? options.mode === "NONE"
        ? "what breaks is a warning"
        : "each compatible with all earlier ones"
      : count(problems.length, "problem");
  const against = options.against === undefined ? "" : ` and ${options.against}`;
  return { problems, warnings, summary: `${what}, ${options.mode}${against}: ${verdict}` };
}

function immutabilityProblems(
  files: readonly SchemaFile[],
  before: readonly SchemaFile[],
  ref: string,
): string[] {
  const problems: string[] = [];
  const now = new Map(files.map((file) => [versionKey(file), file]));
  for (const old of before) {
    const file = now.get(versionKey(old));
    if (!file)
      problems.push(
        `${old.path}: it exists at ${ref} and is gone: logs and devices still hold readings of ${versionKey(old)}`,
      );
    else if (!isSameSchema(file.schema, old.schema))
      problems.push(
        `${file.path}: ${changedPart(old.schema, file.schema)} differs from ${ref}: versions are immutable, make it v${newest(files, old.name) + 1}`,
      );
  }
  const atRef = new Set(before.map(versionKey));
  for (const file of files) {
    const last = newest(before, file.name);
    if (!atRef.has(versionKey(file)) && file.version < last)
      problems.push(`${file.path}: it is new, but ${ref} has v${last} already: versions only rise`);
  }
  return problems;
}

const newest = (files: readonly SchemaFile[], name: string): number =>
  Math.max(0, ...files.filter((file) => file.name === name).map(({ version }) => version));

/** The first property, or else keyword, that is not the same. */
function changedPart(old: object, now: object): string {
  const propertiesOf = (schema: object): Record<string, object> =>
    (schema as { properties?: Record<string, object> }).properties ?? {};
  const isSame = (one: object | undefined, other: object | undefined): boolean =>
    one !== undefined && other !== undefined && isSameSchema(one, other);
  const [before, after] = [propertiesOf(old), propertiesOf(now)];
  const property = Object.keys({ ...before, ...after }).find(
    (name) => !isSame(before[name], after[name]),
  );
  if (property !== undefined) return `property ${property}`;
  const [one, other] = [old as Record<string, unknown>, now as Record<string, unknown>];
  const keyword = Object.keys({ ...one, ...other }).find(
    (name) => !isSameSchema([one[name]], [other[name]]),
  );
  return `keyword ${keyword ?? "properties"}`;
}

/** Versions of both; those at the commit count as they are there, whatever became of them since. */
function merge(before: readonly Version[], now: readonly Version[]): Version[] {
  const merged = new Map(now.map((version) => [versionKey(version.file), version]));
  for (const version of before) merged.set(versionKey(version.file), version);
  return [...merged.values()];
}

function readSchemasAt(directory: string, ref: string): SchemaFile[] {
  const paths = git(directory, ["ls-tree", "-r", "-z", "--name-only", ref, "--", "."])
    .split("\0")
    .filter((path) => path !== "");
  return paths.map((path) => {
    const [name = "", file = ""] = path.split("/");
    const at = `${ref}:${path}`;
    const schema = parseSchema(at, git(directory, ["show", `${ref}:./${path}`]));
    return { name, version: versionOfFile(at, file), schema, path: at };
  });
}

function git(directory: string, args: readonly string[]): string {
  try {
    return execFileSync("git", ["-C", directory, ...args], {
      encoding: "utf8",
      maxBuffer: GIT_OUTPUT_BYTES_MAX,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim();
    throw refused(said || messageOf(cause), cause);
  }
}
