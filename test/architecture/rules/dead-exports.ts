import { type Rule, isProduct } from "../tree.ts";

const EXPORTED = /^export (?:async )?(?:function\*?|const|class|interface|type|let) (\w+)/gm;

/** Inverses and spellings that the product keeps whole, though only tests use this half of them. */
const HALVES = new Set(["encodeFrame", "replyTopic"]);

/** What is exported is used by the product: by another file, or by its own. */
export const deadExports: Rule = (tree) => {
  const problems: string[] = [];
  const product = [...tree].filter(([path]) => isProduct(path));
  const words = new Map(product.map(([path, source]) => [path, wordCounts(source)]));
  for (const [path, source] of product) {
    if (path.startsWith("infra/docs/")) continue; // test/docs.test.ts is its other half.
    for (const [, name = ""] of source.matchAll(EXPORTED)) {
      if (HALVES.has(name)) continue;
      const isUsed = [...words].some(([user, counts]) =>
        user === path ? counts.get(name)! > 1 : counts.has(name),
      );
      if (!isUsed) problems.push(`${path} exports ${name}, which only tests use, or nobody`);
    }
  }
  return problems;
};

function wordCounts(source: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of source.matchAll(/\b\w+\b/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
