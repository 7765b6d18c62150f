// Topic patterns in one trie (pure), one step per level: a topic costs at most levels × patterns
// steps, whatever it looks like.

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  /** `+` and `{name}`. */
  any: Node<T> | null;
  readonly ends: T[];
  /** `#` here. */
  readonly rests: T[];
}

const emptyNode = <T>(): Node<T> => ({ literals: new Map(), any: null, ends: [], rests: [] });

export class TopicTrie<T> {
  readonly #root = emptyNode<T>();

  add(pattern: string, value: T): void {
    let node = this.#root;
    for (const level of pattern.split("/")) {
      if (level === "#") return void node.rests.push(value);
      node =
        level === "+" || level.startsWith("{") ? (node.any ??= emptyNode()) : literal(node, level);
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
