import { type Rule, codeOf } from "../tree.ts";

const isTest = (path: string): boolean =>
  /^test\/(unit|integration|chaos)\//.test(path) && path.endsWith(".test.ts");

/** Tests of what only root on Linux can have: they run wherever that is so, and say why not elsewhere. */
const NEEDS_A_KERNEL: ReadonlySet<string> = new Set(["test/integration/production-guide.test.ts"]);

/** No test leaves itself out, and no fixed wait decides a verdict (the schedules of chaos apart). */
export const honestTests: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (!isTest(path)) continue;
    const code = codeOf(source);
    const left = /\.(skipIf|runIf|skip|only|todo|fails)\b\s*\(/g;
    const allowed = NEEDS_A_KERNEL.has(path) ? [".skip("] : [];
    if ([...code.matchAll(left)].some(([found]) => !allowed.includes(found)))
      problems.push(`${path} leaves a test out`);
    if (!path.startsWith("test/chaos/") && waitsThenJudges(code))
      problems.push(`${path} waits for a fixed time and then judges`);
  }
  return problems;
};

const WAIT = /(?:\bsleep|\bsetTimeout)\(\s*(?:[\d_]+|resolve,\s*[\d_]+)\s*\)/;

/** A wait of so many milliseconds, with an assertion in one of the next three lines. */
function waitsThenJudges(code: string): boolean {
  const lines = code.split("\n").filter((line) => line.trim() !== "");
  return lines.some(
    (line, at) =>
      WAIT.test(line) &&
      lines.slice(at + 1, at + 4).some((next) => /^\s*(await )?expect\(/.test(next)),
  );
}
