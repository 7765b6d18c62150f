import { type Rule, codeOf, headerOf, importsOf, isProduct } from "../tree.ts";

const IMPURE: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a clock", /\bDate\.now\(|\bperformance\.now\(|\bnew Date\(\)|\bprocess\.hrtime/],
  ["randomness", /\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bgetRandomValues\(/],
  ["a timer", /\bset(Timeout|Interval|Immediate)\(/],
  ["the environment", /\bprocess\.(env|argv|cwd)\b/],
  [
    "I/O",
    /"node:(fs|fs\/promises|net|http|https|tls|dgram|dns|child_process|sqlite|timers|timers\/promises|worker_threads)"|\bfetch\(/,
  ],
  ["state of the module, which every caller shares", /^let /m],
];

/** True of a header that calls its file pure, in whichever words. */
export const claimsPurity = (source: string): boolean =>
  /\bpure\b/i.test(headerOf(source)) && !/\b(not|im)pure\b/i.test(headerOf(source));

/** A file that calls itself pure takes no clock, randomness, timer or I/O, nor does what it imports. */
export const purity: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (!isProduct(path) || !claimsPurity(source)) continue;
    for (const [what, pattern] of IMPURE)
      if (pattern.test(codeOf(source)))
        problems.push(`${path} calls itself pure and takes ${what}`);
    for (const { target, typeOnly } of importsOf(path, source)) {
      const imported = target === null || typeOnly ? undefined : tree.get(target);
      if (imported === undefined) continue;
      for (const [what, pattern] of IMPURE)
        if (pattern.test(codeOf(imported)))
          problems.push(`${path} calls itself pure and imports ${target}, which takes ${what}`);
    }
  }
  return problems;
};
