import { existsSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { type Rule, type Tree, commentsOf, headerOf, importsOf, isProduct } from "../tree.ts";

const NAMED_FILE = /(?<![\w/.-])((?:[\w.-]+\/)*[\w.-]+\.(?:ts|md))\b(?:\/([A-Z]\d+))?/g;
const DECLARED = /^([A-Z]\d+)\. /gm;
const CITED = /(?<![\w/.$#-])([A-Z]\d)(?![\w.:-]|\.\d)/g;

/** The promises P1 to P6, which README.md declares for everybody. */
const PROMISES = /^P[1-6]$/;
/** Words that look like invariants: the JavaScript engine, an encoding of HdrHistogram. */
const TERMS = new Set(["V2", "V8"]);

const pathsNamed = (tree: Tree, named: string): string[] => {
  const at = named.replace(/^\.\//, "");
  return [...tree.keys()].filter((path) => path === at || path.endsWith(`/${at}`));
};

/** The file of violations that must be found, and so are not to be found in it. */
const PLANTED = "test/architecture/architecture.test.ts";

/** Every file that a comment names is there. */
export const namedFiles: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (path === PLANTED) continue;
    for (const comment of commentsOf(source))
      for (const [, named = ""] of comment.matchAll(NAMED_FILE)) {
        if (named.startsWith("..")) continue;
        const isThere =
          pathsNamed(tree, named).length > 0 ||
          existsSync(named) ||
          existsSync(join(dirname(path), named));
        if (!isThere) problems.push(`${path} names ${named}, which does not exist`);
      }
  }
  return problems;
};

const declaredIn = (source: string): Set<string> =>
  new Set([...headerOf(source).matchAll(DECLARED)].map(([, id]) => id!));

/** Every invariant that a comment cites is declared: by its own file, or by the file that it names. */
export const citedInvariants: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (path.startsWith("test/architecture/")) continue;
    const own = declaredIn(source);
    // A test speaks of what it tests.
    if (path.startsWith("test/"))
      for (const { target } of importsOf(path, source))
        for (const id of declaredIn(tree.get(target ?? "") ?? "")) own.add(id);
    for (const comment of commentsOf(source)) {
      for (const [, named = "", id] of comment.matchAll(NAMED_FILE)) {
        if (id === undefined) continue;
        const declared = pathsNamed(tree, named).some((file) =>
          declaredIn(tree.get(file)!).has(id),
        );
        if (!declared) problems.push(`${path} cites ${named}/${id}, which is not declared there`);
      }
      for (const [, id = ""] of comment.replaceAll(NAMED_FILE, "").matchAll(CITED))
        if (!own.has(id) && !PROMISES.test(id) && !TERMS.has(id))
          problems.push(`${path} cites ${id}, which it does not declare: write file.ts/${id}`);
    }
  }
  return problems;
};

const RIDDLE =
  /^\s*\/\*\* (What|Of|How|Whom|Which|Whose|Who|Where|When|Why|In|At|By|For|To|From|With) .*$/gm;

/** A doc comment of one line begins with the thing that it is about, not with a preposition or a question. */
export const plainWords: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (!isProduct(path)) continue;
    for (const [riddle] of source.matchAll(RIDDLE))
      problems.push(`${path}: "${riddle.trim()}" does not begin with its subject`);
  }
  return problems;
};

/** The area whose files share one alphabet of invariants. */
const areaOf = (path: string): string => path.split("/").slice(0, 2).join("/");

/** Within an area a letter numbers the invariants of one file, and P those of README.md alone. */
export const invariantLetters: Rule = (tree) => {
  const problems: string[] = [];
  const owners = new Map<string, string>();
  for (const [path, source] of tree) {
    const letters = new Set([...declaredIn(source)].map((id) => id[0]!));
    for (const letter of letters) {
      const place = `${areaOf(path)} ${letter}`;
      const other = owners.get(place);
      if (letter === "P") problems.push(`${path} numbers with P, which is README.md's`);
      else if (other !== undefined)
        problems.push(`${path} and ${other} both number with ${letter}`);
      owners.set(place, path);
    }
  }
  return problems;
};
