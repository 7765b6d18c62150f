import { type Rule, isProduct } from "../tree.ts";

/** Exports have names, and are made where they are written: no default exports, no barrels. */
export const namedExports: Rule = (tree) => {
  const problems: string[] = [];
  for (const [path, source] of tree) {
    if (!isProduct(path)) continue;
    if (/^export default/m.test(source)) problems.push(`${path} has a default export`);
    if (/^export (type )?(\*|\{[^}]*\}) from "\./m.test(source))
      problems.push(`${path} re-exports what another file of ours exports`);
  }
  return problems;
};
