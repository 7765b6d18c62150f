// Topic patterns in one trie (pure), one step per level: a topic costs at most levels × patterns
// steps, whatever it looks like.
import {
  type NamePattern,
  namePattern,
  namedPart,
  restName,
} from "../../contracts/mapping-format.ts";

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  /** `+` and `{name}`. */
  any: Node<T> | null;
  /** Text with a name in it, such as `switch:{channel}`. */
  readonly partly: { readonly pattern: NamePattern; readonly next: Node<T> }[];
  readonly ends: T[];
  /** `#` or `{name#}` here. */
  readonly rests: T[];
}

const emptyNode = <T>(): Node<T> => ({
  literals: new Map(),
  any: null,
  partly: [],
  ends: [],
  rests: [],
});

export class TopicTrie<T> {
  readonly #root = emptyNode<T>();

  add(pattern: string, value: T): void {
    let node = this.#root;
    for (const level of pattern.split("/")) {
      if (level === "#" || restName(level) !== null) return void node.rests.push(value);
      const pattern = namePattern(level);
      if (level === "+" || (pattern && pattern.before === "" && pattern.after === ""))
        node = node.any ??= emptyNode();
      else node = pattern ? partly(node, pattern) : literal(node, level);
    }
    node.ends.push(value);
  }

  /** Everything whose pattern fits; `a/#` fits `a` too (MQTT 5, 4.7.1.2). */
  match(levels: readonly string[]): T[] {
    const found: T[] = [];
    const visit = (node: Node<T>, at: number): void => {
      for (const value of node.rests) found.push(value);
      if (at === levels.length) {
        for (const value of node.ends) found.push(value);
        return;
      }
      const next = node.literals.get(levels[at]!);
      if (next) visit(next, at + 1);
      if (node.any) visit(node.any, at + 1);
      for (const { pattern, next } of node.partly)
        if (namedPart(pattern, levels[at]!) !== null) visit(next, at + 1);
    };
    visit(this.#root, 0);
    return found;
  }
}

function literal<T>(node: Node<T>, level: string): Node<T> {
  let next = node.literals.get(level);
  if (!next) node.literals.set(level, (next = emptyNode()));
  return next;
}

function partly<T>(node: Node<T>, pattern: NamePattern): Node<T> {
  const known = node.partly.find(
    ({ pattern: { before, after } }) => before === pattern.before && after === pattern.after,
  );
  if (known) return known.next;
  const next = emptyNode<T>();
  node.partly.push({ pattern, next });
  return next;
}
