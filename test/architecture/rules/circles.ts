import { type Rule, importsOf } from "../tree.ts";

/** No file imports itself by way of others; imports of types count. (Tarjan, 1972.) */
export const circles: Rule = (tree) => {
  const problems: string[] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    lowest.set(path, order.get(path)!);
    stack.push(path);
    for (const { target } of importsOf(path, tree.get(path)!)) {
      if (target === null || !tree.has(target)) continue;
      if (!order.has(target)) {
        visit(target);
        lowest.set(path, Math.min(lowest.get(path)!, lowest.get(target)!));
      } else if (stack.includes(target))
        lowest.set(path, Math.min(lowest.get(path)!, order.get(target)!));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) problems.push(`import circle: ${circle.toSorted().join(", ")}`);
  };
  for (const path of tree.keys()) if (!order.has(path)) visit(path);
  return problems;
};
