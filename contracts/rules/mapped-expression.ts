// CEL over what a device sent, of which nobody knows the types (pure).
//
// Y1. No loops, no names for parts and no joins: what an expression costs in time and memory is its length times
//     that of its inputs at most. `cel.bind` could double a text thirty times, `join` square its length.
// Y2. Inputs are numbers, booleans, and text up to INPUT_CHARS_MAX.
// Y3. What is no answer is an error that says so: a list, a division by zero of whole numbers, a missing overload.
import { commonEnvironment, flatten, placeOf, re2, withRe2 } from "./expression.ts";

/** Text that goes into an expression. */
export const INPUT_CHARS_MAX = 1_024;

const FORBIDDEN = new Set(["all", "exists", "exists_one", "map", "filter", "bind", "join"]);

/** An expression of a mapping table. */
export interface MappedExpression {
  /** The inputs in it. */
  readonly names: readonly string[];
  /** @throws Error that says in words why there is no answer (Y3). */
  evaluate(inputs: Readonly<Record<string, unknown>>): string | number | bigint | boolean | null;
}

/**
 * Compiles an expression.
 * @throws ExpressionError with its place, if it is none, or uses other names, or loops.
 */
export function compileMapped(text: string, names: readonly string[]): MappedExpression {
  const environment = commonEnvironment();
  environment.registerFunction("string.capture(string): string", (value: string, pattern: string) =>
    captured(value, pattern),
  );
  for (const name of names) environment.registerVariable(name, "dyn");
  const checked = environment.check(text);
  if (!checked.valid) throw placeOf(text, checked.error);
  const nodes = flatten(environment.parse(text).ast);
  for (const node of nodes)
    if (node.op === "rcall" && FORBIDDEN.has(node.args[0]))
      throw placeOf(text, {
        range: node.range,
        message: `has no place in a mapping: ${node.args[0]}`,
      });
  const used = new Set(nodes.flatMap((node) => (node.op === "id" ? [node.args] : [])));
  const run = environment.parse(withRe2(text, nodes));
  return {
    names: names.filter((name) => used.has(name)),
    evaluate: (inputs) => answerOf(run(inputs)),
  };
}

/** The first group of a pattern, or what it found; nothing found is an error. */
function captured(value: string, pattern: string): string {
  const found = re2(pattern).matcher(value);
  if (!found.find()) throw new Error("the pattern is not in the text");
  return found.group(found.groupCount() > 0 ? 1 : 0) ?? "";
}

function answerOf(answer: unknown): string | number | bigint | boolean | null {
  if (typeof answer === "bigint") {
    const number = Number(answer);
    return Number.isSafeInteger(number) ? number : answer;
  }
  if (typeof answer === "string" || typeof answer === "number" || typeof answer === "boolean")
    return answer;
  if (answer === null) return null;
  throw new Error("it makes no text, number or boolean");
}
